/**
 * Reads a shard's partition from its start, keeps count of which records count and where segments begin, and shows the
 * ones that count. This is how an owner recovers, and how a warm standby keeps up: it reads on at its leisure, and when
 * it becomes the owner, the tail is all it has to read.
 */

import type { Visit } from '../log.ts'
import { type Current, counts, foldRecord } from './fold.ts'
import { beginsSegment, type Claimant, decodeClaimant, newMarks, readMarks } from './marks.ts'
import type { Partition } from './partition.ts'
import { type Crc32c, endOfBatches, type SeenRecord } from './record-batch.ts'
import { scan, visitPiece } from './scan.ts'

const FOLLOW_BYTES = 1024 * 1024

/** A segment of the log: its records begin at `start`, right behind a claim. */
export interface FollowedSegment {
  readonly start: number
  bytes: number
}

export interface SeenClaim extends Claimant {
  readonly offset: number
}

/** Whoever wants to see what counts. */
export interface Watcher {
  /** A segment begins here; its first record is the next one shown. */
  begin(start: number): void
  readonly visit: Visit
}

export class Follower {
  readonly #partition: Partition
  readonly #crc: Crc32c
  readonly #watcher: Watcher | undefined
  readonly #marks = newMarks()
  /** Oldest first; those that were trimmed since are still among them. */
  readonly segments: FollowedSegment[] = []
  #current: Current
  #claim: SeenClaim | undefined
  #next: number

  /** `from` is the partition's start, or a claim. */
  constructor(partition: Partition, crc: Crc32c, from: number, watcher?: Watcher) {
    this.#partition = partition
    this.#crc = crc
    this.#watcher = watcher
    this.#next = from
  }

  /** Everything before this offset was read. */
  get next(): number {
    return this.#next
  }

  /** The claim under which records count now. */
  get current(): Current {
    return this.#current
  }

  /** The newest claim that was read. */
  get claim(): SeenClaim | undefined {
    return this.#claim
  }

  /** Reads up to `end`. Rejects with OutOfRange if what it would read next was trimmed: begin anew then. */
  async readTo(end: number): Promise<void> {
    await scan(this.#partition, this.#crc, this.#next, end, this.#take)
    this.#next = Math.max(this.#next, end)
  }

  /** Reads what there is, or waits for something. True when it has come to the end of what there was. */
  async readMore(waitMs: number, signal?: AbortSignal): Promise<boolean> {
    const options = { bytesMax: FOLLOW_BYTES, waitMs, ...(signal === undefined ? {} : { signal }) }
    const { bytes, end } = await this.#partition.fetch(this.#next, options)
    const after = endOfBatches(bytes, this.#next)
    visitPiece(this.#partition.name, bytes, this.#next, after, this.#crc, this.#take)
    this.#next = after
    return after >= end
  }

  readonly #take = (record: SeenRecord): void => {
    const marks = this.#marks
    readMarks(marks, record)
    const { offset } = record
    if (counts(this.#current, marks, offset)) this.#count(record)
    else if (marks.kind === 'claim') this.#claim = { offset, ...decodeClaimant(record) }
    this.#current = foldRecord(this.#current, marks, offset)
    this.#next = offset + 1
  }

  #count(record: SeenRecord): void {
    const { offset, buffer, valueAt, valueBytes, bytes } = record
    if (this.segments.length === 0 || beginsSegment(record)) {
      this.segments.push({ start: offset, bytes: 0 })
      this.#watcher?.begin(offset)
    }
    this.segments.at(-1)!.bytes += bytes
    this.#watcher?.visit(offset, buffer, valueAt, valueBytes)
  }
}
