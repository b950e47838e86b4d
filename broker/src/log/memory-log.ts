/**
 * The log in memory, for tests and for `--memory`. It forgets everything when its store does: hand the same
 * {@link MemoryStore} to a second log and that one reads what the first had flushed, as if it were a disk.
 *
 * Records lie one after the other in a segment's buffer, each behind its length:
 *
 *     0         4
 *     │ length  │ bytes … │
 */

import type { Log, Segment, Visit } from './log.ts'

const SEGMENT_BYTES_MAX = 4 * 1024 * 1024
const SEGMENT_BYTES_FIRST = 64 * 1024
const LENGTH_BYTES = 4

interface MemorySegment {
  readonly start: number
  buffer: Buffer
  /** Bytes in use. */
  bytes: number
}

/** What outlives a memory log. */
export interface MemoryStore {
  readonly segments: MemorySegment[]
  durable: number
}

export interface MemoryLogOptions {
  readonly store?: MemoryStore
  readonly segmentBytesMax?: number
}

export function memoryStore(): MemoryStore {
  return { segments: [newSegment(0)], durable: 0 }
}

export function memoryLog(options: MemoryLogOptions = {}): Log {
  return new MemoryLog(options.store ?? memoryStore(), options.segmentBytesMax ?? SEGMENT_BYTES_MAX)
}

class MemoryLog implements Log {
  readonly full = false
  newestStart: number
  readonly #store: MemoryStore
  readonly #segmentBytesMax: number
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(store: MemoryStore, segmentBytesMax: number) {
    this.#store = store
    this.#segmentBytesMax = segmentBytesMax
    forgetFrom(store.segments, store.durable)
    this.newestStart = this.#last.start
    this.#rollIfFull()
  }

  get start(): number {
    return this.#store.segments[0]!.start
  }

  get durable(): number {
    return this.#store.durable
  }

  get end(): number {
    return endOf(this.#last)
  }

  get stagedBytes(): number {
    return this.end - this.durable
  }

  get #last(): MemorySegment {
    return this.#store.segments.at(-1)!
  }

  append(head: Uint8Array, body?: Uint8Array): number {
    this.#assertOpen()
    const segment = this.#last
    const length = head.length + (body?.length ?? 0)
    const at = makeRoom(segment, LENGTH_BYTES + length, this.#segmentBytesMax)
    segment.buffer.writeUInt32LE(length, at)
    segment.buffer.set(head, at + LENGTH_BYTES)
    if (body !== undefined) segment.buffer.set(body, at + LENGTH_BYTES + head.length)
    return segment.start + at
  }

  async flush(): Promise<void> {
    this.#assertOpen()
    if (this.#flushing !== undefined) throw new Error('a flush of this log is already running')
    this.#flushing = this.#settle(this.end)
    this.#rollIfFull()
    await this.#flushing
    this.#flushing = undefined
  }

  async replay(from: number, visit: Visit, before = Number.POSITIVE_INFINITY): Promise<void> {
    this.#assertOpen()
    if (from < this.start) throw trimmed(from)
    const limit = Math.min(before, this.durable)
    for (const segment of [...this.#store.segments]) {
      if (endOf(segment) <= from || segment.start >= limit) continue
      visitSegment(segment, from, limit, visit)
      // Between segments others get their turn, as with every other log.
      await Promise.resolve()
    }
  }

  readAt(position: number, length: number): Uint8Array | Promise<Uint8Array> {
    this.#assertOpen()
    const segment = this.#store.segments.findLast(({ start }) => start <= position)
    if (segment === undefined) return Promise.reject(trimmed(position))
    const at = position - segment.start
    if (position >= endOf(segment) || segment.buffer.readUInt32LE(at) !== length) {
      throw new RangeError(`no record of ${length} bytes has position ${position}`)
    }
    return Buffer.from(segment.buffer.subarray(at + LENGTH_BYTES, at + LENGTH_BYTES + length))
  }

  segments(): readonly Segment[] {
    return this.#store.segments.map((segment) => ({
      start: segment.start,
      end: endOf(segment),
      bytes: segment.bytes,
    }))
  }

  roll(): void {
    this.#assertOpen()
    if (this.#last.bytes === 0) return
    this.#store.segments.push(newSegment(this.end))
    this.newestStart = this.#last.start
  }

  async trim(before: number): Promise<void> {
    this.#assertOpen()
    const { segments } = this.#store
    const limit = Math.min(before, this.durable)
    while (segments.length > 1 && endOf(segments[0]!) <= limit) segments.shift()
  }

  async maintain(): Promise<void> {
    this.#assertOpen()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#flushing
    forgetFrom(this.#store.segments, this.durable)
  }

  #rollIfFull(): void {
    if (this.#last.bytes >= this.#segmentBytesMax) this.roll()
  }

  async #settle(end: number): Promise<void> {
    // Durable a little later, as with every other log, so that nobody comes to rely on less.
    await Promise.resolve()
    this.#store.durable = end
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the log in memory is closed')
  }
}

function newSegment(start: number): MemorySegment {
  return { start, buffer: Buffer.allocUnsafeSlow(0), bytes: 0 }
}

function endOf(segment: MemorySegment): number {
  return segment.start + segment.bytes
}

/** Returns where in the segment's buffer the next `bytes` go. */
function makeRoom(segment: MemorySegment, bytes: number, bytesMax: number): number {
  const at = segment.bytes
  const needed = at + bytes
  if (needed > segment.buffer.length) {
    const doubled = Math.min(Math.max(2 * segment.buffer.length, SEGMENT_BYTES_FIRST), bytesMax)
    const buffer = Buffer.allocUnsafeSlow(Math.max(doubled, needed))
    segment.buffer.copy(buffer, 0, 0, at)
    segment.buffer = buffer
  }
  segment.bytes = needed
  return at
}

function visitSegment(
  { start, buffer, bytes }: MemorySegment,
  from: number,
  limit: number,
  visit: Visit,
): void {
  for (let at = 0; at < bytes && start + at < limit; ) {
    const length = buffer.readUInt32LE(at)
    if (start + at >= from) visit(start + at, buffer, at + LENGTH_BYTES, length)
    at += LENGTH_BYTES + length
  }
}

/** Drops what was staged and never flushed. */
function forgetFrom(segments: MemorySegment[], durable: number): void {
  while (segments.length > 1 && segments.at(-1)!.start >= durable) segments.pop()
  const last = segments.at(-1)!
  last.bytes = Math.min(last.bytes, durable - last.start)
}

function trimmed(position: number): RangeError {
  return new RangeError(`position ${position} is no longer in the log`)
}
