/**
 * A request body that arrives in several pieces, gathered in one buffer that grows with what has really arrived:
 * a client that announces megabytes and sends none of them holds none of them. Every byte of it is asked of the
 * budget.
 */

import { CR, LF } from './grammar.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { badRequest, Refusal } from './refusal.ts'

const FIRST_BYTES = 16 * 1024
export const NO_MEMORY = new Refusal(503, 'Too many large requests at once: try again.')
const TOO_LONG = new Refusal(413, 'The request body is too long.')
const CHUNK_MALFORMED = badRequest('A chunk of the request body is malformed.')

/** Takes bytes from `at` on and returns the position after the last one it took, or what is wrong with them. */
export interface BodyReader {
  read(bytes: Buffer, at: number): number | Refusal
  readonly complete: boolean
  /** The whole body, once complete: its own memory. */
  readonly body: Buffer
  /** What it holds of the budget. */
  readonly heldBytes: number
}

class Gathered {
  readonly #budget: MemoryBudget
  readonly #bytesMax: number
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0

  constructor(budget: MemoryBudget, bytesMax: number) {
    this.#budget = budget
    this.#bytesMax = bytesMax
  }

  get length(): number {
    return this.#length
  }

  get heldBytes(): number {
    return this.#buffer.length
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  append(bytes: Buffer, from: number, to: number): Refusal | undefined {
    const length = this.#length + to - from
    if (length > this.#bytesMax) return TOO_LONG
    if (length > this.#buffer.length && !this.#grow(length)) return NO_MEMORY
    bytes.copy(this.#buffer, this.#length, from, to)
    this.#length = length
    return undefined
  }

  #grow(bytesMin: number): boolean {
    const bytes = Math.min(Math.max(bytesMin, 2 * this.#buffer.length, FIRST_BYTES), this.#bytesMax)
    if (!this.#budget.take(bytes - this.#buffer.length)) return false
    // Not from Node's shared pool: a body that is kept must not keep others' memory with it.
    const larger = Buffer.allocUnsafeSlow(bytes)
    this.#buffer.copy(larger, 0, 0, this.#length)
    this.#buffer = larger
    return true
  }
}

/** As many bytes as Content-Length says. */
export class SizedBody implements BodyReader {
  readonly #gathered: Gathered
  readonly #bytes: number

  constructor(bytes: number, budget: MemoryBudget) {
    this.#gathered = new Gathered(budget, bytes)
    this.#bytes = bytes
  }

  get complete(): boolean {
    return this.#gathered.length === this.#bytes
  }

  get body(): Buffer {
    return this.#gathered.bytes
  }

  get heldBytes(): number {
    return this.#gathered.heldBytes
  }

  read(bytes: Buffer, at: number): number | Refusal {
    const to = Math.min(bytes.length, at + this.#bytes - this.#gathered.length)
    return this.#gathered.append(bytes, at, to) ?? to
  }
}

/** Digits of a chunk's size: more than enough for any body within the limits. */
const SIZE_DIGITS_MAX = 8

/**
 *     5 ␍␊ hello ␍␊ 0 ␍␊ ␍␊
 *
 * Sizes in hexadecimal. Chunk extensions and trailers, which nobody sends here and which parsers disagree about,
 * are refused.
 */
export class ChunkedBody implements BodyReader {
  readonly #gathered: Gathered
  #stage: 'size' | 'data' | 'data end' | 'end' | 'complete' = 'size'
  /** Of the present chunk, in bytes: as read so far, or still to come. */
  #size = 0
  #digits = 0
  /** Whether the CR of the present line end is behind us. */
  #returned = false

  constructor(budget: MemoryBudget, bytesMax: number) {
    this.#gathered = new Gathered(budget, bytesMax)
  }

  get complete(): boolean {
    return this.#stage === 'complete'
  }

  get body(): Buffer {
    return this.#gathered.bytes
  }

  get heldBytes(): number {
    return this.#gathered.heldBytes
  }

  read(bytes: Buffer, at: number): number | Refusal {
    while (at < bytes.length && this.#stage !== 'complete') {
      const next = this.#stage === 'data' ? this.#data(bytes, at) : this.#line(bytes[at]!, at)
      if (typeof next !== 'number') return next
      at = next
    }
    return at
  }

  #data(bytes: Buffer, at: number): number | Refusal {
    const to = Math.min(bytes.length, at + this.#size)
    const refusal = this.#gathered.append(bytes, at, to)
    if (refusal !== undefined) return refusal
    this.#size -= to - at
    if (this.#size === 0) this.#stage = 'data end'
    return to
  }

  /** One byte of what stands between the data: a size, or a line end. */
  #line(byte: number, at: number): number | Refusal {
    if (this.#returned) return byte === LF ? this.#lineEnd(at) : CHUNK_MALFORMED
    if (byte === CR && (this.#stage !== 'size' || this.#digits > 0)) {
      this.#returned = true
      return at + 1
    }
    const digit = this.#stage === 'size' ? hexDigit(byte) : -1
    if (digit < 0 || ++this.#digits > SIZE_DIGITS_MAX) return CHUNK_MALFORMED
    this.#size = this.#size * 16 + digit
    return at + 1
  }

  #lineEnd(at: number): number {
    this.#returned = false
    if (this.#stage === 'end') this.#stage = 'complete'
    else if (this.#stage === 'size') this.#stage = this.#size > 0 ? 'data' : 'end'
    else this.#stage = 'size'
    this.#digits = 0
    return at + 1
  }
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1
}
