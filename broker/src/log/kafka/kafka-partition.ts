/**
 * A partition of a real Kafka (partition.ts says what it promises). An append that gets no answer, or one that says
 * that another node leads now, is sent again with the same sequence numbers, so that Kafka recognises a repeat and
 * answers with the first offset; after the deadline it is given up, its outcome unknown, and the next append is a new
 * producer's. The numbers are for smoothness: what counts is decided by fold.ts.
 */

import type { initProducerIdV5 } from '@platformatic/kafka'
import { type FetchAnswer, type FetchRequest, fetchApi } from './fetch.ts'
import type { Kafka } from './kafka.ts'
import { KafkaError, mayPass } from './kafka-error.ts'
import { type Api, type KafkaNode, type Purpose, WAIT_MS_MAX } from './kafka-node.ts'
import { type Fetched, type FetchOptions, type Offsets, OutOfRange, type Partition } from './partition.ts'
import { pause } from './pause.ts'
import { type Batch, type Producer, sealBatch } from './record-batch.ts'

/**
 * An append is given up after this. Longer than Kafka needs to replace a node that died (9 s by default, up to 13 s
 * were seen), so that such a death is a wait and no recovery.
 */
export const APPEND_MS = 20_000
/** Reads and everything else about a partition are given up after this. */
export const READ_MS = 20_000
const AGAIN_MS_FIRST = 20
const AGAIN_MS_MAX = 250
/** Kafka waits this long for the followers to forget as well. */
const DELETE_MS = 15_000
const EARLIEST = -2n
const LATEST = -1n
const SEQUENCES = 2 ** 31
const NO_TRANSACTION_MS = 60_000
/** The library's default would ask for an id of a transaction. */
const NO_PRODUCER = { id: -1n, epoch: -1 } as const
const UNKNOWN_PARTITION = 3
const LEADER_NOT_AVAILABLE = 5

export class KafkaPartition implements Partition {
  readonly name: string
  readonly topic: string
  readonly index: number
  readonly #kafka: Kafka
  readonly #fetch: Api<[FetchRequest], FetchAnswer>
  readonly #waiting: Purpose
  #producer: Producer | undefined
  #appending = false

  /** `id` tells partitions of one process apart, also two of the same name. */
  constructor(kafka: Kafka, topic: string, index: number, id: number) {
    this.#kafka = kafka
    this.topic = topic
    this.index = index
    this.name = `${topic}/${index}`
    this.#fetch = fetchApi(kafka.library)
    this.#waiting = `wait:${id}`
  }

  async append(batch: Batch): Promise<number> {
    // Two at once would have the same sequence numbers, and Kafka would take one for a repeat of the other.
    if (this.#appending) throw new Error(`an append to ${this.name} is under way`)
    this.#appending = true
    try {
      return await this.#append(batch)
    } catch (error) {
      // Which sequence number comes next is not known either.
      this.#producer = undefined
      throw error
    } finally {
      this.#appending = false
    }
  }

  async fetch(from: number, { bytesMax, waitMs = 0, signal }: FetchOptions): Promise<Fetched> {
    const purpose = waitMs > 0 ? this.#waiting : 'read'
    const answer = await this.#ask(
      this.#kafka.clock.now() + READ_MS,
      async (leader, topicId) => {
        const stop = (): void => void leader.drop(purpose)
        if (waitMs > 0) signal?.addEventListener('abort', stop)
        try {
          const wait = Math.min(waitMs, WAIT_MS_MAX)
          const request = { topicId, partition: this.index, from, bytesMax, waitMs: wait }
          return this.#checked(await leader.request(purpose, this.#fetch, request), from)
        } finally {
          signal?.removeEventListener('abort', stop)
        }
      },
      signal,
    )
    return answer
  }

  async offsets(): Promise<Offsets> {
    const [start, end] = await Promise.all([this.#offset(EARLIEST), this.#offset(LATEST)])
    return { start, end }
  }

  async deleteBefore(offset: number): Promise<void> {
    const { deleteRecordsV2 } = this.#kafka.library
    const partitions = [{ partitionIndex: this.index, offset: BigInt(offset) }]
    await this.#ask(this.#kafka.clock.now() + READ_MS, (leader) =>
      leader.request('admin', deleteRecordsV2.api, [{ name: this.topic, partitions }], DELETE_MS),
    )
  }

  async #offset(timestamp: bigint): Promise<number> {
    const { listOffsetsV9 } = this.#kafka.library
    const partitions = [{ partitionIndex: this.index, currentLeaderEpoch: -1, timestamp }]
    const answer = await this.#ask(this.#kafka.clock.now() + READ_MS, (leader) =>
      leader.request('read', listOffsetsV9.api, -1, 0, [{ name: this.topic, partitions }]),
    )
    return Number(answer.topics[0]!.partitions[0]!.offset)
  }

  async #append(batch: Batch): Promise<number> {
    const until = this.#kafka.clock.now() + APPEND_MS
    this.#producer ??= await this.#newProducer()
    const { id, epoch, sequence } = this.#producer
    sealBatch(batch, this.#producer, this.#kafka.clock.now(), this.#kafka.crc32c)
    const offset = await this.#ask(until, (leader) => leader.appender.append(this.topic, this.index, batch))
    this.#producer = { id, epoch, sequence: (sequence + batch.count) % SEQUENCES }
    return offset
  }

  /** Any node gives one out. Just after a start it may answer that it is still loading; that passes. */
  async #newProducer(): Promise<Producer> {
    const api: Api<[null, number, bigint, number], initProducerIdV5.InitProducerIdResponse> =
      this.#kafka.library.initProducerIdV5.api
    const { id, epoch } = NO_PRODUCER
    const given = await this.#kafka.ask('metadata', api, null, NO_TRANSACTION_MS, id, epoch)
    return { id: given.producerId, epoch: given.producerEpoch, sequence: 0 }
  }

  #checked(answer: FetchAnswer, from: number): Fetched {
    if (answer.errorCode === 0) return answer
    const error = new KafkaError(answer.errorCode, `read of ${this.name}`)
    throw error.outOfRange ? new OutOfRange(this.name, from) : error
  }

  /** Asks whoever leads the partition until there is an answer, it is one that will not pass, or time is up. */
  async #ask<Answer>(
    until: number,
    request: (leader: KafkaNode, topicId: string) => Promise<Answer>,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const { clock } = this.#kafka
    for (let againMs = AGAIN_MS_FIRST; ; againMs = Math.min(2 * againMs, AGAIN_MS_MAX)) {
      const topic = this.#kafka.topic(this.topic)
      try {
        const { id, partitions } = await topic
        return await request(this.#leaderAmong(partitions), id)
      } catch (error) {
        if (!mayPass(error) || signal?.aborted === true || clock.now() + againMs >= until) throw error
        this.#kafka.forget(this.topic, topic)
        await pause(clock, againMs, signal)
      }
    }
  }

  #leaderAmong(
    partitions: readonly { readonly index: number; readonly leader: KafkaNode | undefined }[],
  ): KafkaNode {
    const found = partitions.find(({ index }) => index === this.index)
    if (found === undefined) throw new KafkaError(UNKNOWN_PARTITION, this.name)
    if (found.leader === undefined) throw new KafkaError(LEADER_NOT_AVAILABLE, this.name)
    return found.leader
  }
}
