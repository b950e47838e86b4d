/**
 * Reads single records from segments: what `readAt` does when the newest bytes no longer have them. A queue with a
 * backlog is drained in the order it was written, so a read takes in what surrounds it, and more where reads follow
 * each other; the next ones are then answered at once. Every frame is checked before a byte of it is handed out, and
 * what fails in memory is read from the disk again: it may have been right there, or been put right.
 */

import {
  FRAME_BYTES_MAX,
  frameEndAt,
  frameIsWhole,
  RECORD_HEADER_BYTES,
  readRecordBack,
  readRecordLength,
  SEGMENT_HEADER_BYTES,
} from './frame.ts'
import { LogDamage } from './log.ts'
import type { SegmentFile } from './segment-file.ts'

/** Memory for what was read ahead. */
export const READ_AHEAD_BYTES_MAX = 4 * 1024 * 1024
/** What is read behind a record where reads follow each other, and where they do not. */
const AHEAD_BYTES = 256 * 1024
const AROUND_BYTES = FRAME_BYTES_MAX

/** A record wanted: `limit` is where the segment's durable bytes end. Offsets are in the segment's file. */
export interface Wanted {
  readonly segment: SegmentFile
  readonly offset: number
  readonly length: number
  readonly limit: number
}

/** A piece of a segment in memory. */
interface Window {
  readonly segment: SegmentFile
  readonly start: number
  readonly end: number
  readonly bytes: Buffer
  /** Where in `bytes` the frames begin that have passed their checksum. */
  readonly checked: Set<number>
}

interface Load {
  readonly segment: SegmentFile
  readonly from: number
  readonly to: number
  readonly window: Promise<Window>
}

export class ColdReads {
  /** Oldest first. */
  readonly #windows: Window[] = []
  readonly #loads = new Set<Load>()
  #bytes = 0

  /** At once where it was read ahead, else a promise; rejects with LogDamage where no such record is. */
  read(wanted: Wanted): Buffer | Promise<Buffer> {
    // It may take more than one read, and the segment may be trimmed between them: the file is held open for all.
    return this.#readLoaded(wanted) ?? wanted.segment.use(() => this.#readThrough(wanted))
  }

  #readLoaded(wanted: Wanted): Buffer | undefined {
    for (let index = this.#windows.length - 1; index >= 0; index--) {
      const window = this.#windows[index]!
      if (window.segment !== wanted.segment || !isWithin(wanted, window.start, window.end)) continue
      const record = attempt(() => this.#readFrom(window, wanted))
      if (record !== undefined) return record
    }
    return undefined
  }

  /** What fails its checksum is not kept. */
  #readFrom(window: Window, wanted: Wanted): Buffer | undefined {
    try {
      return readFrom(window, wanted)
    } catch (error) {
      this.#drop(window)
      throw error
    }
  }

  async #readThrough(wanted: Wanted): Promise<Buffer> {
    const { segment, offset, length, limit } = wanted
    const underway = this.#findLoad(wanted)
    if (underway !== undefined) {
      const record = this.#readFrom(await underway.window, wanted)
      if (record !== undefined) return record
    }
    const from = Math.max(SEGMENT_HEADER_BYTES, offset - FRAME_BYTES_MAX)
    const ahead = this.#follows(wanted) ? AHEAD_BYTES : AROUND_BYTES
    const to = Math.min(limit, offset + RECORD_HEADER_BYTES + length + ahead)
    const window = await this.#load(segment, from, to)
    return this.#readFrom(window, wanted) ?? this.#readFrame(window, wanted)
  }

  /** The record's frame reaches beyond the window: exactly the frame is read. */
  async #readFrame(window: Window, wanted: Wanted): Promise<Buffer> {
    const at = wanted.offset - window.start
    if (at + RECORD_HEADER_BYTES > window.bytes.length) throw noRecord(wanted)
    const frame = at - readRecordBack(window.bytes, at)
    if (frame < 0) throw noRecord(wanted)
    const end = window.start + frameEndAt(window.bytes, frame)
    if (end > wanted.limit) throw noRecord(wanted)
    const record = this.#readFrom(await this.#load(wanted.segment, window.start + frame, end), wanted)
    if (record === undefined) throw noRecord(wanted)
    return record
  }

  /** Whether the record lies where the reads before it were going. */
  #follows({ segment, offset }: Wanted): boolean {
    return this.#windows.some(
      (window) => window.segment === segment && offset >= window.start && offset < window.end + AHEAD_BYTES,
    )
  }

  #findLoad(wanted: Wanted): Load | undefined {
    for (const load of this.#loads) {
      const from = load.from === SEGMENT_HEADER_BYTES ? load.from : load.from + FRAME_BYTES_MAX
      if (load.segment === wanted.segment && isWithin(wanted, from, load.to)) return load
    }
    return undefined
  }

  async #load(segment: SegmentFile, from: number, to: number): Promise<Window> {
    const load: Load = { segment, from, to, window: readWindow(segment, from, to) }
    this.#loads.add(load)
    try {
      const window = await load.window
      this.#keep(window)
      return window
    } finally {
      this.#loads.delete(load)
    }
  }

  #keep(window: Window): void {
    this.#windows.push(window)
    this.#bytes += window.bytes.length
    while (this.#bytes > READ_AHEAD_BYTES_MAX) this.#bytes -= this.#windows.shift()!.bytes.length
  }

  #drop(window: Window): void {
    const at = this.#windows.indexOf(window)
    if (at < 0) return
    this.#windows.splice(at, 1)
    this.#bytes -= window.bytes.length
  }
}

/** Undefined where this is damaged. */
function attempt(read: () => Buffer | undefined): Buffer | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof LogDamage) return undefined
    throw error
  }
}

function isWithin({ offset, length }: Wanted, start: number, end: number): boolean {
  return offset >= start && offset + RECORD_HEADER_BYTES + length <= end
}

async function readWindow(segment: SegmentFile, from: number, to: number): Promise<Window> {
  const bytes = Buffer.allocUnsafeSlow(to - from)
  const filled = await segment.use((file) => file.read(bytes, 0, bytes.length, from))
  return { segment, start: from, end: from + filled, bytes: bytes.subarray(0, filled), checked: new Set() }
}

/** A copy of the record; undefined where the window does not have the whole of its frame. */
function readFrom({ start, bytes, checked }: Window, wanted: Wanted): Buffer | undefined {
  const at = wanted.offset - start
  const end = at + RECORD_HEADER_BYTES + wanted.length
  if (end > bytes.length) return undefined
  const back = readRecordBack(bytes, at)
  if (readRecordLength(bytes, at) !== wanted.length || back >= FRAME_BYTES_MAX) throw noRecord(wanted)
  const frame = at - back
  if (frame < 0) return undefined
  if (!checked.has(frame)) {
    const frameEnd = frameEndAt(bytes, frame)
    if (frameEnd > bytes.length) return undefined
    if (frameEnd < end || !frameIsWhole(bytes, frame, frameEnd)) throw noRecord(wanted)
    checked.add(frame)
  }
  const record = Buffer.allocUnsafe(wanted.length)
  bytes.copy(record, 0, at + RECORD_HEADER_BYTES, end)
  return record
}

function noRecord({ segment, offset, length }: Wanted): LogDamage {
  return new LogDamage(segment.path, offset, `no record of ${length} bytes is here, or it fails its checksum`)
}
