/**
 * The log on Kafka: one partition of a topic is one shard's log, one Kafka record an event, and a position is an
 * offset. Anybody may append to a partition, so an owner claims it first, and from then on a record counts where its
 * writer meant it to lie (fold.ts; marks.ts shows the bytes).
 *
 *     Kafka    │ claim │ record record … │ claim │ record record …      │ claim │ record …
 *     log              │ segment         │       │ segment, going on under a second claim
 *
 * Opening appends a claim, reads everything up to it, and so knows what counts. A flush sends batches one after the
 * other and is good when each landed where it was meant to; anything else (another offset, an error, no answer in
 * time) leaves open what happened: the log breaks, and opening it again settles it, by a new claim.
 *
 * Segments are ours, not Kafka's: one begins behind a claim, so that trimming (DeleteRecords up to that claim) leaves
 * a log that can be read from its start. A claim goes in the same batch as the segment's first record.
 *
 * What is assumed of Kafka: an acknowledged record stays where it is until it is trimmed. The topic's settings are
 * checked for that (topic-settings.ts). An acknowledged append is in the memory of all in-sync replicas, and on their
 * disks only where the topic has `flush.messages=1`.
 */

import { type Log, LogDamage, type Segment, type Visit } from '../log.ts'
import { ColdBatches } from './cold-batches.ts'
import { counts, foldRecord, landedAsMeant } from './fold.ts'
import { type FollowedSegment, Follower } from './follower.ts'
import { CLAIM_KEY, type Claimant, encodeClaimant, newMarks, readMarks } from './marks.ts'
import { NewestBatches, type PlacedBatch } from './newest-batches.ts'
import type { Partition } from './partition.ts'
import { batchOf, type Crc32c } from './record-batch.ts'
import { scan } from './scan.ts'

export const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
export const CACHE_BYTES_MAX = 16 * 1024 * 1024
export const STAGED_BYTES_MAX = 256 * 1024 * 1024
/** A record with its key and its batch's header; the topic's max.message.bytes must allow it (topic-settings.ts). */
export const RECORD_BYTES_MAX = 4 * 1024 * 1024

export interface KafkaLogOptions {
  readonly partition: Partition
  /** Written into the claim, for people, for other brokers, and to tell our own claims from theirs. */
  readonly claimant: Claimant
  readonly crc32c: Crc32c
  /**
   * A reader that has followed this partition from its start, so that only the tail is left to read. It is the
   * log's from now on.
   */
  readonly follower?: Follower
  /** What an earlier log on this partition knew to be durable: a claim that lands before it shows that Kafka lost it. */
  readonly durableBefore?: number
  /** A segment that has reached this is not written on; one flush may reach beyond it. */
  readonly segmentBytesMax?: number
  readonly cacheBytesMax?: number
  /** An append beyond this throws a RangeError. */
  readonly stagedBytesMax?: number
}

