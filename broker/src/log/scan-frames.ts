/**
 * Reads a segment's frames in order, for a replay: each is shown as soon as it is checked, while the processor's
 * cache still has it, and a block need not be whole in memory for that. A block of 500 KB, as a loaded broker
 * writes, was half copied from chunk to chunk, and had left the cache between its checksum and its records.
 *
 *     │ block header │ frame │ frame │ … │ frame │ zeros │ block header │ …
 *                                    ^ whole, where a chunk ends in the frame after it
 */

import type { DiskFile } from '../runtime/disk.ts'
import {
  areZeros,
  BLOCK_HEADER_BYTES,
  blockBytes,
  FRAME_HEADER_BYTES,
  frameEndAt,
  frameIsWhole,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './frame.ts'
import { type Chunk, type Measure, type Pieces, type ScanBuffers, scan } from './scan.ts'

/** Sees one whole frame, header included, and its position. */
export type VisitFrame = (buffer: Buffer, start: number, end: number, position: number) => void

/**
 * Visits the whole frames from the segment's beginning to `limit`, an offset in the file. Returns `limit` where all
 * are whole, else the offset of the first block that is none or has a frame that fails its checksum.
 */
export async function scanFrames(
  file: DiskFile,
  header: SegmentHeader,
  limit: number,
  visit: VisitFrame,
  buffers?: ScanBuffers,
): Promise<number> {
  const frames = new Frames(header, limit, visit)
  const stop = await scan(file, SEGMENT_HEADER_BYTES, limit, frames, buffers)
  return stop === frames.blockEnd ? stop : frames.blockStart
}

class Frames implements Pieces {
  readonly #header: SegmentHeader
  readonly #limit: number
  readonly #visit: VisitFrame
  /** The block that was visited last, perhaps not to its end; offsets in the file. */
  blockStart = SEGMENT_HEADER_BYTES
  blockEnd = SEGMENT_HEADER_BYTES

  constructor(header: SegmentHeader, limit: number, visit: VisitFrame) {
    this.#header = header
    this.#limit = limit
    this.#visit = visit
  }

  measure(chunk: Chunk): Measure {
    let blockEnd = this.blockEnd - chunk.offset
    for (let at = 0; ; ) {
      const bytes = pieceBytes(chunk, at, blockEnd)
      if (bytes === 0 || at + bytes > chunk.filled) return { whole: at, wanted: bytes }
      if (at === blockEnd) {
        blockEnd += this.#blockBytes(chunk, at)
        if (at === blockEnd) return { whole: at, wanted: 0 }
      }
      at += bytes
    }
  }

  visit(chunk: Chunk, whole: number): number {
    const { buffer, offset } = chunk
    const shift = this.#header.base + offset
    for (let at = 0; at < whole; ) {
      const left = this.blockEnd - offset - at
      const end = at + pieceBytes(chunk, at, at + left)
      if (left === 0) {
        this.blockStart = offset + at
        this.blockEnd += this.#blockBytes(chunk, at)
      } else if (left < FRAME_HEADER_BYTES) {
        if (!areZeros(buffer, at, end)) return offset + at
      } else {
        if (!frameIsWhole(buffer, at, end)) return offset + at
        this.#visit(buffer, at, end, shift + at)
      }
      at = end
    }
    return offset + whole
  }

  /** Of the block whose header is here, 0 where none is. */
  #blockBytes({ buffer, offset }: Chunk, at: number): number {
    const bytes = blockBytes(buffer, at, this.#header.base + offset + at, this.#header.salt)
    return offset + at + bytes > this.#limit ? 0 : bytes
  }
}

/** Length of what is here, going by lengths alone: a block's header, a frame, or the zeros that close a block. 0: none of them. */
function pieceBytes({ buffer, filled }: Chunk, at: number, blockEnd: number): number {
  const left = blockEnd - at
  if (left === 0) return BLOCK_HEADER_BYTES
  if (left < FRAME_HEADER_BYTES) return left
  if (at + FRAME_HEADER_BYTES > filled) return FRAME_HEADER_BYTES
  const bytes = frameEndAt(buffer, at) - at
  return bytes <= left ? bytes : 0
}
