/**
 * The newest batches of the log, in memory: the one being staged, those being flushed, and as many flushed ones before
 * them as the budget allows. A record is encoded where it will stay as cache, and is sent from there.
 *
 *     chunk                          chunk                         chunk, the last
 *     │ batch │ batch │ batch   ░░░░ │ batch              │ batch │ batch │ staged …  ░░░░ │
 *
 * Offsets are given out ahead: each record carries the one it is meant for, counted from the claim at the beginning as
 * if nobody else wrote. If somebody does, the answer to the append says so (fold.ts).
 */

import { CLAIM_KEY, type Claimant, encodeClaimant, RECORD_KEY_BYTES, writeRecordKey } from './marks.ts'
import {
  BATCH_HEADER_BYTES,
  type Batch,
  recordBytes,
  writeRecordEnd,
  writeRecordHead,
  writeValueHead,
} from './record-batch.ts'
import { VarintReader } from './varint.ts'

/** A batch that has reached this is closed; one record may be larger by itself. */
export const BATCH_BYTES_MAX = 256 * 1024
const CHUNK_BYTES = 1024 * 1024
/** What a batch costs beside its bytes: an object, and four bytes a record. */
const BATCH_OVERHEAD_BYTES = 200
const INDEX_BYTES = 8

/** A batch in its place: its first record is meant for the offset `base`. */
export interface PlacedBatch extends Batch {
  readonly base: number
  /** Where in the buffer each record begins. */
  readonly starts: readonly number[]
}

interface Chunk {
  readonly buffer: Buffer
  readonly batches: PlacedBatch[]
  bytes: number
}

export class NewestBatches {
  readonly #cacheBytesMax: number
  readonly #stagedBytesMax: number
  readonly #chunks: Chunk[] = []
  #cachedBytes = 0
  /** Of a chunk that was forgotten, for the next one: fresh memory costs more than filling it. */
  #spare: Buffer | undefined
  /** Batches closed and not yet handed out by {@link cut}. */
  #closed: PlacedBatch[] = []
  /** Everything from this offset on must stay, because it is not durable yet. */
  #keepFrom: number
  #claim: number
  #end: number
  #stagedFrom: number
  #stagedBytes = 0

  // The batch being staged, in the last chunk.
  #chunk: Chunk
  #start = 0
  #at = BATCH_HEADER_BYTES
  #base: number
  #starts: number[] = []

  /** What follows a claim that is in the log. */
  constructor(claim: number, cacheBytesMax: number, stagedBytesMax: number) {
    this.#cacheBytesMax = cacheBytesMax
    this.#stagedBytesMax = stagedBytesMax
    this.#claim = claim
    this.#end = claim + 1
    this.#base = this.#end
    this.#stagedFrom = this.#end
    this.#keepFrom = this.#end
    this.#chunk = this.#addChunk(CHUNK_BYTES)
  }

  /** The offset that the next record gets. */
  get end(): number {
    return this.#end
  }

  /** The offset of the first staged record, or what it would be. */
  get stagedFrom(): number {
    return this.#stagedFrom
  }

  /** Of staged records; a staged claim is nothing by itself. */
  get stagedBytes(): number {
    return this.#stagedBytes
  }

