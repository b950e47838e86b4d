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
 * A *block* is what one flush wrote. It begins and ends on a multiple of 8.
 *
 *     0         4         8                16
 *     │ crc     │ length  │ own position   │ frame │ frame │ … │ 0–7 zeros │
 *       of the    of what   xor salt
 *       next 12   follows
 *
 * A *frame* is what is checked at once: records until there are 32 KiB of them, or the block ends.
 *
 *     0         4         8
 *     │ crc     │ length  │ record │ record │ … │
 *       of all    of the records
 *       that follows
 *
 * A *record* lies in one frame, and says how far behind it the frame begins, so that its checksum can be found.
 *
 *     0         4         8
 *     │ length  │ back    │ bytes … │
 *
 * Frames, because a checksum a record costs more than all the rest of appending it (a call to zlib's crc32 takes
 * 200 ns: appending 300 bytes took 690 ns with it and 200 ns without), and one a block would make the read of one
 * record read a whole flush, which may be megabytes.
 *
 * The own position says of any 8-aligned place whether a block of this very file begins there: neither zeros
 * written ahead nor the remains of other files have it. Users choose the bytes of records, so it is mixed with a salt
 * drawn for each segment, which they cannot know: no message body can pass for a block.
 */

import { crc32 } from 'node:zlib'
import { LogDamage } from './log.ts'

export const FORMAT_VERSION = 1
export const SEGMENT_HEADER_BYTES = 32
export const BLOCK_HEADER_BYTES = 16
export const FRAME_HEADER_BYTES = 8
export const RECORD_HEADER_BYTES = 8
/** A frame that has reached this takes no further record: every record begins less than this behind its frame. */
export const FRAME_BYTES_MAX = 32 * 1024
/** From a segment's base to its first record. */
export const FIRST_RECORD_BYTES = SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES + FRAME_HEADER_BYTES

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

/** Closes the block in `buffer[start .. end)`, whose frames are closed and whose end is aligned. */
export function writeBlockHeader(
  buffer: Buffer,
  start: number,
  end: number,
  position: number,
  salt: number,
): void {
  buffer.writeUInt32LE(end - start - BLOCK_HEADER_BYTES, start + 4)
  writePosition(buffer, start + 8, position, salt)
  buffer.writeUInt32LE(checksum(buffer, start + 4, start + BLOCK_HEADER_BYTES), start)
}

/**
 * The whole length of the block whose header is at `at`, or 0 where no block of position `position` begins. Only the
 * header is looked at: {@link framesAreWhole} checks the rest.
 */
export function blockBytes(buffer: Buffer, at: number, position: number, salt: number): number {
  if (readPosition(buffer, at + 8, salt) !== position) return 0
  if (buffer.readUInt32LE(at) !== checksum(buffer, at + 4, at + BLOCK_HEADER_BYTES)) return 0
  return BLOCK_HEADER_BYTES + buffer.readUInt32LE(at + 4)
}

/**
 * The salt of a segment whose header is lost, out of any whole block header in `buffer`, which begins at the segment's
 * base. Undefined where there is none.
 */
export function findSalt(buffer: Buffer, base: number): number | undefined {
  for (let at = SEGMENT_HEADER_BYTES; at + BLOCK_HEADER_BYTES <= buffer.length; at += 8) {
    const position = base + at
    if (buffer.readUInt32LE(at + 12) !== Math.floor(position / HIGH)) continue
    const salt = (buffer.readUInt32LE(at + 8) ^ (position % HIGH)) >>> 0
    if (blockBytes(buffer, at, position, salt) > 0) return salt
  }
  return undefined
}

/** Checks the frames of the block in `buffer[start .. end)`, and the zeros behind them. */
export function framesAreWhole(buffer: Buffer, start: number, end: number): boolean {
  let at = start + BLOCK_HEADER_BYTES
  while (end - at >= FRAME_HEADER_BYTES) {
    const frameEnd = frameEndAt(buffer, at)
    if (frameEnd > end || !frameIsWhole(buffer, at, frameEnd)) return false
    at = frameEnd
  }
  return areZeros(buffer, at, end)
}

/** What closes a block. */
export function areZeros(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at] !== 0) return false
  return true
}

/** Where the frame at `at` ends, going by its header. */
export function frameEndAt(buffer: Buffer, at: number): number {
  return at + FRAME_HEADER_BYTES + readUint32(buffer, at + 4)
}

export function frameIsWhole(buffer: Buffer, at: number, end: number): boolean {
  return buffer.readUInt32LE(at) === checksum(buffer, at + 4, end)
}

/** Closes the frame at `at`: its records reach to `end`. Its checksum is left for {@link sealFrames}. */
export function writeFrameLength(buffer: Buffer, at: number, end: number): void {
  buffer.writeUInt32LE(end - at - FRAME_HEADER_BYTES, at + 4)
}

/** Writes the checksums of the closed frames in `buffer[from .. to)`. */
export function sealFrames(buffer: Buffer, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const end = frameEndAt(buffer, at)
    buffer.writeUInt32LE(checksum(buffer, at + 4, end), at)
    at = end
  }
}

/** `back`: how far behind the record its frame begins. */
export function writeRecordHeader(buffer: Buffer, at: number, length: number, back: number): void {
  writeUint32(buffer, at, length)
  writeUint32(buffer, at + 4, back)
}

export function readRecordLength(buffer: Buffer, at: number): number {
  return readUint32(buffer, at)
}

export function readRecordBack(buffer: Buffer, at: number): number {
  return readUint32(buffer, at + 4)
}

function checksum(buffer: Buffer, start: number, end: number): number {
  return crc32(buffer.subarray(start, end))
}

/** Positions stay below 2^53; the salt hides the low half, which is the half that changes. */
function writePosition(into: Buffer, at: number, position: number, salt: number): void {
  into.writeUInt32LE(((position % HIGH) ^ salt) >>> 0, at)
  into.writeUInt32LE(Math.floor(position / HIGH), at + 4)
}

function readPosition(from: Buffer, at: number, salt: number): number {
  return ((from.readUInt32LE(at) ^ salt) >>> 0) + from.readUInt32LE(at + 4) * HIGH
}

/** These two are twice as fast as Buffer's own, which check what is known here; records' headers are hot. */
export function writeUint32(into: Buffer, at: number, value: number): void {
  into[at] = value
  into[at + 1] = value >>> 8
  into[at + 2] = value >>> 16
  into[at + 3] = value >>> 24
}

export function readUint32(from: Buffer, at: number): number {
  return (from[at]! | (from[at + 1]! << 8) | (from[at + 2]! << 16) | (from[at + 3]! << 24)) >>> 0
}
