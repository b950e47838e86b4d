/**
 * Receipt handles: which message, in which queue, and which of its receives. The count makes each receive's handle
 * its own and tells a stale one; the check tells a made-up one. 28 characters of base64url:
 *
 *     0         1           5              13          17      21
 *     │ version │ queue u32 │ seq f64      │ count u32 │ check │
 */

import { mix } from './message-id.ts'

export interface Receipt {
  readonly queueId: number
  readonly seq: number
  readonly receiveCount: number
}

const VERSION = 1
const BYTES = 21
const FORM = /^[A-Za-z0-9_-]{28}$/
const scratch = Buffer.alloc(BYTES)

export function encodeReceipt(queueId: number, seq: number, receiveCount: number, salt: Int32Array): string {
  scratch[0] = VERSION
  scratch.writeUInt32BE(queueId, 1)
  scratch.writeDoubleBE(seq, 5)
  scratch.writeUInt32BE(receiveCount, 13)
  scratch.writeInt32BE(checkOf(queueId, seq, receiveCount, salt), 17)
  return scratch.toString('base64url')
}

/** Undefined where this broker never gave such a handle. */
export function decodeReceipt(handle: string, salt: Int32Array): Receipt | undefined {
  if (!FORM.test(handle)) return undefined
  scratch.write(handle, 'base64url')
  if (scratch[0] !== VERSION) return undefined
  const queueId = scratch.readUInt32BE(1)
  const seq = scratch.readDoubleBE(5)
  const receiveCount = scratch.readUInt32BE(13)
  // The check sees whole numbers only, and a fraction would look up a message that cannot be.
  if (!Number.isSafeInteger(seq)) return undefined
  if (scratch.readInt32BE(17) !== checkOf(queueId, seq, receiveCount, salt)) return undefined
  return { queueId, seq, receiveCount }
}

function checkOf(queueId: number, seq: number, receiveCount: number, salt: Int32Array): number {
  const high = Math.floor(seq / 0x1_0000_0000) | 0
  return mix(
    mix(mix(seq ^ salt[0]!) ^ high ^ salt[1]!) ^ Math.imul(queueId, 0x9e37_79b1) ^ receiveCount ^ salt[2]!,
  )
}
