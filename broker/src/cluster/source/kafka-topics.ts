/** The topics of the Kafka on which the log is, as sources. Pabal's own topics are none. */

import { type FetchAnswer, type FetchRequest, fetchApi } from '../../log/kafka/fetch.ts'
import type { Kafka, Topic } from '../../log/kafka/kafka.ts'
import { KafkaError } from '../../log/kafka/kafka-error.ts'
import type { Api, KafkaNode, Purpose } from '../../log/kafka/kafka-node.ts'
import { type Offsets, OutOfRange } from '../../log/kafka/partition.ts'
import { SOURCE_PARTITIONS_MAX } from '../../queue/limits.ts'
import { Unavailable } from '../../shard/unavailable.ts'
import { readRecords } from './read-records.ts'
import {
  type FoundTopic,
  type ReadRecords,
  type SourcePartition,
  type SourceTopics,
  TopicGone,
} from './source-topics.ts'

/** Fetched at once; a batch that is larger comes whole. */
const FETCH_BYTES = 256 * 1024
const WAIT_MS = 2000
const EARLIEST = -2n
const LATEST = -1n
const COMMITTED = 1
const UNKNOWN_TOPIC = 3
const LEADER_NOT_AVAILABLE = 5
const NOT_AUTHORIZED = 29
const INVALID_TOPIC = 17
const UNKNOWN_TOPIC_ID = 100
const INCONSISTENT_TOPIC_ID = 103
const GONE = new Set([UNKNOWN_TOPIC, UNKNOWN_TOPIC_ID, INCONSISTENT_TOPIC_ID])

export class KafkaTopics implements SourceTopics {
  readonly #kafka: Kafka
  readonly #own: ReadonlySet<string>
  #partitions = 0

  /** `own`: the topics of Pabal's log and of its brokers. */
  constructor(kafka: Kafka, own: ReadonlySet<string>) {
    this.#kafka = kafka
    this.#own = own
  }

  async refusal(topic: string): Promise<string | undefined> {
    if (this.#own.has(topic)) return `Topic '${topic}' is Pabal's own.`
    try {
      const found = await this.find(topic)
      if (found === undefined) return `Topic '${topic}' does not exist in Kafka.`
      if (found.partitions <= SOURCE_PARTITIONS_MAX) return undefined
      return `Topic '${topic}' has ${found.partitions} partitions; a queue can be fed from at most ${SOURCE_PARTITIONS_MAX}.`
    } catch (error) {
      if (error instanceof KafkaError && error.code === NOT_AUTHORIZED)
        return `Kafka does not let this broker read the topic '${topic}'.`
      throw new Unavailable('Kafka cannot be asked for the topic: try again.', error)
    }
  }

  async find(topic: string): Promise<FoundTopic | undefined> {
    this.#kafka.forget(topic)
    try {
      const { id, partitions } = await this.#kafka.topic(topic)
      return { id, partitions: partitions.length }
    } catch (error) {
      if (error instanceof KafkaError && (error.code === UNKNOWN_TOPIC || error.code === INVALID_TOPIC))
        return undefined
      throw error
    }
  }

  partition(topic: string, id: string, index: number): SourcePartition {
    this.#partitions += 1
    return new KafkaSourcePartition(this.#kafka, topic, id, index, `wait:source-${this.#partitions}`)
  }
}

class KafkaSourcePartition implements SourcePartition {
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #id: string
  readonly #index: number
  readonly #waiting: Purpose
  readonly #fetch: Api<[FetchRequest], FetchAnswer>
  /** The node that has a connection of ours to wait on. */
  #asked: KafkaNode | undefined

  constructor(kafka: Kafka, topic: string, id: string, index: number, waiting: Purpose) {
    this.#kafka = kafka
    this.#topic = topic
    this.#id = id
    this.#index = index
    this.#waiting = waiting
    this.#fetch = fetchApi(kafka.library)
  }

  async offsets(): Promise<Offsets> {
    const [start, end] = await Promise.all([this.#offset(EARLIEST), this.#offset(LATEST)])
    return { start, end }
  }

  read(from: number, signal: AbortSignal): Promise<ReadRecords> {
    return this.#ask(async (leader) => {
      if (this.#asked !== leader) await this.close()
      this.#asked = leader
      const stop = (): void => void leader.drop(this.#waiting)
      signal.addEventListener('abort', stop)
      try {
        const request = {
          topicId: this.#id,
          partition: this.#index,
          from,
          bytesMax: FETCH_BYTES,
          waitMs: WAIT_MS,
        }
        const answer = await leader.request(this.#waiting, this.#fetch, { ...request, committed: true })
        this.#check(answer.errorCode, from)
        return readRecords(this.#kafka.library, answer.bytes, from, answer.aborted ?? [])
      } finally {
        signal.removeEventListener('abort', stop)
      }
    })
  }

  async close(): Promise<void> {
    await this.#asked?.drop(this.#waiting)
    this.#asked = undefined
  }

  #offset(timestamp: bigint): Promise<number> {
    const { listOffsetsV9 } = this.#kafka.library
    const partitions = [{ partitionIndex: this.#index, currentLeaderEpoch: -1, timestamp }]
    return this.#ask(async (leader) => {
      const topics = [{ name: this.#topic, partitions }]
      const answer = await leader.request('read', listOffsetsV9.api, -1, COMMITTED, topics)
      return Number(answer.topics[0]!.partitions[0]!.offset)
    })
  }

  #check(code: number, from: number): void {
    if (code === 0) return
    const error = new KafkaError(code, `read of ${this.#topic}/${this.#index}`)
    throw error.outOfRange ? new OutOfRange(`${this.#topic}/${this.#index}`, from) : error
  }

  /** Once: whoever reads tries again. After a failure another node may lead, or the topic be another one. */
  async #ask<Answer>(request: (leader: KafkaNode) => Promise<Answer>): Promise<Answer> {
    try {
      return await request(this.#leaderIn(await this.#kafka.topic(this.#topic)))
    } catch (error) {
      if (error instanceof OutOfRange) throw error
      this.#kafka.forget(this.#topic)
      throw error instanceof KafkaError && GONE.has(error.code) ? new TopicGone(this.#topic) : error
    }
  }

  #leaderIn({ id, partitions }: Topic): KafkaNode {
    const leader = id === this.#id ? partitions.find(({ index }) => index === this.#index) : undefined
    if (leader === undefined) throw new TopicGone(this.#topic)
    if (leader.leader === undefined)
      throw new KafkaError(LEADER_NOT_AVAILABLE, `${this.#topic}/${this.#index}`)
    return leader.leader
  }
}
