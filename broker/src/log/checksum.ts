/**
 * CRC-32 (the one of zip and zlib) of a range of a buffer. Node's own is fast but costs about 150 ns to call, which
 * is more than a short record takes in JavaScript: measured on Node 24, for 16 / 64 / 128 / 300 bytes, eight bytes a
 * step in JavaScript 30 / 90 / 150 / 500 ns, native 140 / 200 / 220 / 330 ns. So short ranges are done here.
 */

import { crc32 } from 'node:zlib'

const NATIVE_FROM_BYTES = 128
const POLYNOMIAL = 0xedb88320

/** Eight tables of 256: table t says what a byte does to the checksum when t more bytes follow it. */
const TABLES = buildTables()

export function checksum(buffer: Buffer, start: number, end: number): number {
  if (end - start >= NATIVE_FROM_BYTES) return crc32(buffer.subarray(start, end))
  return shortChecksum(buffer, start, end)
}

function shortChecksum(b: Buffer, start: number, end: number): number {
  const t = TABLES
  let crc = -1
  let at = start
  for (; end - at >= 8; at += 8) {
    const low = crc ^ (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24))
    crc =
      t[1792 + (low & 255)]! ^
      t[1536 + ((low >>> 8) & 255)]! ^
      t[1280 + ((low >>> 16) & 255)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + b[at + 4]!]! ^
      t[512 + b[at + 5]!]! ^
      t[256 + b[at + 6]!]! ^
      t[b[at + 7]!]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ t[(crc ^ b[at]!) & 255]!
  return ~crc >>> 0
}

function buildTables(): Int32Array {
  const tables = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    tables[byte] = crc
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256]!
    tables[at] = (shorter >>> 8) ^ tables[shorter & 255]!
  }
  return tables
}
