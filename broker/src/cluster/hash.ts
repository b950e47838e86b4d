/**
 * The hash by which every broker finds the same place: for names and message groups, on every machine and in every
 * version. It must never change: where a queue lives rests on it. FNV-1a over UTF-8, then a finaliser, because FNV
 * alone spreads short names that differ in their last character badly.
 */

const OFFSET = 0x811c_9dc5
const PRIME = 0x0100_0193

/** A whole number from 0 to 2³² − 1. */
export function hashOf(text: string): number {
  let hash = OFFSET
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, PRIME)
  return finish(hash)
}

/** Two hashes as one; the order matters. */
export function hashBoth(first: number, second: number): number {
  return finish(Math.imul(first, PRIME) ^ finish(second ^ OFFSET))
}

/** murmur3's finaliser: every bit of the input moves half of those of the output. */
function finish(hash: number): number {
  let x = hash ^ (hash >>> 16)
  x = Math.imul(x, 0x85eb_ca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35)
  return (x ^ (x >>> 16)) >>> 0
}
