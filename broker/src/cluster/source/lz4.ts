/**
 * LZ4 frames, unpacked within a limit. Checksums are passed over: the batch around them has one.
 *
 *     frame     magic u32 │ flags u8 │ u8 │ content size u64, flags & 8 │ dictionary u32, flags & 1 │ checksum u8 │ block … │
 *               0 u32 │ checksum u32, flags & 4
 *     block     length u32, the highest bit: as it is │ bytes │ checksum u32, flags & 16
 *     bytes     token u8: literals, repeated - 4 │ length … │ literals │ distance u16 │ length …
 *
 * A length of 15 in a token goes on in bytes that are added to it, the last of which is not 255. Numbers are
 * little-endian. A distance may reach into earlier blocks, and where it must not, nobody is harmed if it does.
 */

import { GrowingBuffer } from './growing-buffer.ts'

const MAGIC = 0x184d_2204
const DICTIONARY = 0b1
const FRAME_CHECKSUM = 0b100
const CONTENT_SIZE = 0b1000
const BLOCK_CHECKSUM = 0b1_0000
const PLAIN = 0x8000_0000
const CHECKSUM_BYTES = 4
const REPEATED_MIN = 4
const GOES_ON = 15

export function unpackLz4(packed: Buffer, bytesMax: number): Buffer {
  const out = new GrowingBuffer(bytesMax)
  let at = 0
  do at = unpackFrame(packed, at, out)
  while (at < packed.length)
  return out.bytes()
}

/** Where the next frame begins. */
function unpackFrame(packed: Buffer, start: number, out: GrowingBuffer): number {
  if (packed.readUInt32LE(start) !== MAGIC) throw new RangeError('no frame of LZ4')
  const flags = packed.readUInt8(start + 4)
  if ((flags & DICTIONARY) !== 0) throw new RangeError('a frame of LZ4 that needs a dictionary')
  let at = start + 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8)
  const behindBlock = (flags & BLOCK_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES
  for (;;) {
    const length = packed.readUInt32LE(at)
    at += 4
    if (length === 0) return at + ((flags & FRAME_CHECKSUM) === 0 ? 0 : CHECKSUM_BYTES)
    const end = at + (length & ~PLAIN)
    if (end > packed.length) throw new RangeError('a block of LZ4 that ends early')
    if (length >= PLAIN) out.add(packed, at, end)
    else unpackBlock(packed.subarray(at, end), out)
    at = end + behindBlock
  }
}

function unpackBlock(block: Buffer, out: GrowingBuffer): void {
  for (let at = 0; at < block.length; ) {
    const token = block.readUInt8(at)
    const literals = lengthOf(block, at + 1, token >>> 4)
    const end = literals.next + literals.length
    out.add(block, literals.next, end)
    // The last of a block's sequences has literals only.
    if (end === block.length) return
    const repeated = lengthOf(block, end + 2, token & GOES_ON)
    out.repeat(block.readUInt16LE(end), REPEATED_MIN + repeated.length)
    at = repeated.next
  }
}

interface Length {
  readonly length: number
  /** Where it ends. */
  readonly next: number
}

function lengthOf(block: Buffer, start: number, inToken: number): Length {
  let length = inToken
  let next = start
  if (inToken < GOES_ON) return { length, next }
  for (let more = 255; more === 255; next += 1) {
    more = block.readUInt8(next)
    length += more
  }
  return { length, next }
}
