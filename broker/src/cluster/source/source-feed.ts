/**
 * Feeds one queue from its topic, for as long as it has that source and this is the shard's state. How far each
 * partition has been read stands in the state, and so in the log, with the messages: whoever takes the shard over goes
 * on behind the last record that became a durable message.
 *
 * It goes by rounds: the topic is looked at (is it there, is it the same, has it more partitions), then every partition
 * is read, each one batch at a time, until it is time to look again. What fails is tried again, and said once.
 */

import { OutOfRange } from '../../log/kafka/partition.ts'
import { pause } from '../../log/kafka/pause.ts'
import { SOURCE_PARTITIONS_MAX, SOURCE_STAGED_BYTES_MAX, SOURCE_WAITING_MAX } from '../../queue/limits.ts'
import type { Queue } from '../../queue/queue.ts'
import { decideFeed, decideFeedFrom, SOURCE_TAG, type SourcePlace, sourceOf } from '../../queue/source.ts'
import type { State } from '../../queue/state.ts'
import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Shard } from '../../shard/shard.ts'
import { messageOf } from './message-of.ts'
import {
  type FoundTopic,
  type ReadRecords,
  type SourcePartition,
  type SourceTopics,
  TopicGone,
} from './source-topics.ts'

/** How long until the topic is looked at again. */
export const LOOK_MS = 30_000
/** After a failure, and while the topic is not there. */
export const AGAIN_MS = 1000
/** Between two reads of which the first brought nothing, although Kafka was asked to wait for something. */
const NOTHING_MS = 10
/** Records that become messages at one go. */
export const SLICE_RECORDS = 200
/** While the queue or the log has enough. */
export const HELD_BACK_MS = 200

export interface FeedOptions {
  readonly shard: Shard
  readonly topics: SourceTopics
  readonly clock: Clock
  readonly log: Logger
}

export class SourceFeed {
  /** The tag's text, as it was when this began. */
  readonly text: string
  readonly ended: Promise<void>
  readonly #options: FeedOptions
  readonly #state: State
  readonly #queue: Queue
  readonly #topic: string
  readonly #stop = new AbortController()
  /** Of the topic as it was found last. */
  #partitions: readonly SourcePartition[] = []
  #topicId: string | undefined
  /** What was said last, of each partition and of the topic, so that it is said once. */
  readonly #said = new Map<number | 'topic', string>()

  constructor(options: FeedOptions, state: State, queue: Queue) {
    this.#options = options
    this.#state = state
    this.#queue = queue
    this.#topic = sourceOf(queue.definition)!.topic
    this.text = queue.definition.tags[SOURCE_TAG]!
    this.ended = this.#run()
  }

  stop(): void {
    this.#stop.abort()
  }

