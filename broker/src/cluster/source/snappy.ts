/**
 * Snappy, unpacked within a limit: as one block, or in the pieces that Java's library writes (and with it Kafka's own
 * clients).
 *
 *     block     length varint │ element element …
 *     element   literal: tag (bits 0–1: 0) │ 0–4 bytes more of length │ the bytes
 *               copy:    tag (bits 0–1: 1, 2, 3) │ 1, 2 or 4 bytes of distance
 *     pieces    82 'SNAPPY' 00 │ version u32 │ compatible u32 │ length u32 │ block │ length u32 │ block …
 */

import { GrowingBuffer } from './growing-buffer.ts'

const PIECES = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const PIECES_HEAD_BYTES = 16
const LENGTH_BYTES = 4
/** A literal's length is in its tag, or in 1 to 4 bytes behind it. */
const LENGTH_IN_TAG_MAX = 59

export function unpackSnappy(packed: Buffer, bytesMax: number): Buffer {
  const out = new GrowingBuffer(bytesMax)
  if (!packed.subarray(0, PIECES.length).equals(PIECES)) unpackBlock(packed, out)
  else {
    for (let at = PIECES_HEAD_BYTES; at < packed.length; ) {
      const end = at + LENGTH_BYTES + packed.readUInt32BE(at)
      if (end > packed.length) throw new RangeError('a piece of snappy that ends early')
      unpackBlock(packed.subarray(at + LENGTH_BYTES, end), out)
      at = end
    }
  }
  return out.bytes()
}

function unpackBlock(block: Buffer, out: GrowingBuffer): void {
  let said = 0
  let at = 0
  for (let more = true; more; at += 1) {
    const byte = block.readUInt8(at)
    said += (byte & 0x7f) * 128 ** at
    more = byte > 0x7f
  }
  // Checked and not believed: how much it becomes is seen as it comes.
  const end = out.length + said
  while (at < block.length) at = unpackElement(block, at, out)
  if (out.length !== end) throw new RangeError('a block of snappy of another length than it says')
}

/** Where the next element begins. */
function unpackElement(block: Buffer, at: number, out: GrowingBuffer): number {
  const tag = block.readUInt8(at)
  const upper = tag >>> 2
  switch (tag & 0b11) {
    case 0: {
      const more = Math.max(0, upper - LENGTH_IN_TAG_MAX)
      const start = at + 1 + more
      const end = start + 1 + (more === 0 ? upper : block.readUIntLE(at + 1, more))
      out.add(block, start, end)
      return end
    }
    case 1:
      out.repeat(((tag >>> 5) << 8) | block.readUInt8(at + 1), 4 + (upper & 0b111))
      return at + 2
    case 2:
      out.repeat(block.readUInt16LE(at + 1), 1 + upper)
      return at + 3
    default:
      out.repeat(block.readUInt32LE(at + 1), 1 + upper)
      return at + 5
  }
}