  append(begins: boolean, head: Uint8Array, body: Uint8Array | undefined): number {
    const length = head.length + (body === undefined ? 0 : body.length)
    const bytes = this.#makeRoom(RECORD_KEY_BYTES, length)
    const { buffer } = this.#chunk
    const key = writeRecordHead(buffer, this.#at, this.#starts.length, RECORD_KEY_BYTES, length)
    writeRecordKey(buffer, key, begins, this.#claim, this.#end)
    const value = writeValueHead(buffer, key + RECORD_KEY_BYTES, length)
    buffer.set(head, value)
    if (body !== undefined) buffer.set(body, value + head.length)
    writeRecordEnd(buffer, value + length)
    this.#stagedBytes += bytes
    return this.#added(bytes)
  }

  /** Stages a claim; nothing may be staged. What follows is written under it. */
  claim(claimant: Claimant): void {
    const value = encodeClaimant(claimant)
    const bytes = this.#makeRoom(CLAIM_KEY.length, value.length)
    const { buffer } = this.#chunk
    const key = writeRecordHead(buffer, this.#at, this.#starts.length, CLAIM_KEY.length, value.length)
    buffer.set(CLAIM_KEY, key)
    const at = writeValueHead(buffer, key + CLAIM_KEY.length, value.length)
    buffer.set(value, at)
    writeRecordEnd(buffer, at + value.length)
    this.#claim = this.#added(bytes)
    this.#stagedFrom = this.#end
  }

  /** Closes what is staged, and hands it out for a flush. */
  cut(): readonly PlacedBatch[] {
    this.#closeBatch()
    const batches = this.#closed
    this.#closed = []
    this.#keepFrom = batches[0]?.base ?? this.#end
    this.#stagedFrom = this.#end
    this.#stagedBytes = 0
    return batches
  }

  /** What was cut is durable, and may be forgotten when the room is needed. */
  release(): void {
    this.#keepFrom = this.#closed[0]?.base ?? this.#base
    this.#evict(0)
  }

  /** A copy of the record at `offset`, which is one the caller got; undefined when it is no longer here. */
  read(offset: number, length: number): Buffer | undefined {
    const found = this.#find(offset)
    if (found === undefined) return undefined
    const start = found.starts[offset - found.base]
    if (start === undefined) throw new RangeError(`no record has offset ${offset}`)
    const value = valueAt(found.buffer, start)
    if (value.bytes !== length) throw new RangeError(`no record of ${length} bytes has offset ${offset}`)
    return Buffer.from(found.buffer.subarray(value.at, value.at + length))
  }

  /** Gives its memory back; nothing may be asked of it any more. */
  forget(): void {
    this.#chunks.length = 0
    this.#spare = undefined
    this.#chunk = { buffer: Buffer.alloc(0), batches: [], bytes: 0 }
  }

  #find(offset: number): { buffer: Buffer; base: number; starts: readonly number[] } | undefined {
    if (offset >= this.#base) return { buffer: this.#chunk.buffer, base: this.#base, starts: this.#starts }
    for (let index = this.#chunks.length - 1; index >= 0; index--) {
      const { batches } = this.#chunks[index]!
      if (batches.length > 0 && batches[0]!.base <= offset) return lastFrom(batches, offset)
    }
    return undefined
  }

  #added(bytes: number): number {
    this.#starts.push(this.#at)
    this.#at += bytes
    return this.#end++
  }

  /** Makes sure that a record fits where the next one goes. Returns how many bytes it takes there. */
  #makeRoom(keyBytes: number, valueBytes: number): number {
    const bytes = recordBytes(this.#starts.length, keyBytes, valueBytes)
    const fits = this.#at - this.#start + bytes <= BATCH_BYTES_MAX
    if (!fits && this.#starts.length > 0) {
      this.#closeBatch()
      return this.#makeRoom(keyBytes, valueBytes)
    }
    if (this.#stagedBytes + bytes > this.#stagedBytesMax)
      throw new RangeError(`more than ${this.#stagedBytesMax} bytes would wait for a flush`)
    if (this.#at + bytes > this.#chunk.buffer.length) this.#moveStaged(this.#at - this.#start + bytes)
    return bytes
  }

  #closeBatch(): void {
    if (this.#starts.length === 0) return
    const { buffer, batches } = this.#chunk
    const batch: PlacedBatch = {
      buffer,
      start: this.#start,
      end: this.#at,
      count: this.#starts.length,
      base: this.#base,
      starts: this.#starts,
    }
    batches.push(batch)
    this.#closed.push(batch)
    const bytes = BATCH_OVERHEAD_BYTES + INDEX_BYTES * batch.count
    this.#chunk.bytes += bytes
    this.#cachedBytes += bytes
    this.#begin(this.#at)
  }

  #begin(start: number): void {
    this.#start = start
    this.#at = start + BATCH_HEADER_BYTES
    this.#base = this.#end
    this.#starts = []
  }

  /** The staged batch outgrows the last chunk: it goes on in a new one. */
  #moveStaged(needed: number): void {
    const from = this.#chunk
    this.#chunk = this.#addChunk(Math.max(needed, CHUNK_BYTES))
    if (this.#starts.length > 0) from.buffer.copy(this.#chunk.buffer, 0, this.#start, this.#at)
    const shift = this.#start
    this.#starts = this.#starts.map((start) => start - shift)
    this.#at -= shift
    this.#start = 0
  }

  #addChunk(bytes: number): Chunk {
    this.#evict(bytes)
    const spare = bytes === CHUNK_BYTES ? this.#spare : undefined
    if (spare !== undefined) this.#spare = undefined
    const chunk = { buffer: spare ?? Buffer.allocUnsafeSlow(bytes), batches: [], bytes }
    this.#cachedBytes += bytes
    this.#chunks.push(chunk)
    return chunk
  }

  #evict(wanted: number): void {
    while (this.#chunks.length > 1 && this.#cachedBytes + wanted > this.#cacheBytesMax) {
      const last = this.#chunks[0]!.batches.at(-1)
      if (last !== undefined && last.base + last.count > this.#keepFrom) return
      const { buffer, bytes } = this.#chunks.shift()!
      this.#cachedBytes -= bytes
      if (buffer.length === CHUNK_BYTES) this.#spare = buffer
    }
  }
}

/** The last batch that begins at or before the offset. */
function lastFrom(batches: readonly PlacedBatch[], offset: number): PlacedBatch {
  let low = 0
  let high = batches.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (batches[middle]!.base <= offset) low = middle
    else high = middle - 1
  }
  return batches[low]!
}

/** Where the value of the record at `start` is. */
function valueAt(buffer: Buffer, start: number): { readonly at: number; readonly bytes: number } {
  const reader = new VarintReader(buffer, start)
  reader.read()
  reader.at += 1
  reader.skip()
  reader.read()
  const keyBytes = reader.read()
  reader.at += keyBytes
  const bytes = reader.read()
  return { at: reader.at, bytes }
}
