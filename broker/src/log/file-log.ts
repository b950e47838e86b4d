/**
 * The log in files (frame.ts shows their bytes). One block a flush, written and synced in one step; the newest
 * bytes stay in memory (newest.ts), older ones are read from their segment.
 *
 * What is assumed of the disk. A successful sync means what it says, across loss of power. A write that was not yet
 * synced may survive in any part and any order of its sectors, but does not change bytes outside of it; where it
 * shares a sector with older bytes, those survive. After a failed sync nothing is assumed of what was written since
 * the last good one, whatever later syncs say: the log breaks, and opening it again settles what is there
 * (open-segments.ts). Bytes that rot are found by their checksums when they are read, never handed out.
 *
 * A full disk: the write that finds no room gets the reserve's (reserve.ts) and is done again from its first byte;
 * nobody was told anything about it yet. From then on `full` says that only what frees space should be appended.
 */

import type { DirectoryLock, Disk } from '../runtime/disk.ts'
import { isOutOfSpace } from '../runtime/out-of-space.ts'
import { type Random, systemRandom } from '../runtime/random.ts'
import { ColdReads } from './cold-reads.ts'
import type { Log, Segment, Visit } from './log.ts'
import { markStart, removeMark } from './log-directory.ts'
import { NewestBytes, type SealedBlock } from './newest.ts'
import { drawSalt, type OpenedSegments, openSegments, type Recovered } from './open-segments.ts'
import { replaySegment } from './replay-segment.ts'
import { Reserve } from './reserve.ts'
import { ScanBuffers } from './scan.ts'
import { SegmentFile, SegmentFiles } from './segment-file.ts'
import { type HeadBytes, SegmentHeads } from './segment-heads.ts'
import { writeBlock } from './write-block.ts'

export const SEGMENT_BYTES_MAX = 64 * 1024 * 1024
export const CACHE_BYTES_MAX = 16 * 1024 * 1024
export const STAGED_BYTES_MAX = 256 * 1024 * 1024
export const RESERVE_BYTES = 16 * 1024 * 1024
export const ALLOCATE_BYTES = 1024 * 1024
const NO_ZEROS = new Uint8Array(0)

export interface FileLogOptions {
  /** Made if it is not there, and locked. */
  readonly directory: string
  readonly disk: Disk
  readonly random?: Random
  /** A segment that has reached this is not written on; one block may reach beyond it. */
  readonly segmentBytesMax?: number
  /** For the newest bytes, which are read without touching the disk. */
  readonly cacheBytesMax?: number
  /** An append beyond this throws a RangeError: whoever appends without flushing must wait at some point. */
  readonly stagedBytesMax?: number
  /** Space kept back for a full disk; 0 keeps none. */
  readonly reserveBytes?: number
  /** How much space is allocated ahead of small blocks (write-block.ts); 0 turns it off. */
  readonly allocateBytes?: number
  /** How much of a record its visitors look at to whom heads suffice (segment-heads.ts); all of it unless given. */
  readonly headBytes?: HeadBytes
}

/** Rejects with LogDamage, DirectoryInUse, or the disk's error. */
export async function openFileLog(options: FileLogOptions): Promise<FileLog> {
  const { directory, disk, random = systemRandom, reserveBytes = RESERVE_BYTES } = options
  await disk.makeDirectory(directory)
  const lock = await disk.lock(directory)
  const files = new SegmentFiles(disk, directory)
  const heads = options.headBytes && new SegmentHeads(disk, directory, options.headBytes)
  try {
    const opened = await openSegments(files, random)
    await heads?.find(opened.segments)
    const reserve = new Reserve(disk, directory, reserveBytes, random)
    // A new log takes its reserve later: that costs more time than all the rest of starting.
    if (!opened.fresh) await reserve.open()
    return new FileLog({ ...options, random }, { ...opened, files, heads, reserve, lock })
  } catch (error) {
    await files.close()
    await lock.release()
    throw error
  }
}

interface Parts extends OpenedSegments {
  readonly files: SegmentFiles
  readonly heads: SegmentHeads | undefined
  readonly reserve: Reserve
  readonly lock: DirectoryLock
}

