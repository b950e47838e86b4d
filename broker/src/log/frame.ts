/**
 * The bytes of the log's files: how segments, blocks and records are laid out, written and recognised. Numbers are
 * little-endian. No I/O here.
 *
 * A *segment* is a file named by its base, 20 digits and `.log`. A *position* is a byte's place in the whole log:
 * the base of the segment plus the offset in the file, headers counted.
 *
 *     0         8         12        16               24        28        32
 *     │ PABALLOG│ version │ salt    │ base           │ 0       │ crc     │ block │ block │ …
 *                                                              of all before it
 *
 * A *block* is what one flush wrote. It begins and ends on a multiple of 8, the last record being followed by zeros.
 *
 *     0         4         8                16
 *     │ crc     │ length  │ own position   │ record │ record │ … │ 0–7 zeros │
 *       of what follows       xor salt       `length` bytes, zeros included
 *
 * A *record* lies in one block. The crc of a block covers it too: the block's is for reading everything, the
 * record's for reading one.
 *
 *     0         4         8
 *     │ length  │ crc     │ bytes … │
 *
 * The own position says of any 8-aligned place whether a block of this very file begins there: neither zeros
 * written ahead nor the remains of other files have it. Users choose the bytes of records, so it is mixed with a salt
 * drawn for each segment, which they cannot know: no message body can pass for a block.
 */

import { checksum } from './checksum.ts'
import { LogDamage } from './log.ts'

export const FORMAT_VERSION = 1
export const SEGMENT_HEADER_BYTES = 32
export const BLOCK_HEADER_BYTES = 16
export const RECORD_HEADER_BYTES = 8
/** From a segment's base to its first record. */
export const FIRST_RECORD_BYTES = SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES

const MAGIC = Buffer.from('PABALLOG', 'latin1')
const HIGH = 2 ** 32
const SEGMENT_NAME = /^(\d{20})\.log$/

export function segmentName(base: number): string {
  return `${String(base).padStart(20, '0')}.log`
}

/** The base that a file name stands for; undefined where it is not a segment's. */
export function segmentBase(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** The next place where a block may begin. */
export function aligned(position: number): number {
  return Math.ceil(position / 8) * 8
}

export interface SegmentHeader {
  readonly base: number
  readonly salt: number
}

export function writeSegmentHeader(into: Buffer, at: number, { base, salt }: SegmentHeader): void {
  MAGIC.copy(into, at)
  into.writeUInt32LE(FORMAT_VERSION, at + 8)
  into.writeUInt32LE(salt, at + 12)
  writePosition(into, at + 16, base, 0)
  into.writeUInt32LE(0, at + 24)
  into.writeUInt32LE(checksum(into, at, at + 28), at + 28)
}

/** Throws LogDamage for what is no header, and an Error that says so for another version's. */
export function readSegmentHeader(from: Buffer, file: string, base: number): SegmentHeader {
  if (from.length < SEGMENT_HEADER_BYTES) throw new LogDamage(file, from.length, 'its header ends here')
  if (!from.subarray(0, 8).equals(MAGIC)) throw new LogDamage(file, 0, 'this is not a segment of a log')
  if (from.readUInt32LE(28) !== checksum(from, 0, 28))
    throw new LogDamage(file, 0, 'its header fails its checksum')
  const version = from.readUInt32LE(8)
  if (version !== FORMAT_VERSION) {
    throw new Error(`${file} has format version ${version}; this program reads version ${FORMAT_VERSION}`)
  }
  if (readPosition(from, 16, 0) !== base)
    throw new LogDamage(file, 16, 'its header belongs to another segment')
  return { base, salt: from.readUInt32LE(12) }
}

/** Closes the block in `buffer[start .. end)`, whose records are in place and whose end is aligned. */
export function writeBlockHeader(
  buffer: Buffer,
  start: number,
  end: number,
  position: number,
  salt: number,
): void {
  buffer.writeUInt32LE(end - start - BLOCK_HEADER_BYTES, start + 4)
  writePosition(buffer, start + 8, position, salt)
  buffer.writeUInt32LE(checksum(buffer, start + 4, end), start)
}

/**
 * The whole length of the block whose header is at `at`, or 0 where no block of position `position` begins. Only the
 * header is looked at: {@link blockIsWhole} checks the rest.
 */
export function blockBytes(buffer: Buffer, at: number, position: number, salt: number): number {
  if (readPosition(buffer, at + 8, salt) !== position) return 0
  const length = buffer.readUInt32LE(at + 4)
  return length === 0 || length % 8 !== 0 ? 0 : BLOCK_HEADER_BYTES + length
}

export function blockIsWhole(buffer: Buffer, start: number, end: number): boolean {
  return buffer.readUInt32LE(start) === checksum(buffer, start + 4, end)
}

/** Writes the header of the record whose bytes already stand at `at + RECORD_HEADER_BYTES`. */
export function writeRecordHeader(buffer: Buffer, at: number, length: number): void {
  const start = at + RECORD_HEADER_BYTES
  writeUint32(buffer, at, length)
  writeUint32(buffer, at + 4, checksum(buffer, start, start + length))
}

export function recordIsWhole(buffer: Buffer, at: number, length: number): boolean {
  const start = at + RECORD_HEADER_BYTES
  return (
    buffer.readUInt32LE(at) === length &&
    buffer.readUInt32LE(at + 4) === checksum(buffer, start, start + length)
  )
}

/** Positions stay below 2^53; the salt hides the low half, which is the half that changes. */
function writePosition(into: Buffer, at: number, position: number, salt: number): void {
  into.writeUInt32LE(((position % HIGH) ^ salt) >>> 0, at)
  into.writeUInt32LE(Math.floor(position / HIGH), at + 4)
}

function readPosition(from: Buffer, at: number, salt: number): number {
  return ((from.readUInt32LE(at) ^ salt) >>> 0) + from.readUInt32LE(at + 4) * HIGH
}

/** Twice as fast as Buffer's own, which checks what is known here; a record's header is on the hottest path. */
function writeUint32(into: Buffer, at: number, value: number): void {
  into[at] = value
  into[at + 1] = value >>> 8
  into[at + 2] = value >>> 16
  into[at + 3] = value >>> 24
}
