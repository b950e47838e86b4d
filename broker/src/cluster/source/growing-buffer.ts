/**
 * What a compressed block unpacks to: bytes are added at the end, or copied from what is there already, as the codecs of
 * the LZ77 family want it. Never more than a limit; what the compressed bytes say of sizes is believed nowhere.
 */

import { UnpacksTooFar } from './unpacks-too-far.ts'

const BYTES_MIN = 64 * 1024

export class GrowingBuffer {
  #buffer: Buffer
  #length = 0
  readonly #bytesMax: number

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
    this.#buffer = Buffer.allocUnsafe(Math.min(BYTES_MIN, bytesMax))
  }

  get length(): number {
    return this.#length
  }

  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** `bytes` from `start` to `end`. Throws {@link UnpacksTooFar}, and a RangeError where they are not there. */
  add(bytes: Buffer, start: number, end: number): void {
    if (end < start || end > bytes.length) throw new RangeError('the compressed bytes end early')
    this.#makeRoom(end - start)
    this.#length += bytes.copy(this.#buffer, this.#length, start, end)
  }

  /** The `length` bytes that begin `distance` before the end; they may reach into what is being copied. */
  repeat(distance: number, length: number): void {
    const from = this.#length - distance
    if (distance === 0 || from < 0) throw new RangeError('a repetition of what was not there')
    this.#makeRoom(length)
    const end = this.#length + length
    // What was copied can be copied on: each turn twice as much.
    while (this.#length < end) {
      const until = Math.min(this.#length, from + end - this.#length)
      this.#buffer.copyWithin(this.#length, from, until)
      this.#length += until - from
    }
  }

  #makeRoom(bytes: number): void {
    const wanted = this.#length + bytes
    if (wanted > this.#bytesMax) throw new UnpacksTooFar(this.#bytesMax)
    if (wanted <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.min(this.#bytesMax, Math.max(wanted, 2 * this.#buffer.length)))
    this.#buffer.copy(grown, 0, 0, this.#length)
    this.#buffer = grown
  }
}
