/**
 * Kafka's record batches (its format version 2) as bytes: what a produce request carries and a fetch brings back.
 * Numbers are big-endian, `~` is a varint (varint.ts).
 *
 *     0             8        12             16      17    21           23
 *     │ base offset │ length │ leader epoch │ magic │ crc │ attributes │ last offset delta
 *
 *     27               35              43            51               53              57      61
 *     │ base timestamp │ max timestamp │ producer id │ producer epoch │ base sequence │ count │ records …
 *
 *     record   length~ │ attributes u8 │ timestamp delta~ │ offset delta~ │ key length~ │ key │
 *              value length~ │ value │ header count~ │ headers …
 *
 * `length` counts what follows it, `crc` (CRC-32C) covers what follows it. Kafka writes the base offset and the
 * leader epoch, which the checksum leaves out, and nothing else. A batch that is compressed or a transaction's
 * marker is none of ours: it is visited as one foreign record, and its content is not looked at.
 */

import { VarintReader, varintBytes, writeVarint } from './varint.ts'

export const BATCH_HEADER_BYTES = 61
const BATCH_LENGTH_AT = 8
const BATCH_LENGTH_FROM = 12
const MAGIC_AT = 16
const MAGIC = 2
const CRC_AT = 17
const CRC_FROM = 21
const ATTRIBUTES_AT = 21
const LAST_DELTA_AT = 23
const PRODUCER_ID_AT = 43
const COUNT_AT = 57
/** Compression (bits 0 to 2) or a transaction's marker (bit 5). */
const NOT_PLAIN = 0b10_0111
/** Attributes, timestamp delta 0, header count 0: a byte each. */
const RECORD_FIXED_BYTES = 3

export type Crc32c = (bytes: Uint8Array) => number

/** A batch under way to Kafka: `buffer[start .. end)`. */
export interface Batch {
  readonly buffer: Buffer
  readonly start: number
  readonly end: number
  readonly count: number
}

/** By which Kafka recognises a repeated batch; `sequence` is that of its first record. */
export interface Producer {
  readonly id: bigint
  readonly epoch: number
  readonly sequence: number
}

/** Bytes of a record with its length in front. */
export function recordBytes(offsetDelta: number, keyBytes: number, valueBytes: number): number {
  const content = contentBytes(offsetDelta, keyBytes, valueBytes)
  return varintBytes(content) + content
}

/** Writes all of a record but its key and value. Returns where the key goes; the value's place is what follows it. */
export function writeRecordHead(
  buffer: Buffer,
  at: number,
  offsetDelta: number,
  keyBytes: number,
  valueBytes: number,
): number {
  let next = writeVarint(buffer, contentBytes(offsetDelta, keyBytes, valueBytes), at)
  buffer[next++] = 0
  buffer[next++] = 0
  next = writeVarint(buffer, offsetDelta, next)
  return writeVarint(buffer, keyBytes, next)
}

/** Writes what stands behind the key: the value's length. Returns where the value goes. */
export function writeValueHead(buffer: Buffer, at: number, valueBytes: number): number {
  return writeVarint(buffer, valueBytes, at)
}

/** Writes what stands behind the value: that there are no headers. Returns where the record ends. */
export function writeRecordEnd(buffer: Buffer, at: number): number {
  buffer[at] = 0
  return at + 1
}

function contentBytes(offsetDelta: number, keyBytes: number, valueBytes: number): number {
  return (
    RECORD_FIXED_BYTES +
    varintBytes(offsetDelta) +
    varintBytes(keyBytes) +
    keyBytes +
    varintBytes(valueBytes) +
    valueBytes
  )
}

/** Writes the header of a batch whose records are in place. */
export function sealBatch(batch: Batch, { id, epoch, sequence }: Producer, now: number, crc: Crc32c): void {
  const { buffer, start, end, count } = batch
  buffer.fill(0, start, start + BATCH_HEADER_BYTES)
  buffer.writeInt32BE(end - start - BATCH_LENGTH_FROM, start + BATCH_LENGTH_AT)
  buffer[start + MAGIC_AT] = MAGIC
  buffer.writeInt32BE(count - 1, start + LAST_DELTA_AT)
  buffer.writeBigInt64BE(BigInt(now), start + 27)
  buffer.writeBigInt64BE(BigInt(now), start + 35)
  buffer.writeBigInt64BE(id, start + PRODUCER_ID_AT)
  buffer.writeInt16BE(epoch, start + 51)
  buffer.writeInt32BE(sequence, start + 53)
  buffer.writeInt32BE(count, start + COUNT_AT)
  buffer.writeUInt32BE(crc(buffer.subarray(start + CRC_FROM, end)) >>> 0, start + CRC_AT)
}

