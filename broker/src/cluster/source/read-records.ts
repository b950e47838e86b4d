/**
 * Records out of what a fetch brought, whoever wrote them: plain or compressed, in a transaction or not. What belongs to
 * a transaction that was given up is left out, and so are the marks by which Kafka ends transactions.
 *
 * Kafka answers only up to the first transaction that is still open, and says which producers gave one up, and where
 * that one began; it ends with that producer's next mark.
 *
 * Memory has limits, whatever is in the topic: a batch that holds too much is not unpacked, and one record stands for all
 * of it, at its last offset; and when enough was unpacked the rest is left to the next fetch.
 */

import type { Aborted } from '../../log/kafka/fetch.ts'
import type { Library } from '../../log/kafka/library.ts'
import { BatchDamage } from '../../log/kafka/record-batch.ts'
import type { ReadRecords, SourceRecord } from './source-topics.ts'
import { NOT_PACKED, unpack } from './unpack.ts'
import { UnpacksTooFar } from './unpacks-too-far.ts'

/** What one batch may become. */
export const BATCH_UNPACKED_BYTES_MAX = 32 * 1024 * 1024
export const BATCH_RECORDS_MAX = 100_000
/** No further batch of a fetch is unpacked when those before it came to so much. */
export const FETCH_UNPACKED_BYTES_MAX = 8 * 1024 * 1024

const LENGTH_AT = 8
const LENGTH_FROM = 12
const MAGIC_AT = 16
const MAGIC = 2
const CRC_AT = 17
const CRC_FROM = 21
const ATTRIBUTES_AT = 21
const LAST_DELTA_AT = 23
const PRODUCER_AT = 43
const COUNT_AT = 57
const HEAD_BYTES = 61
const CODEC = 0b111
const TRANSACTIONAL = 0b1_0000
const CONTROL = 0b10_0000
/** A mark's key: its version, then what it says. */
const MARK_AT = 2
const MARK_ABORT = 0
const NO_NAME = Buffer.alloc(0)

type Batch = ReturnType<Library['readRecordsBatch']>

/** Throws a BatchDamage where a batch fails its checksum or is of a format that Kafka gave up long ago. */
export function readRecords(
  library: Library,
  bytes: Buffer,
  from: number,
  aborted: readonly Aborted[],
): ReadRecords {
  const given = [...aborted].sort((a, b) => a.first - b.first)
  const givingUp = new Set<bigint>()
  const records: SourceRecord[] = []
  let next = from
  let unpackedBytes = 0
  for (const batch of batchesIn(library, bytes)) {
    if (unpackedBytes >= FETCH_UNPACKED_BYTES_MAX) break
    const attributes = batch.readInt16BE(ATTRIBUTES_AT)
    const producerId = batch.readBigInt64BE(PRODUCER_AT)
    const last = lastOf(batch)
    next = Math.max(next, last + 1)
    while (given.length > 0 && given[0]!.first <= last) givingUp.add(given.shift()!.producerId)
    if ((attributes & CONTROL) !== 0) {
      if (isAbort(library.readRecordsBatch(library.Reader.from(batch)))) givingUp.delete(producerId)
    } else if ((attributes & TRANSACTIONAL) === 0 || !givingUp.has(producerId)) {
      const plain = plainOf(batch, attributes)
      unpackedBytes += plain?.length ?? 0
      if (plain !== undefined) for (const record of recordsOf(library, plain, from)) records.push(record)
      else if (last >= from) records.push(leftOut(batch, from))
    }
  }
  return { records, next }
}

/** The last one may be cut off; it comes again. */
function* batchesIn(library: Library, bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + LENGTH_AT)
    if (end > bytes.length) return
    checkBatch(library, bytes, at, end)
    yield bytes.subarray(at, end)
    at = end
  }
}

function checkBatch(library: Library, bytes: Buffer, at: number, end: number): void {
  const base = Number(bytes.readBigInt64BE(at))
  if (end < at + HEAD_BYTES) throw new BatchDamage(base, 'its length is wrong')
  if (bytes[at + MAGIC_AT] !== MAGIC) throw new BatchDamage(base, 'no record batch of format version 2')
  const found = library.crc32c(bytes.subarray(at + CRC_FROM, end)) >>> 0
  if (found !== bytes.readUInt32BE(at + CRC_AT)) throw new BatchDamage(base, 'its checksum is wrong')
}

function baseOf(batch: Buffer): number {
  return Number(batch.readBigInt64BE(0))
}

function lastOf(batch: Buffer): number {
  return baseOf(batch) + batch.readInt32BE(LAST_DELTA_AT)
}

/** The batch as if it had not been compressed; undefined where it holds too much. */
function plainOf(batch: Buffer, attributes: number): Buffer | undefined {
  if (batch.readInt32BE(COUNT_AT) > BATCH_RECORDS_MAX) return undefined
  const codec = attributes & CODEC
  if (codec === NOT_PACKED) return batch.length > BATCH_UNPACKED_BYTES_MAX ? undefined : batch
  try {
    const plain = Buffer.concat([
      batch.subarray(0, HEAD_BYTES),
      unpack(codec, batch.subarray(HEAD_BYTES), BATCH_UNPACKED_BYTES_MAX),
    ])
    plain.writeInt16BE(attributes & ~CODEC, ATTRIBUTES_AT)
    plain.writeInt32BE(plain.length - LENGTH_FROM, LENGTH_AT)
    return plain
  } catch (error) {
    if (error instanceof UnpacksTooFar) return undefined
    throw new BatchDamage(baseOf(batch), 'it cannot be unpacked', error)
  }
}

function leftOut(batch: Buffer, from: number): SourceRecord {
  const left = { from: Math.max(baseOf(batch), from), bytes: batch.length }
  return { offset: lastOf(batch), key: undefined, value: undefined, headers: [], leftOut: left }
}

function isAbort({ records }: Batch): boolean {
  return records[0]?.key?.readInt16BE(MARK_AT) === MARK_ABORT
}

/** A batch is fetched whole: what lies before the offset asked for was seen already. */
function recordsOf(library: Library, plain: Buffer, from: number): readonly SourceRecord[] {
  const { firstOffset, records } = library.readRecordsBatch(library.Reader.from(plain))
  const base = Number(firstOffset)
  return records
    .map(({ offsetDelta, key, value, headers }) => ({
      offset: base + offsetDelta,
      key: key ?? undefined,
      value: value ?? undefined,
      headers: [...headers].map(([name, text]) => [name ?? NO_NAME, text ?? undefined] as const),
    }))
    .filter(({ offset }) => offset >= from)
}
