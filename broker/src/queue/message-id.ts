/**
 * MessageIds out of sequence numbers: a UUID that looks random, is unique within the shard because the mapping is
 * one to one, and differs between shards by their salt. So no id needs to be stored, and a duplicate's answer can
 * name the original for as long as its number is known.
 *
 *     seq ──▶ two 32-bit halves ──▶ four Feistel rounds keyed by the salt ──▶ 64 bits of the UUID; 58 more are
 *     a hash of the same, so that ids of two shards do not meet
 */

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** `salt`: four 32-bit words. */
export function messageIdOf(seq: number, salt: Int32Array): string {
  let left = Math.floor(seq / 0x1_0000_0000) | 0
  let right = seq | 0
  for (let round = 0; round < 4; round += 1) {
    const mixed = left ^ mix(right ^ salt[round]!)
    left = right
    right = mixed
  }
  const third = mix(left ^ Math.imul(salt[0]!, 0x27d4_eb2f) ^ salt[2]!)
  const fourth = mix(right ^ Math.imul(salt[1]!, 0x1656_67b1) ^ salt[3]!)
  return (
    `${hex(left >>> 24)}${hex(left >>> 16)}${hex(left >>> 8)}${hex(left)}-` +
    `${hex(right >>> 24)}${hex(right >>> 16)}-` +
    `${hex(0x40 | ((third >>> 24) & 0x0f))}${hex(third >>> 16)}-` +
    `${hex(0x80 | ((third >>> 8) & 0x3f))}${hex(third)}-` +
    `${hex(right >>> 8)}${hex(right)}${hex(fourth >>> 24)}${hex(fourth >>> 16)}${hex(fourth >>> 8)}${hex(fourth)}`
  )
}

/** A 32-bit finaliser (murmur3's). */
export function mix(value: number): number {
  let x = value
  x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35)
  return x ^ (x >>> 16)
}

function hex(byte: number): string {
  return HEX[byte & 0xff]!
}