/** Claims the partition and reads it. Rejects with LogDamage, or with Kafka's error. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<KafkaLog> {
  const { partition, crc32c, durableBefore = 0 } = options
  const claiming = appendClaim(partition, options.claimant)
  // Who has followed the log reads on where it is, and may ask meanwhile where the log starts.
  if (options.follower === undefined) await claiming
  const [claim, { start }] = await Promise.all([claiming, partition.offsets()])
  const follower = options.follower ?? new Follower(partition, crc32c, start)
  if (claim < Math.max(durableBefore, follower.next))
    throw new LogDamage(partition.name, claim, 'Kafka has lost records that it had acknowledged')
  await follower.readTo(claim + 1)
  // The claim of a trimmed segment is gone, and with it the segment.
  const segments = follower.segments.filter((segment) => segment.start > start)
  return new KafkaLog(options, claim, segments)
}

function appendClaim(partition: Partition, claimant: Claimant): Promise<number> {
  return partition.append(batchOf([{ key: CLAIM_KEY, value: encodeClaimant(claimant) }]))
}

export class KafkaLog implements Log {
  /** Kafka gives no sign of running full but errors; then the log breaks. */
  readonly full = false
  /** The offset of the claim by which it was opened. */
  readonly claim: number
  newestStart: number
  readonly #partition: Partition
  readonly #claimant: Claimant
  readonly #crc: Crc32c
  readonly #segmentBytesMax: number
  /** Oldest first; the last one is being written, and may have no record yet. */
  readonly #segments: FollowedSegment[]
  readonly #newest: NewestBatches
  readonly #cold: ColdBatches
  #durable: number
  /** After the last offset that is known to be ours in Kafka: a staged claim lies between it and `durable`. */
  #written: number
  /** The next record is the first of a segment. */
  #begins = false
  #rollDue = false
  #flushing: Promise<void> | undefined
  #trimming: Promise<void> = Promise.resolve()
  #unusable: Error | undefined

  constructor(options: KafkaLogOptions, claim: number, segments: FollowedSegment[]) {
    this.claim = claim
    this.#partition = options.partition
    this.#claimant = options.claimant
    this.#crc = options.crc32c
    this.#segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX
    this.#newest = new NewestBatches(
      claim,
      options.cacheBytesMax ?? CACHE_BYTES_MAX,
      options.stagedBytesMax ?? STAGED_BYTES_MAX,
    )
    this.#cold = new ColdBatches(options.partition, options.crc32c)
    this.#segments = segments
    this.#written = claim + 1
    this.#durable = this.end
    const newest = segments.at(-1)
    if (newest === undefined || newest.bytes >= this.#segmentBytesMax) this.#beginSegment()
    this.newestStart = this.#segments.at(-1)!.start
  }

  get start(): number {
    return this.#segments[0]!.start
  }

  get durable(): number {
    return this.#durable
  }

  get end(): number {
    return this.#newest.end
  }

  get stagedBytes(): number {
    return this.#newest.stagedBytes
  }

  /** After the last offset that is known to be ours in Kafka. */
  get written(): number {
    return this.#written
  }

  append(head: Uint8Array, body?: Uint8Array): number {
    this.#assertUsable()
    const length = head.length + (body?.length ?? 0)
    if (length > RECORD_BYTES_MAX) throw new RangeError(`a record of ${length} bytes is too large for Kafka`)
    const before = this.#newest.stagedBytes
    const position = this.#newest.append(this.#begins, head, body)
    this.#begins = false
    this.#segments.at(-1)!.bytes += this.#newest.stagedBytes - before
    return position
  }

  async flush(): Promise<void> {
    this.#assertUsable()
    if (this.#flushing !== undefined) throw new Error('a flush of this log is already running')
    if (this.stagedBytes === 0) return
    const batches = this.#newest.cut()
    if (this.#rollDue || this.#segments.at(-1)!.bytes >= this.#segmentBytesMax) this.#roll()
    this.#flushing = this.#send(batches)
    try {
      await this.#flushing
    } catch (error) {
      const what = `the log on ${this.#partition.name} must be opened again`
      this.#unusable ??= new Error(what, { cause: error })
      throw error
    } finally {
      this.#flushing = undefined
    }
    this.#durable = this.#newest.stagedFrom
    this.#newest.release()
  }

  async replay(from: number, visit: Visit, before = Number.POSITIVE_INFINITY): Promise<void> {
    this.#assertUsable()
    const segment = this.#segments.findLast(({ start }) => start <= from)
    if (segment === undefined) throw trimmed(from)
    const end = Math.min(before, this.#durable, this.#written)
    if (from >= end) return
    // Which records count shows from a claim on; the nearest one that is known stands before the segment.
    const marks = newMarks()
    let current: number | undefined
    await scan(this.#partition, this.#crc, segment.start - 1, end, (record) => {
      const { offset, buffer, valueAt, valueBytes } = record
      readMarks(marks, record)
      if (offset >= from && counts(current, marks, offset)) visit(offset, buffer, valueAt, valueBytes)
      current = foldRecord(current, marks, offset)
    })
  }

  readAt(position: number, length: number): Uint8Array | Promise<Uint8Array> {
    this.#assertUsable()
    const record = this.#newest.read(position, length)
    if (record !== undefined) return record
    return position < this.start ? Promise.reject(trimmed(position)) : this.#cold.read(position, length)
  }

  segments(): readonly Segment[] {
    return this.#segments.map(({ start, bytes }, index) => ({
      start,
      end: this.#segments[index + 1]?.start ?? this.end,
      bytes,
    }))
  }

  roll(): void {
    this.#assertUsable()
    this.#rollDue = true
    if (this.stagedBytes > 0) return
    this.#roll()
    if (this.#flushing === undefined) this.#durable = this.end
  }

  trim(before: number): Promise<void> {
    this.#assertUsable()
    const trim = (): Promise<void> => this.#trim(before)
    // One after the other, whatever became of the one before: its caller has been told.
    this.#trimming = this.#trimming.then(trim, trim)
    return this.#trimming
  }

  async maintain(): Promise<void> {
    this.#assertUsable()
  }

  async close(): Promise<void> {
    this.#unusable ??= new Error(`the log on ${this.#partition.name} is closed`)
    await Promise.allSettled([this.#flushing, this.#trimming])
    this.#newest.forget()
  }

  /** Begins a segment, unless the newest one is empty; nothing is staged. Its claim goes with its first record. */
  #roll(): void {
    this.#rollDue = false
    if (this.#segments.at(-1)!.start === this.end) return
    this.#newest.claim(this.#claimant)
    this.#beginSegment()
  }

  #beginSegment(): void {
    this.#begins = true
    this.newestStart = this.end
    this.#segments.push({ start: this.end, bytes: 0 })
  }

  async #send(batches: readonly PlacedBatch[]): Promise<void> {
    for (const batch of batches) {
      const offset = await this.#partition.append(batch)
      if (!landedAsMeant(batch.base, offset)) throw new Overtaken(this.#partition.name, batch.base, offset)
      this.#written = offset + batch.count
    }
  }

  async #trim(before: number): Promise<void> {
    const last = this.#segments.length - 1
    const count = this.segments().findIndex(
      ({ end }, index) => end > before || index === last || end > this.#durable,
    )
    if (count === 0) return
    const first = this.#segments[count]!
    await this.#cold.settled()
    await this.#partition.deleteBefore(first.start - 1)
    this.#segments.splice(0, count)
  }

  #assertUsable(): void {
    if (this.#unusable !== undefined) throw this.#unusable
  }
}

/** Somebody else has written to the partition: what was appended does not count, or not where it was meant to. */
export class Overtaken extends Error {
  constructor(partition: string, at: number, offset: number) {
    super(`somebody else writes to ${partition}: a batch meant for offset ${at} landed at ${offset}`)
    this.name = 'Overtaken'
  }
}

function trimmed(position: number): RangeError {
  return new RangeError(`position ${position} is no longer in the log`)
}