export class FileLog implements Log {
  /** What opening found torn and cut off. */
  readonly recovered: Recovered | undefined
  newestStart: number
  readonly #directory: string
  readonly #random: Random
  readonly #segmentBytesMax: number
  readonly #zeros: Uint8Array
  readonly #files: SegmentFiles
  readonly #heads: SegmentHeads | undefined
  readonly #reserve: Reserve
  readonly #lock: DirectoryLock
  /** Oldest first. The last one's file may not be there yet. */
  readonly #segments: SegmentFile[]
  readonly #newest: NewestBytes
  readonly #coldReads = new ColdReads()
  #durable: number
  /** Position after the last durable block: where replay ends. */
  #written: number
  #full: boolean
  #rollDue = false
  #flushing: Promise<void> | undefined
  #maintaining: Promise<void> | undefined
  #trimming: Promise<void> = Promise.resolve()
  #unusable: Error | undefined

  constructor(options: FileLogOptions & { readonly random: Random }, parts: Parts) {
    this.recovered = parts.recovered
    this.#directory = options.directory
    this.#random = options.random
    this.#segmentBytesMax = options.segmentBytesMax ?? SEGMENT_BYTES_MAX
    this.#files = parts.files
    this.#heads = parts.heads
    this.#zeros = new Uint8Array(options.allocateBytes ?? ALLOCATE_BYTES)
    this.#reserve = parts.reserve
    this.#lock = parts.lock
    this.#segments = parts.segments
    this.#written = this.#last.end
    this.#newest = new NewestBytes(
      this.#written,
      options.cacheBytesMax ?? CACHE_BYTES_MAX,
      options.stagedBytesMax ?? STAGED_BYTES_MAX,
    )
    this.#full = !parts.fresh && !this.#reserve.kept
    this.newestStart = this.#last.firstRecord
    this.#beginBlock()
    this.#durable = this.end
  }

  get start(): number {
    return this.#segments[0]!.firstRecord
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

  get full(): boolean {
    return this.#full
  }

  get #last(): SegmentFile {
    return this.#segments.at(-1)!
  }

  append(head: Uint8Array, body?: Uint8Array): number {
    if (this.#unusable !== undefined) throw this.#unusable
    return this.#newest.append(head, body)
  }

  async flush(): Promise<void> {
    this.#assertUsable()
    if (this.#flushing !== undefined) throw new Error('a flush of this log is already running')
    if (this.stagedBytes === 0) return
    const segment = this.#last
    const block = this.#newest.seal(segment.header.salt)
    segment.end = block.position + block.end - block.start
    this.#beginBlock()
    this.#flushing = this.#write(segment, block)
    try {
      await this.#flushing
    } catch (error) {
      this.#unusable = new Error(`the log in ${this.#directory} failed and must be opened again`, {
        cause: error,
      })
      throw error
    } finally {
      this.#flushing = undefined
    }
    this.#written = segment.end
    this.#durable = this.#newest.stagedFrom
    this.#newest.release()
  }

  async replay(from: number, visit: Visit, before = Number.POSITIVE_INFINITY): Promise<void> {
    this.#assertUsable()
    if (from < this.start) throw trimmed(from)
    const written = this.#written
    const buffers = new ScanBuffers()
    for (const segment of this.#segments.filter((segment) => segment.end > from)) {
      if (segment.header.base >= Math.min(before, written)) return
      const next = await this.#replayHeads(segment, from, before, visit, buffers)
      const end = Math.min(segment.end, written)
      if (next < end) await replaySegment(segment, next, end, before, visit, buffers)
    }
  }

  /** As far as heads suffice. Returns the position from which on records are still to be shown. */
  async #replayHeads(
    segment: SegmentFile,
    from: number,
    before: number,
    visit: Visit,
    buffers: ScanBuffers,
  ): Promise<number> {
    const whole = from <= segment.firstRecord && before >= segment.end
    if (this.#heads === undefined || visit.headsSuffice === undefined || !whole) return from
    return Math.max(from, await this.#heads.replay(segment, visit, buffers))
  }

  readAt(position: number, length: number): Uint8Array | Promise<Uint8Array> {
    this.#assertUsable()
    const record = this.#newest.read(position, length)
    if (record !== undefined) return record
    const segment = this.#segments.findLast(({ firstRecord }) => firstRecord <= position)
    if (segment === undefined) return Promise.reject(trimmed(position))
    const { base } = segment.header
    const limit = Math.min(segment.end, this.#written) - base
    return this.#coldReads.read({ segment, offset: position - base, length, limit })
  }

  segments(): readonly Segment[] {
    return this.#segments.map((segment, index) => {
      const next = this.#segments[index + 1]
      const { base } = segment.header
      return {
        start: segment.firstRecord,
        end: next?.firstRecord ?? this.end,
        bytes: (next?.header.base ?? this.end) - base,
      }
    })
  }

  roll(): void {
    this.#assertUsable()
    this.#rollDue = true
    if (this.stagedBytes > 0) return
    this.#beginBlock()
    if (this.#flushing === undefined) this.#durable = this.end
  }

  trim(before: number): Promise<void> {
    this.#assertUsable()
    const trim = (): Promise<void> => this.#trim(before)
    // One after the other, whatever became of the one before: its caller has been told.
    this.#trimming = this.#trimming.then(trim, trim)
    return this.#trimming
  }

  async maintain(stays?: (segment: Segment) => boolean): Promise<void> {
    this.#assertUsable()
    if (this.#maintaining !== undefined) throw new Error('maintain is already running')
    this.#maintaining = this.#maintain(stays)
    try {
      await this.#maintaining
    } finally {
      this.#maintaining = undefined
    }
  }

  async close(): Promise<void> {
    this.#unusable ??= new Error(`the log in ${this.#directory} is closed`)
    await Promise.allSettled([this.#flushing, this.#maintaining, this.#trimming])
    for (const segment of this.#segments) await segment.retire()
    await this.#lock.release()
  }

  /** Begins the next block, in a new segment if the last one is full or a roll was asked for. */
  #beginBlock(): void {
    const { end, hasBlocks } = this.#last
    const roll = hasBlocks && (this.#rollDue || end - this.#last.header.base >= this.#segmentBytesMax)
    this.#rollDue = false
    if (roll) {
      const header = { base: end, salt: drawSalt(this.#random) }
      this.#segments.push(new SegmentFile(this.#files, header, false))
      this.newestStart = this.#last.firstRecord
    }
    this.#newest.begin(roll)
  }

  #write(segment: SegmentFile, block: SealedBlock): Promise<void> {
    const previous = this.#segments[this.#segments.indexOf(segment) - 1]
    return this.#spendingReserve(async () => {
      await segment.ensure()
      await previous?.giveBack()
      // Zeros ahead must not eat what the reserve gave.
      await writeBlock(segment, block, this.#full ? NO_ZEROS : this.#zeros, this.#segmentBytesMax)
    })
  }

  async #trim(before: number): Promise<void> {
    const count = this.segments().findIndex(
      ({ end }, index) =>
        end > before || index === this.#segments.length - 1 || this.#segments[index]!.end > this.#written,
    )
    if (count === 0) return
    const oldStart = this.#segments[0]!.header.base
    const first = this.#segments[count]!
    await this.#spendingReserve(async () => {
      await first.ensure()
      await markStart(this.#files.disk, this.#directory, first.header.base)
    })
    for (const segment of this.#segments.splice(0, count)) {
      await segment.remove()
      await this.#heads?.remove(segment)
    }
    await removeMark(this.#files.disk, this.#directory, oldStart)
    await this.#files.disk.syncDirectory(this.#directory)
    if (this.#full) await this.#takeReserve()
  }

  /** What it runs may run twice. */
  async #spendingReserve(run: () => Promise<void>): Promise<void> {
    const { spends } = this.#reserve
    try {
      await run()
    } catch (error) {
      if (!isOutOfSpace(error) || !(await this.#reserve.spend(spends))) throw error
      this.#full = true
      await run()
    }
  }

  async #maintain(stays?: (segment: Segment) => boolean): Promise<void> {
    await this.#takeReserve()
    if (this.#full || stays === undefined || this.#heads === undefined) return
    const segments = this.segments()
    // The last block of the one that was closed last may still be on its way.
    const closed = this.#segments.slice(0, -1).filter(({ end }) => end <= this.#written)
    await this.#heads.prepare(closed, (index) => {
      return this.#unusable === undefined && !this.#full && stays(segments[index]!)
    })
  }

  async #takeReserve(): Promise<void> {
    await this.#reserve.take()
    this.#full = !this.#reserve.kept
  }

  #assertUsable(): void {
    if (this.#unusable !== undefined) throw this.#unusable
  }
}

function trimmed(position: number): RangeError {
  return new RangeError(`position ${position} is no longer in the log`)
}
