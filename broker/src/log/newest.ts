/**
 * The newest bytes of the log, in memory: the block being staged, the one being flushed, and as many flushed ones
 * before them as the budget allows. Staging writes where the bytes will stay as cache, a flush writes them out from
 * here: no byte is copied twice, and a steady load reuses the same chunks and allocates nothing.
 *
 *     chunk                          chunk                         chunk, the last
 *     │ block │ block │ block   ░░░░ │ block              │ block │ block │ staged …  ░░░░ │
 *     ^ first                                                             ^ block  ^ end
 *
 * Chunks follow each other without a gap in positions: what lies in a chunk at offset o has position base + o,
 * segment headers included. A staged block is always whole in the last chunk; it moves when it outgrows it.
 */

import {
  aligned,
  BLOCK_HEADER_BYTES,
  FRAME_BYTES_MAX,
  FRAME_HEADER_BYTES,
  RECORD_HEADER_BYTES,
  readRecordLength,
  SEGMENT_HEADER_BYTES,
  sealFrames,
  writeBlockHeader,
  writeFrameLength,
  writeRecordHeader,
} from './frame.ts'

/** Several blocks a chunk, so that few have to move; pages that were never touched cost nothing. */
const CHUNK_BYTES_MAX = 4 * 1024 * 1024
const CHUNK_BYTES_MIN = 4096
const CHUNKS_PER_CACHE = 4
/** What may follow a record: the next frame's header, or the zeros that close a block. */
const AFTER_RECORD_BYTES = 8
/** Below this a loop copies faster than a call to `set`. */
const COPY_BYTES_MIN = 24

interface Chunk {
  buffer: Buffer
  /** Position of the first byte; of the one after the last (not kept up in the last chunk). */
  readonly base: number
  end: number
}

/** A block ready to be written: `buffer[start .. end)` belongs at `position`. */
export interface SealedBlock {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  readonly position: number
}

export class NewestBytes {
  readonly #cacheBytesMax: number
  readonly #stagedBytesMax: number
  readonly #chunkBytes: number
  readonly #chunks: Chunk[]
  #spare: Buffer | undefined
  #bytes: number
  /** Everything from here on must stay, because it is not durable yet. */
  #keepFrom: number

  // The last chunk, its fields at hand for `append`. All are offsets in `#buffer`.
  #last: Chunk
  #buffer: Buffer
  #block: number
  #frame: number
  #firstRecord: number
  #at: number