/** A whole batch of records with these keys and values, for what is not the log of a shard. */
export function batchOf(
  records: readonly { readonly key?: Uint8Array; readonly value: Uint8Array }[],
): Batch {
  const sizes = records.map(({ key, value }, delta) => recordBytes(delta, key?.length ?? 0, value.length))
  const end = sizes.reduce((sum, bytes) => sum + bytes, BATCH_HEADER_BYTES)
  const buffer = Buffer.alloc(end)
  let at = BATCH_HEADER_BYTES
  for (const [delta, { key = new Uint8Array(0), value }] of records.entries()) {
    const keyAt = writeRecordHead(buffer, at, delta, key.length, value.length)
    buffer.set(key, keyAt)
    const valueAt = writeValueHead(buffer, keyAt + key.length, value.length)
    buffer.set(value, valueAt)
    at = writeRecordEnd(buffer, valueAt + value.length)
  }
  return { buffer, start: 0, end, count: records.length }
}

/** One record of a fetched batch; the same object for all, valid until the visitor returns. */
export interface SeenRecord {
  offset: number
  /** None of ours, whatever it says: compressed, or a transaction's marker. Key and value are empty. */
  foreign: boolean
  buffer: Buffer
  keyAt: number
  keyBytes: number
  valueAt: number
  valueBytes: number
  /** Of the whole record. */
  bytes: number
}

/** The offset after the last whole batch of `bytes`, or `from` where that is further; none is looked into. */
export function endOfBatches(bytes: Buffer, from: number): number {
  let next = from
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; at = batchEnd(bytes, at)) {
    if (batchEnd(bytes, at) > bytes.length) break
    next = Math.max(next, Number(bytes.readBigInt64BE(at)) + bytes.readInt32BE(at + LAST_DELTA_AT) + 1)
  }
  return next
}

/**
 * Visits the records at the offsets `from` up to `end` in the whole batches of `bytes`, in order. A batch cut short at
 * the end is left alone. Throws a {@link BatchDamage} where a batch fails its checksum or is no batch.
 */
export function visitBatches(
  bytes: Buffer,
  from: number,
  end: number,
  crc: Crc32c,
  visit: (record: SeenRecord) => void,
): void {
  for (let at = 0; at + BATCH_HEADER_BYTES <= bytes.length; at = batchEnd(bytes, at)) {
    if (batchEnd(bytes, at) > bytes.length) return
    const base = Number(bytes.readBigInt64BE(at))
    if (base >= end) return
    if (base + bytes.readInt32BE(at + LAST_DELTA_AT) < from) continue
    visitBatch(bytes, at, base, from, end, crc, visit)
  }
}

function batchEnd(bytes: Buffer, at: number): number {
  const end = at + BATCH_LENGTH_FROM + bytes.readInt32BE(at + BATCH_LENGTH_AT)
  if (end < at + BATCH_HEADER_BYTES)
    throw new BatchDamage(Number(bytes.readBigInt64BE(at)), 'its length is wrong')
  return end
}

function visitBatch(
  bytes: Buffer,
  at: number,
  base: number,
  from: number,
  end: number,
  crc: Crc32c,
  visit: (record: SeenRecord) => void,
): void {
  const batchEnds = batchEnd(bytes, at)
  checkBatch(bytes, at, batchEnds, base, crc)
  const record: SeenRecord = newRecord(bytes, Math.max(base, from))
  if ((bytes.readInt16BE(at + ATTRIBUTES_AT) & NOT_PLAIN) !== 0) {
    record.foreign = true
    return visit(record)
  }
  const reader = new VarintReader(bytes, at + BATCH_HEADER_BYTES, batchEnds)
  const count = bytes.readInt32BE(at + COUNT_AT)
  for (let index = 0; index < count; index++) {
    readRecord(reader, base, record)
    if (record.offset >= end) return
    if (record.offset >= from) visit(record)
  }
}

function checkBatch(bytes: Buffer, at: number, end: number, base: number, crc: Crc32c): void {
  if (bytes[at + MAGIC_AT] !== MAGIC) throw new BatchDamage(base, 'no record batch of format version 2')
  const found = crc(bytes.subarray(at + CRC_FROM, end)) >>> 0
  if (found !== bytes.readUInt32BE(at + CRC_AT)) throw new BatchDamage(base, 'its checksum is wrong')
}

function newRecord(buffer: Buffer, offset: number): SeenRecord {
  return { offset, foreign: false, buffer, keyAt: 0, keyBytes: 0, valueAt: 0, valueBytes: 0, bytes: 0 }
}

/** Reads the record where the reader stands, and moves the reader behind it. */
function readRecord(reader: VarintReader, base: number, record: SeenRecord): void {
  const start = reader.at
  const length = reader.read()
  const end = reader.at + length
  reader.at += 1
  reader.skip()
  record.offset = base + reader.read()
  record.keyBytes = Math.max(reader.read(), 0)
  record.keyAt = reader.at
  reader.at += record.keyBytes
  record.valueBytes = Math.max(reader.read(), 0)
  record.valueAt = reader.at
  record.bytes = end - start
  reader.at = end
}

/** A batch does not read back as Kafka was given it. */
export class BatchDamage extends Error {
  readonly offset: number
  constructor(offset: number, what: string, cause?: unknown) {
    super(`the batch at offset ${offset} is damaged: ${what}`, { cause })
    this.name = 'BatchDamage'
    this.offset = offset
  }
}
