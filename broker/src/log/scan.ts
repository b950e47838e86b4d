/**
 * Reads a segment's blocks in order, as fast as it can: large chunks, each asked for while the one before it is
 * looked at, whole blocks checked by their checksum and handed out where they lie. Says where the blocks stop; what
 * that means is the caller's to judge.
 */

import type { DiskFile } from '../runtime/disk.ts'
import {
  BLOCK_HEADER_BYTES,
  blockBytes,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  frameEndAt,
  framesAreWhole,
  RECORD_HEADER_BYTES,
  readRecordLength,
  type SegmentHeader,
} from './frame.ts'
import type { RecordRun, Visit } from './log.ts'

export const SCAN_CHUNK_BYTES = 1024 * 1024
/** More than a frame can hold: a record begins less than this behind its frame, and has a header. */
const RUN_RECORDS_MAX = FRAME_BYTES_MAX / RECORD_HEADER_BYTES

/** Sees one whole block, header included, and its position. */
export type VisitBlock = (buffer: Buffer, start: number, end: number, position: number) => void

interface Chunk {
  readonly buffer: Buffer
  /** The offset in the file of the buffer's first byte, and how many bytes of it are filled. */
  readonly offset: number
  readonly filled: number
}

/** The buffers of one scan, for the next: fresh memory costs as much as reading into it. */
export class ScanBuffers {
  #spare: Buffer[] = []

  take(bytes: number): Buffer {
    const spare = this.#spare.pop()
    return spare !== undefined && spare.length >= bytes ? spare : Buffer.allocUnsafeSlow(bytes)
  }

  giveBack(...buffers: readonly Buffer[]): void {
    this.#spare = [...buffers]
  }
}

/**
 * Visits the whole blocks from `from` to `limit`, which are offsets in the file, up to the first thing that is not
 * one. Returns the offset at which they stop.
 */
export async function scanBlocks(
  file: DiskFile,
  header: SegmentHeader,
  from: number,
  limit: number,
  visit: VisitBlock,
  buffers = new ScanBuffers(),
): Promise<number> {
  const chunkBytes = Math.min(SCAN_CHUNK_BYTES, limit - from)
  let chunk = await readChunk(file, buffers.take(chunkBytes), 0, from, limit)
  let spare = buffers.take(chunk.filled < limit - from ? chunkBytes : 0)
  for (;;) {
    const { whole, wanted } = measure(chunk, header, limit)
    const more = wanted > 0 && chunk.offset + chunk.filled < limit
    if (!more) {
      buffers.giveBack(chunk.buffer, spare)
      return visitBlocks(chunk, whole, header, visit)
    }
    const rest = chunk.filled - whole
    if (spare.length < wanted) spare = Buffer.allocUnsafeSlow(wanted)
    chunk.buffer.copy(spare, 0, whole, chunk.filled)
    const reading = readChunk(file, spare, rest, chunk.offset + whole, limit)
    const stop = await visitDuring(reading, () => visitBlocks(chunk, whole, header, visit))
    const next = await reading
    if (stop < chunk.offset + whole || next.filled === rest) return stop
    spare = chunk.buffer
    chunk = next
  }
}

/** Visits the records of a whole block. */
export function visitRecords(
  buffer: Buffer,
  start: number,
  end: number,
  position: number,
  visit: Visit,
): void {
  const shift = position - start
  let frame = start + BLOCK_HEADER_BYTES
  while (end - frame >= FRAME_HEADER_BYTES) {
    const frameEnd = frameEndAt(buffer, frame)
    visitFrame(buffer, frame, frameEnd, shift, visit)
    frame = frameEnd
  }
}

/** Visits the records of a whole frame; `shift` makes positions of places in `buffer`. Returns how many there were. */
export function visitFrame(buffer: Buffer, frame: number, end: number, shift: number, visit: Visit): number {
  let records = 0
  for (let at = frame + FRAME_HEADER_BYTES; at < end; records++) {
    const length = readRecordLength(buffer, at)
    visit(shift + at, buffer, at + RECORD_HEADER_BYTES, length)
    at += RECORD_HEADER_BYTES + length
  }
  return records
}

/** Shows each frame of a whole block at once: a call a record was a fifth of the time to start. */
export class FrameRuns {
  readonly #show: NonNullable<Visit['run']>
  readonly #run: { -readonly [Field in keyof RecordRun]: RecordRun[Field] } = {
    buffer: Buffer.alloc(0),
    shift: 0,
    places: new Int32Array(RUN_RECORDS_MAX * 2),
    count: 0,
  }

  constructor(show: NonNullable<Visit['run']>) {
    this.#show = show
  }

  visit(buffer: Buffer, start: number, end: number, position: number): void {
    const run = this.#run
    run.buffer = buffer
    run.shift = position - start - RECORD_HEADER_BYTES
    for (let frame = start + BLOCK_HEADER_BYTES; end - frame >= FRAME_HEADER_BYTES; ) {
      const frameEnd = frameEndAt(buffer, frame)
      run.count = findRecords(buffer, frame, frameEnd, run.places)
      this.#show(run)
      frame = frameEnd
    }
  }
}

/** Writes where each record of a frame is, and how long. Returns how many there are. */
function findRecords(buffer: Buffer, frame: number, end: number, places: Int32Array): number {
  let count = 0
  for (let at = frame + FRAME_HEADER_BYTES; at < end; count += 1) {
    const length = readRecordLength(buffer, at)
    places[2 * count] = at + RECORD_HEADER_BYTES
    places[2 * count + 1] = length
    at += RECORD_HEADER_BYTES + length
  }
  return count
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

/**
 * How far the chunk's blocks are whole, going by their headers; `wanted` is how many bytes the next chunk must hold
 * to show the block after them, 0 where there is none.
 */
function measure(chunk: Chunk, header: SegmentHeader, limit: number): { whole: number; wanted: number } {
  let at = 0
  while (at + BLOCK_HEADER_BYTES <= chunk.filled) {
    const bytes = blockBytes(chunk.buffer, at, header.base + chunk.offset + at, header.salt)
    if (bytes === 0 || chunk.offset + at + bytes > limit) return { whole: at, wanted: 0 }
    if (at + bytes > chunk.filled) return { whole: at, wanted: bytes }
    at += bytes
  }
  return { whole: at, wanted: BLOCK_HEADER_BYTES }
}

/** What a visitor throws waits for the read that runs beside it. */
async function visitDuring(reading: Promise<unknown>, visit: () => number): Promise<number> {
  try {
    return visit()
  } finally {
    await Promise.allSettled([reading])
  }
}

/** Returns the offset in the file of the first block that fails its checksum, or of what follows the last. */
function visitBlocks(chunk: Chunk, whole: number, { base, salt }: SegmentHeader, visit: VisitBlock): number {
  for (let at = 0; at < whole; ) {
    const position = base + chunk.offset + at
    const end = at + blockBytes(chunk.buffer, at, position, salt)
    if (!framesAreWhole(chunk.buffer, at, end)) return chunk.offset + at
    visit(chunk.buffer, at, end, position)
    at = end
  }
  return chunk.offset + whole
}
