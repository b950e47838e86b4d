/**
 * Whole numbers as Kafka's records have them: zigzag (0, -1, 1, -2, … become 0, 1, 2, 3, …), then seven bits a byte,
 * the lowest first, the highest bit set in all but the last. Up to 32 bits.
 */

const MORE = 0x80
const BITS = 0x7f
/** A 64-bit number takes at most ten bytes. */
const BYTES_MAX = 10

/** Of a number that is not negative. */
export function varintBytes(value: number): number {
  const zigzag = value * 2
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x20_0000) return 3
  return zigzag < 0x1000_0000 ? 4 : 5
}

/** Writes a number that is not negative; returns where the next byte goes. */
export function writeVarint(buffer: Buffer, value: number, at: number): number {
  let rest = (value << 1) >>> 0
  let next = at
  while (rest > BITS) {
    buffer[next++] = (rest & BITS) | MORE
    rest >>>= 7
  }
  buffer[next++] = rest
  return next
}

/** A cursor over bytes; reading beyond `end` throws. */
export class VarintReader {
  buffer: Buffer
  at: number
  end: number

  constructor(buffer: Buffer, at = 0, end: number = buffer.length) {
    this.buffer = buffer
    this.at = at
    this.end = end
  }

  /** A signed number of 32 bits. */
  read(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#byte()
      value |= (byte & BITS) << shift
      if (byte < MORE) return (value >>> 1) ^ -(value & 1)
    }
    throw new RangeError('a number of a Kafka record is too long')
  }

  /** Passes over a number of up to 64 bits. */
  skip(): void {
    for (let count = 0; count < BYTES_MAX; count++) if (this.#byte() < MORE) return
    throw new RangeError('a number of a Kafka record is too long')
  }

  #byte(): number {
    if (this.at >= this.end) throw new RangeError('a Kafka record ends too early')
    return this.buffer[this.at++]!
  }
}
