/**
 * Reads a segment's blocks in order, as fast as it can: large chunks, each asked for while the one before it is
 * looked at, whole blocks checked by their checksum and handed out where they lie. Says where the blocks stop; what
 * that means is the caller's to judge. The reading is shared with scan-frames.ts, which need not wait for whole blocks.
 */

import type { DiskFile } from '../runtime/disk.ts'
import { BLOCK_HEADER_BYTES, blockBytes, framesAreWhole, type SegmentHeader } from './frame.ts'

export const SCAN_CHUNK_BYTES = 1024 * 1024

/** Sees one whole block, header included, and its position. */
export type VisitBlock = (buffer: Buffer, start: number, end: number, position: number) => void

export interface Chunk {
  readonly buffer: Buffer
  /** The offset in the file of the buffer's first byte, and how many bytes of it are filled. */
  readonly offset: number
  readonly filled: number
}

/** How far a chunk's pieces are whole, going by their headers. */
export interface Measure {
  readonly whole: number
  /** How many bytes the next chunk must hold to show the piece after them, 0 where there is none. */
  readonly wanted: number
}

/** What a scan goes through: blocks, or frames. */
export interface Pieces {
  measure(chunk: Chunk): Measure
  /** Checks the pieces before `whole` and shows them. Returns the file's offset at which they stop. */
  visit(chunk: Chunk, whole: number): number
}

/** The buffers of one scan, for the next: fresh memory costs as much as reading into it. */
export class ScanBuffers {
  #spare: readonly Buffer[] = []

  take(bytes: number): Buffer {
    const [first, ...others] = this.#spare
    this.#spare = others
    return first !== undefined && first.length >= bytes ? first : Buffer.allocUnsafeSlow(bytes)
  }

  giveBack(...buffers: readonly Buffer[]): void {
    this.#spare = buffers
  }
}

/**
 * Visits the pieces from `from` to `limit`, which are offsets in the file, up to the first thing that is not one.
 * Returns the offset at which they stop.
 */
export async function scan(
  file: DiskFile,
  from: number,
  limit: number,
  pieces: Pieces,
  buffers = new ScanBuffers(),
): Promise<number> {
  const chunkBytes = Math.min(SCAN_CHUNK_BYTES, limit - from)
  let chunk = await readChunk(file, buffers.take(chunkBytes), 0, from, limit)
  let spare = buffers.take(chunk.filled < limit - from ? chunkBytes : 0)
  for (;;) {
    const { whole, wanted } = pieces.measure(chunk)
    const more = wanted > 0 && chunk.offset + chunk.filled < limit
    if (!more) {
      buffers.giveBack(chunk.buffer, spare)
      return pieces.visit(chunk, whole)
    }
    const rest = chunk.filled - whole
    if (spare.length < wanted) spare = Buffer.allocUnsafeSlow(wanted)
    chunk.buffer.copy(spare, 0, whole, chunk.filled)
    const reading = readChunk(file, spare, rest, chunk.offset + whole, limit)
    const stop = await visitDuring(reading, () => pieces.visit(chunk, whole))
    const next = await reading
    if (stop < chunk.offset + whole || next.filled === rest) return stop
    spare = chunk.buffer
    chunk = next
  }
}

/** As {@link scan}, through the whole blocks. */
export function scanBlocks(
  file: DiskFile,
  header: SegmentHeader,
  from: number,
  limit: number,
  visit: VisitBlock,
): Promise<number> {
  return scan(file, from, limit, new Blocks(header, limit, visit))
}

class Blocks implements Pieces {
  readonly #header: SegmentHeader
  readonly #limit: number
  readonly #visit: VisitBlock

  constructor(header: SegmentHeader, limit: number, visit: VisitBlock) {
    this.#header = header
    this.#limit = limit
    this.#visit = visit
  }

  measure({ buffer, offset, filled }: Chunk): Measure {
    const { base, salt } = this.#header
    let at = 0
    while (at + BLOCK_HEADER_BYTES <= filled) {
      const bytes = blockBytes(buffer, at, base + offset + at, salt)
      if (bytes === 0 || offset + at + bytes > this.#limit) return { whole: at, wanted: 0 }
      if (at + bytes > filled) return { whole: at, wanted: bytes }
      at += bytes
    }
    return { whole: at, wanted: BLOCK_HEADER_BYTES }
  }

  /** Stops at the first block that fails its checksum. */
  visit({ buffer, offset }: Chunk, whole: number): number {
    const { base, salt } = this.#header
    for (let at = 0; at < whole; ) {
      const position = base + offset + at
      const end = at + blockBytes(buffer, at, position, salt)
      if (!framesAreWhole(buffer, at, end)) return offset + at
      this.#visit(buffer, at, end, position)
      at = end
    }
    return offset + whole
  }
}

/** Fills `buffer` from `kept` on; what stands before is the file's from `offset`. */
async function readChunk(
  file: DiskFile,
  buffer: Buffer,
  kept: number,
  offset: number,
  limit: number,
): Promise<Chunk> {
  const length = Math.min(buffer.length, limit - offset) - kept
  return { buffer, offset, filled: kept + (await file.read(buffer, kept, length, offset + kept)) }
}

/** What a visitor throws waits for the read that runs beside it. */
async function visitDuring(reading: Promise<unknown>, visit: () => number): Promise<number> {
  try {
    return visit()
  } finally {
    await Promise.allSettled([reading])
  }
}
