/**
 * The bytes of a heads file: of a closed segment's records only what a start looks at, without the bodies. It can be
 * made from the segment at any time and says nothing that the segment does not say: where it is missing or does not
 * read back, the segment is read instead. Numbers are little-endian.
 *
 *     0         8         12        16               24           28           32        36
 *     │ PABALHDS│ version │ salt    │ base           │ covered    │ bytes      │ crc     │ frame │ frame │ …
 *                           of the segment             of the       of this      of all
 *                                                      segment      whole file   before it
 *
 * A frame is as in a segment (frame.ts). In it is for each record, in the segment's order:
 *
 *     0         4         8         12
 *     │ place   │ length  │ kept    │ the first `kept` bytes …
 *       in the    of the
 *       segment   record
 *
 * A *place* is how far behind the segment's base the record's bytes begin.
 */

import { crc32 } from 'node:zlib'
import {
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  frameEndAt,
  frameIsWhole,
  readUint32,
  type SegmentHeader,
  sealFrames,
  writeFrameLength,
  writeUint32,
} from './frame.ts'
import { RUN_RECORDS_MAX, type WritableRun } from './frame-records.ts'
import type { Visit } from './log.ts'
import type { Chunk, Measure, Pieces } from './scan.ts'

export const HEADS_HEADER_BYTES = 36
const VERSION = 1
const CRC_AT = 32
const ENTRY_BYTES = 12
const HIGH = 2 ** 32
const MAGIC = Buffer.from('PABALHDS', 'latin1')

/** A heads file in the making. */
export class HeadsWriter {
  readonly #buffer: Buffer
  #frame = HEADS_HEADER_BYTES
  #at = HEADS_HEADER_BYTES + FRAME_HEADER_BYTES
  #tooLarge = false

  /** `bytesMax`: a larger one is not worth having. */
  constructor(bytesMax: number) {
    this.#buffer = Buffer.allocUnsafeSlow(bytesMax)
  }

  add(place: number, buffer: Buffer, offset: number, length: number, kept: number): void {
    const at = this.#at
    const end = at + ENTRY_BYTES + kept
    // Room for a header of a frame must be left too.
    if (this.#tooLarge || end + FRAME_HEADER_BYTES > this.#buffer.length) {
      this.#tooLarge = true
      return
    }
    writeUint32(this.#buffer, at, place)
    writeUint32(this.#buffer, at + 4, length)
    writeUint32(this.#buffer, at + 8, kept)
    const from = offset - at - ENTRY_BYTES
    // Most heads have 32 bytes, for which a copy by Buffer takes longer.
    for (let to = at + ENTRY_BYTES; to < end; to += 1) this.#buffer[to] = buffer[from + to]!
    this.#at = end
    if (end - this.#frame >= FRAME_BYTES_MAX) this.#closeFrame()
  }

  /** The whole file, of the first `covered` bytes of the segment; undefined where it would be too large. */
  finish({ base, salt }: SegmentHeader, covered: number): Buffer | undefined {
    if (this.#tooLarge) return undefined
    this.#closeFrame()
    const file = this.#buffer.subarray(0, this.#frame)
    sealFrames(file, HEADS_HEADER_BYTES, file.length)
    MAGIC.copy(file)
    file.writeUInt32LE(VERSION, 8)
    file.writeUInt32LE(salt, 12)
    file.writeUInt32LE(base % HIGH, 16)
    file.writeUInt32LE(Math.floor(base / HIGH), 20)
    file.writeUInt32LE(covered, 24)
    file.writeUInt32LE(file.length, 28)
    file.writeUInt32LE(crc32(file.subarray(0, CRC_AT)), CRC_AT)
    return file
  }

  #closeFrame(): void {
    writeFrameLength(this.#buffer, this.#frame, this.#at)
    this.#frame = this.#at
    this.#at += FRAME_HEADER_BYTES
  }
}

export interface HeadsHeader {
  /** So many bytes of the segment are those whose records are here: it may have been written on since. */
  readonly covered: number
  /** How long the file is. */
  readonly bytes: number
}

/** Undefined where `header` is none of this segment. */
export function readHeadsHeader(header: Buffer, { base, salt }: SegmentHeader): HeadsHeader | undefined {
  if (header.length < HEADS_HEADER_BYTES || !header.subarray(0, 8).equals(MAGIC)) return undefined
  if (header.readUInt32LE(CRC_AT) !== crc32(header.subarray(0, CRC_AT))) return undefined
  if (header.readUInt32LE(8) !== VERSION || header.readUInt32LE(12) !== salt) return undefined
  if (header.readUInt32LE(16) + header.readUInt32LE(20) * HIGH !== base) return undefined
  return { covered: header.readUInt32LE(24), bytes: header.readUInt32LE(28) }
}

/** Shows the records of a heads file, each frame when it is checked. */
export class HeadFrames implements Pieces {
  /** The position after the last record that was shown. */
  reached: number
  readonly #base: number
  readonly #limit: number
  readonly #visit: Visit
  readonly #run: WritableRun

  /** `limit`: how long the file is. */
  constructor(base: number, limit: number, visit: Visit) {
    this.reached = base
    this.#base = base
    this.#limit = limit
    this.#visit = visit
    this.#run = {
      buffer: Buffer.alloc(0),
      base,
      places: new Int32Array(RUN_RECORDS_MAX * 3),
      count: 0,
      headsOnly: true,
    }
  }

  measure({ buffer, offset, filled }: Chunk): Measure {
    let at = 0
    while (at + FRAME_HEADER_BYTES <= filled) {
      const end = frameEndAt(buffer, at)
      if (offset + end > this.#limit) return { whole: at, wanted: 0 }
      if (end > filled) return { whole: at, wanted: end - at }
      at = end
    }
    return { whole: at, wanted: FRAME_HEADER_BYTES }
  }

  visit({ buffer, offset }: Chunk, whole: number): number {
    for (let at = 0; at < whole; ) {
      const end = frameEndAt(buffer, at)
      if (!frameIsWhole(buffer, at, end)) return offset + at
      this.#show(buffer, at + FRAME_HEADER_BYTES, end)
      at = end
    }
    return offset + whole
  }

  #show(buffer: Buffer, start: number, end: number): void {
    const run = this.#run
    run.buffer = buffer
    run.count = findHeads(buffer, start, end, run.places)
    if (run.count === 0) return
    if (this.#visit.run !== undefined) this.#visit.run(run)
    else for (let entry = 0; entry < run.count; entry += 1) this.#showOne(entry)
    const last = 3 * (run.count - 1)
    this.reached = this.#base + run.places[last + 2]! + run.places[last + 1]!
  }

  #showOne(entry: number): void {
    const { buffer, places } = this.#run
    const at = 3 * entry
    this.#visit(this.#base + places[at + 2]!, buffer, places[at]!, places[at + 1]!)
  }
}

/** Writes of each head in a frame where it is, its record's length, and the record's place. Returns how many there are. */
function findHeads(buffer: Buffer, start: number, end: number, places: Int32Array): number {
  let count = 0
  for (let at = start; at < end; count += 1) {
    places[3 * count] = at + ENTRY_BYTES
    places[3 * count + 1] = readUint32(buffer, at + 4)
    places[3 * count + 2] = readUint32(buffer, at)
    at += ENTRY_BYTES + readUint32(buffer, at + 8)
  }
  return count
}