  get #isOurs(): boolean {
    return !this.#stop.signal.aborted && this.#options.shard.state === this.#state
  }

  async #run(): Promise<void> {
    const { topics } = this.#options
    while (this.#isOurs) {
      try {
        const found = await this.#orStop(topics.find(this.#topic))
        if (found !== undefined && found.partitions <= SOURCE_PARTITIONS_MAX) await this.#round(found)
        else await this.#complain('topic', found === undefined ? 'source_missing' : 'source_too_wide')
      } catch (error) {
        await this.#complain('topic', 'source_not_read', error)
      }
    }
    await this.#closePartitions()
  }

  /** Rejects as soon as this is stopped, whatever becomes of the work. */
  #orStop<Answer>(work: Promise<Answer>): Promise<Answer> {
    const { signal } = this.#stop
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new Error('the feed was stopped'))
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop)
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
    })
  }

  async #complain(about: number | 'topic', event: string, error?: unknown): Promise<void> {
    if (!this.#isOurs) return
    if (this.#said.get(about) !== event) {
      const partition = about === 'topic' ? {} : { partition: about }
      this.#options.log.warn(event, { queue: this.#queue.name, topic: this.#topic, ...partition, error })
    }
    this.#said.set(about, event)
    await pause(this.#options.clock, AGAIN_MS, this.#stop.signal)
  }

  async #round(found: FoundTopic): Promise<void> {
    const partitions = await this.#partitionsOf(found)
    await this.#begin(found, partitions)
    this.#said.delete('topic')
    const until = this.#options.clock.now() + LOOK_MS
    await Promise.all(partitions.map((partition, index) => this.#read(partition, index, found.id, until)))
  }

  /** The same as in the last round, where the topic is, and those that were added. */
  async #partitionsOf({ id, partitions }: FoundTopic): Promise<readonly SourcePartition[]> {
    if (this.#topicId !== id) await this.#closePartitions()
    this.#topicId = id
    const known = this.#partitions
    this.#partitions = Array.from(
      { length: partitions },
      (_, index) => known[index] ?? this.#options.topics.partition(this.#topic, id, index),
    )
    return this.#partitions
  }

  async #closePartitions(): Promise<void> {
    const partitions = this.#partitions
    this.#partitions = []
    await Promise.all(partitions.map((partition) => partition.close()))
  }

  #place(index: number, topicId: string): SourcePlace | undefined {
    const place = this.#queue.places.get(index)
    return place?.topicId === topicId ? place : undefined
  }

  /**
   * Partitions that have no place get one. `latest` is meant for those that are there when feeding begins: whatever is
   * in a partition that was added later, or in a topic that was made anew, has come since. Partition 0 gets its place
   * last, so that it has one only where all have.
   */
  async #begin({ id }: FoundTopic, partitions: readonly SourcePartition[]): Promise<void> {
    const fromEnd = !this.#queue.places.has(0) && sourceOf(this.#queue.definition)!.from === 'latest'
    const missing = [...partitions.keys()].filter((index) => this.#place(index, id) === undefined).reverse()
    if (missing.length === 0) return
    const offsets = await this.#orStop(Promise.all(missing.map((index) => partitions[index]!.offsets())))
    if (!this.#isOurs) return
    this.#options.shard.act((_state, now, emit) => {
      for (const [at, index] of missing.entries()) {
        const { start, end } = offsets[at]!
        decideFeedFrom(this.#queue, index, id, fromEnd ? end : start, now, emit)
      }
    })
    await this.#options.shard.durable(undefined)
  }

  /** Until it is time to look at the topic again, or the topic is gone. */
  async #read(partition: SourcePartition, index: number, topicId: string, until: number): Promise<void> {
    const { clock } = this.#options
    while (this.#isOurs && clock.now() < until) {
      try {
        if (this.#hasEnough()) await pause(clock, HELD_BACK_MS, this.#stop.signal)
        else await this.#readOnce(partition, index, topicId)
      } catch (error) {
        await this.#complain(index, error instanceof TopicGone ? 'source_gone' : 'source_not_read', error)
        if (error instanceof TopicGone) return
      }
    }
  }

  /** More than a client could want waits already, or the log is behind: Kafka keeps the rest. */
  #hasEnough(): boolean {
    const { visible, delayed } = this.#queue
    const { log } = this.#options.shard
    if (log === undefined || log.full || log.stagedBytes > SOURCE_STAGED_BYTES_MAX) return true
    return visible + delayed >= SOURCE_WAITING_MAX
  }

  async #readOnce(partition: SourcePartition, index: number, topicId: string): Promise<void> {
    const place = this.#place(index, topicId)
    if (place === undefined) throw new TopicGone(this.#topic)
    try {
      const read = await this.#orStop(partition.read(place.next, this.#stop.signal))
      this.#said.delete(index)
      if (read.next === place.next) await pause(this.#options.clock, NOTHING_MS, this.#stop.signal)
      else if (this.#isOurs) {
        this.#tellLeftOut(read, index)
        await this.#take(read, index, topicId)
      }
    } catch (error) {
      if (!(error instanceof OutOfRange)) throw error
      await this.#skip(partition, index, topicId, place.next)
    }
  }

  #tellLeftOut({ records }: ReadRecords, partition: number): void {
    for (const { offset, leftOut } of records) {
      if (leftOut === undefined) continue
      const { from, bytes } = leftOut
      const what = { queue: this.#queue.name, topic: this.#topic, partition, from, to: offset + 1, bytes }
      this.#options.log.warn('source_batch_left_out', what)
    }
  }

  async #take(read: ReadRecords, index: number, topicId: string): Promise<void> {
    const { shard, clock } = this.#options
    for (const slice of slicesOf(read)) {
      if (!this.#isOurs) return
      const taken = this.#takeSlice(slice, index, topicId)
      shard.settle(shard.now())
      // The next ones only when these are durable: so a feed is never further ahead of the log than this.
      await shard.durable(undefined)
      if (!taken) return pause(clock, HELD_BACK_MS, this.#stop.signal)
    }
  }

  /** False where there was no room for all. */
  #takeSlice({ records, next }: ReadRecords, index: number, topicId: string): boolean {
    let taken = false
    this.#options.shard.act((state, now, emit) => {
      // The place may have gone while this was read.
      if (this.#place(index, topicId) === undefined) return
      const { fifo, settings } = this.#queue
      const queue = { fifo, bytesMax: settings.bytesMax }
      const messages = records.map((record) => messageOf(this.#topic, index, record, queue))
      taken = decideFeed(state, this.#queue, index, messages, next, now, emit)
    })
    return taken
  }

  /** Kafka has deleted records that were not read yet, or lost its newest: reading goes on where there are some. */
  async #skip(partition: SourcePartition, index: number, topicId: string, next: number): Promise<void> {
    const { shard, log } = this.#options
    const { start, end } = await this.#orStop(partition.offsets())
    const to = next < start ? start : end
    if (!this.#isOurs || to === next) return
    const what = { queue: this.#queue.name, topic: this.#topic, partition: index, from: next, to }
    log.error('source_records_gone', what)
    shard.act((_state, now, emit) => {
      if (this.#place(index, topicId) !== undefined)
        decideFeedFrom(this.#queue, index, topicId, to, now, emit)
    })
    await shard.durable(undefined)
  }
}

/** So that nobody waits for long while records become messages: a compressed batch may hold very many. */
function* slicesOf({ records, next }: ReadRecords): Generator<ReadRecords> {
  const slices = Math.max(1, Math.ceil(records.length / SLICE_RECORDS))
  for (let slice = 0; slice < slices; slice += 1) {
    const end = (slice + 1) * SLICE_RECORDS
    yield { records: records.slice(slice * SLICE_RECORDS, end), next: records[end]?.offset ?? next }
  }
}
