/**
 * A Kafka cluster: its nodes, who leads which partition, and the requests that are about no single record. Nodes are
 * asked in turn, each for a short time, beginning with the next one after every failure: a node that hangs must not
 * keep us from the others (a client that always asks the first address waits for as long as that one is paused).
 *
 * `partition(topic, index)` gives what a log, or a topic of heartbeats, appends to and reads from (partition.ts).
 */

import type { metadataV12 } from '@platformatic/kafka'
import type { Clock } from '../../runtime/clock.ts'
import { type HostPort, showHostPort } from './address.ts'
import { KafkaError, mayPass } from './kafka-error.ts'
import { type Api, KafkaNode } from './kafka-node.ts'
import { KafkaPartition } from './kafka-partition.ts'
import { lenient } from './lenient.ts'
import { checksumOf, type Library, loadLibrary } from './library.ts'
import { pause } from './pause.ts'
import type { Crc32c } from './record-batch.ts'
import type { Security } from './security.ts'

/** Between two tries, after all known nodes were asked. */
const AGAIN_MS = 200
/** Questions about the cluster are given up after this. */
export const QUESTION_MS = 10_000
const UNKNOWN_TOPIC = 3

export interface KafkaOptions extends Security {
  readonly bootstrap: readonly HostPort[]
  readonly clock: Clock
  /** As Kafka's own logs show us. */
  readonly clientId?: string
}

/** A topic as the cluster sees it at the moment. */
export interface Topic {
  readonly name: string
  readonly id: string
  readonly partitions: readonly TopicPartition[]
}

export interface TopicPartition {
  readonly index: number
  /** Undefined while it has no leader. */
  readonly leader: KafkaNode | undefined
  readonly replicas: number
}

/** Loads the client library; connects when it is asked for something. */
export async function openKafka(options: KafkaOptions): Promise<Kafka> {
  return new Kafka(options, await loadLibrary())
}

export class Kafka {
  readonly library: Library
  readonly clock: Clock
  readonly crc32c: Crc32c
  readonly #options: KafkaOptions
  readonly #nodes = new Map<string, KafkaNode>()
  readonly #topics = new Map<string, Promise<Topic>>()
  readonly #metadata: Api<[string[], boolean], metadataV12.MetadataResponse>
  #partitions = 0
  /** Where the next question goes. */
  #turn = 0
  #closed = false

  constructor(options: KafkaOptions, library: Library) {
    this.#options = options
    this.library = library
    this.crc32c = checksumOf(library)
    this.clock = options.clock
    this.#metadata = lenient(library, library.metadataV12)
    for (const address of options.bootstrap) this.#node(address)
  }

  /** `host:port,host:port`, for messages. */
  get name(): string {
    return this.#options.bootstrap.map(showHostPort).join(',')
  }

  /** Makes no connection yet, and does not look whether it is there. */
  partition(topic: string, index: number): KafkaPartition {
    return new KafkaPartition(this, topic, index, this.#partitions++)
  }

  /** What is known of a topic, asked for once and again after {@link forget}. Rejects where there is none. */
  topic(name: string): Promise<Topic> {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const asked = this.#askTopic(name)
    this.#topics.set(name, asked)
    asked.catch(() => this.forget(name, asked))
    return asked
  }

  /** How many nodes the cluster has at the moment. */
  async nodeCount(): Promise<number> {
    return (await this.ask('metadata', this.#metadata, [], false)).brokers.length
  }

  /**
   * Something is no longer as it was: the next one who needs it asks again. Not if it was asked again already since
   * the caller was told: of many partitions that fail at once one asks for all.
   */
  forget(name: string, told = this.#topics.get(name)): void {
    if (this.#topics.get(name) === told) this.#topics.delete(name)
  }

  /** Asks one node after the other until one answers. Rejects with the last reason, or with what cannot pass. */
  async ask<Arguments extends unknown[], Answer>(
    purpose: 'metadata' | 'admin',
    api: Api<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer> {
    const until = this.clock.now() + QUESTION_MS
    for (let tries = 1; ; tries++) {
      const nodes = [...this.#nodes.values()]
      const node = nodes[this.#turn % nodes.length]!
      try {
        return await node.request(purpose, api, ...args)
      } catch (error) {
        this.#turn += 1
        if (!mayPass(error) || this.#closed || this.clock.now() >= until) throw error
        if (tries % nodes.length === 0) await pause(this.clock, AGAIN_MS)
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#nodes.values()].map((node) => node.close()))
  }

  async #askTopic(name: string): Promise<Topic> {
    const { brokers, topics } = await this.ask('metadata', this.#metadata, [name], false)
    const nodes = new Map(brokers.map((broker) => [broker.nodeId, this.#node(broker)]))
    const found = topics.find((topic) => topic.name === name)
    if (found === undefined || found.errorCode !== 0)
      throw new KafkaError(found?.errorCode ?? UNKNOWN_TOPIC, `topic ${name}`)
    const partitions = found.partitions.map(({ partitionIndex, leaderId, replicaNodes }) => ({
      index: partitionIndex,
      leader: nodes.get(leaderId),
      replicas: replicaNodes.length,
    }))
    return { name, id: found.topicId, partitions }
  }

  #node({ host, port }: HostPort): KafkaNode {
    const name = showHostPort({ host, port })
    const known = this.#nodes.get(name)
    if (known !== undefined) return known
    const { tls, sasl, clientId = 'pabal' } = this.#options
    const security = { ...(tls === undefined ? {} : { tls }), ...(sasl === undefined ? {} : { sasl }) }
    const node = new KafkaNode({ host, port, library: this.library, security, clientId })
    this.#nodes.set(name, node)
    return node
  }
}
