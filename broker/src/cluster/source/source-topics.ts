/**
 * The topics that queues can be fed from, as a feed needs them: kafka-topics.ts has them from Kafka, tests from memory.
 */

import type { Offsets } from '../../log/kafka/partition.ts'

export interface SourceTopics {
  /** Why no queue can be fed from this topic, as a sentence for who asked for it; undefined where one can. */
  refusal(topic: string): Promise<string | undefined>
  /** Undefined where there is no such topic. */
  find(topic: string): Promise<FoundTopic | undefined>
  /** Of a topic with this id, and of no other of the same name. */
  partition(topic: string, id: string, index: number): SourcePartition
}

export interface FoundTopic {
  readonly id: string
  readonly partitions: number
}

export interface SourcePartition {
  /** Where its oldest record is, and where the next one that can be read will be. */
  offsets(): Promise<Offsets>
  /**
   * The next records from an offset on; waits a while where there are none. Rejects with OutOfRange where the offset is
   * not in the partition, with {@link TopicGone} where the topic is another one now, and when the signal says so.
   */
  read(from: number, signal: AbortSignal): Promise<ReadRecords>
  /** Gives back what waiting for records costs. */
  close(): Promise<void>
}

export interface ReadRecords {
  readonly records: readonly SourceRecord[]
  /** Everything before it has been seen. */
  readonly next: number
}

export interface SourceRecord {
  readonly offset: number
  readonly key: Buffer | undefined
  /** Undefined for Kafka's null, which in a compacted topic stands for a deleted key. */
  readonly value: Buffer | undefined
  readonly headers: readonly (readonly [name: Buffer, value: Buffer | undefined])[]
  /** It stands for a whole batch that holds too much, from an offset up to its own. */
  readonly leftOut?: LeftOut
}

export interface LeftOut {
  readonly from: number
  /** As it is in Kafka. */
  readonly bytes: number
}

/** The topic was deleted; there may be another one of its name. */
export class TopicGone extends Error {
  constructor(topic: string) {
    super(`the topic ${topic} is gone`)
    this.name = 'TopicGone'
  }
}