  /** `base` is the position of the next block. */
  constructor(base: number, cacheBytesMax: number, stagedBytesMax: number) {
    this.#stagedBytesMax = stagedBytesMax
    this.#cacheBytesMax = cacheBytesMax
    this.#chunkBytes = Math.min(
      Math.max(aligned(cacheBytesMax / CHUNKS_PER_CACHE), CHUNK_BYTES_MIN),
      CHUNK_BYTES_MAX,
    )
    this.#buffer = Buffer.allocUnsafeSlow(this.#chunkBytes)
    this.#bytes = this.#buffer.length
    this.#last = { buffer: this.#buffer, base, end: base }
    this.#chunks = [this.#last]
    this.#keepFrom = base
    this.#block = 0
    this.#frame = BLOCK_HEADER_BYTES
    this.#firstRecord = BLOCK_HEADER_BYTES + FRAME_HEADER_BYTES
    this.#at = this.#firstRecord
  }

  /** The position that the next record gets. */
  get end(): number {
    return this.#last.base + this.#at
  }

  /** The position of the first staged record, or what it would be. */
  get stagedFrom(): number {
    return this.#last.base + this.#firstRecord
  }

  get stagedBytes(): number {
    return this.#at - this.#firstRecord
  }

  append(head: Uint8Array, body: Uint8Array | undefined): number {
    const length = head.length + (body === undefined ? 0 : body.length)
    if (this.#at + RECORD_HEADER_BYTES + length + AFTER_RECORD_BYTES > this.#buffer.length)
      this.#makeRoom(length)
    const at = this.#at
    const bodyAt = copy(head, this.#buffer, at + RECORD_HEADER_BYTES)
    if (body !== undefined) copy(body, this.#buffer, bodyAt)
    writeRecordHeader(this.#buffer, at, length, at - this.#frame)
    this.#at = at + RECORD_HEADER_BYTES + length
    if (this.#at - this.#frame >= FRAME_BYTES_MAX) this.#nextFrame()
    return this.#last.base + at
  }

  /** Closes the staged block, which has records, for writing. {@link begin} must follow. */
  seal(salt: number): SealedBlock {
    const buffer = this.#buffer
    const start = this.#block
    const records = this.#endFrames()
    const end = aligned(records)
    const position = this.#last.base + start
    sealFrames(buffer, start + BLOCK_HEADER_BYTES, records)
    buffer.fill(0, records, end)
    writeBlockHeader(buffer, start, end, position, salt)
    this.#keepFrom = position
    this.#block = end
    return { buffer, start, end, position }
  }

  /** Begins the block that follows, behind a segment's header if `headed`. May be repeated before the first record. */
  begin(headed: boolean): void {
    // The headers may lie beyond the chunk's end: the first record then makes room for them and for itself.
    this.#block += headed ? SEGMENT_HEADER_BYTES : 0
    this.#frame = this.#block + BLOCK_HEADER_BYTES
    this.#firstRecord = this.#frame + FRAME_HEADER_BYTES
    this.#at = this.#firstRecord
    // A buffer that grew beyond the budget for one block must not stay until later ones have filled it.
    if (this.#buffer.length > this.#cacheBytesMax) this.#makeRoom(0)
  }

  /** Everything sealed has become durable and may be forgotten when the room is needed. */
  release(): void {
    this.#keepFrom = this.#last.base + this.#block
    this.#evict(0)
  }

  /** A copy of the record at `position`, which is one the caller got; undefined when it is no longer here. */
  read(position: number, length: number): Buffer | undefined {
    const chunk = this.#find(position)
    if (chunk === undefined) return undefined
    const at = position - chunk.base
    const start = at + RECORD_HEADER_BYTES
    const limit = chunk === this.#last ? this.#at : chunk.end - chunk.base
    if (start + length > limit || readRecordLength(chunk.buffer, at) !== length) {
      throw new RangeError(`no record of ${length} bytes has position ${position}`)
    }
    const record = Buffer.allocUnsafe(length)
    chunk.buffer.copy(record, 0, start, start + length)
    return record
  }

  #find(position: number): Chunk | undefined {
    for (let index = this.#chunks.length - 1; index >= 0; index--) {
      const chunk = this.#chunks[index]!
      if (position >= chunk.base) return chunk
    }
    return undefined
  }

  /** The last frame ends here, and the next record begins another. */
  #nextFrame(): void {
    writeFrameLength(this.#buffer, this.#frame, this.#at)
    this.#frame = this.#at
    this.#at += FRAME_HEADER_BYTES
  }

  /** Closes the last frame, unless it is empty. Returns where the frames end. */
  #endFrames(): number {
    if (this.#at === this.#frame + FRAME_HEADER_BYTES) return this.#frame
    writeFrameLength(this.#buffer, this.#frame, this.#at)
    return this.#at
  }

  #makeRoom(length: number): void {
    const staged = this.#at - this.#block
    const needed = staged + RECORD_HEADER_BYTES + length + AFTER_RECORD_BYTES
    if (needed > this.#stagedBytesMax) {
      throw new RangeError(`more than ${this.#stagedBytesMax} bytes would wait for a flush`)
    }
    const old = this.#last
    const base = old.base + this.#block
    const buffer = this.#take(needed)
    if (this.#block < old.buffer.length) old.buffer.copy(buffer, 0, this.#block, this.#at)
    old.end = Math.min(base, old.base + old.buffer.length)
    if (this.#block === 0) this.#drop(this.#chunks.pop()!)
    this.#last = { buffer, base, end: base }
    this.#chunks.push(this.#last)
    this.#buffer = buffer
    this.#frame -= this.#block
    this.#firstRecord -= this.#block
    this.#at = staged
    this.#block = 0
  }

  #take(needed: number): Buffer {
    // A block that keeps growing doubles, so that moving it costs no more than filling it did.
    let size = this.#chunkBytes
    while (size < needed) size *= 2
    this.#evict(size)
    const spare = this.#spare
    const buffer = spare !== undefined && spare.length >= size ? spare : Buffer.allocUnsafeSlow(size)
    if (buffer === spare) this.#spare = undefined
    this.#bytes += buffer.length
    return buffer
  }

  #evict(wanted: number): void {
    while (this.#chunks.length > 1 && this.#bytes + wanted > this.#cacheBytesMax) {
      if (this.#chunks[0]!.end > this.#keepFrom) return
      this.#drop(this.#chunks.shift()!)
    }
  }

  /** Keeps one buffer for the next chunk, the largest that the budget would allow to stand there. */
  #drop({ buffer }: Chunk): void {
    this.#bytes -= buffer.length
    if (buffer.length <= this.#cacheBytesMax && buffer.length > (this.#spare?.length ?? 0))
      this.#spare = buffer
  }
}

/** Returns where the next byte goes. */
function copy(from: Uint8Array, into: Buffer, at: number): number {
  const { length } = from
  if (length >= COPY_BYTES_MIN) into.set(from, at)
  else for (let index = 0; index < length; index++) into[at + index] = from[index]!
  return at + length
}
