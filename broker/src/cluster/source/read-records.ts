/**
 * Records out of what a fetch brought, whoever wrote them: plain or compressed, in a transaction or not. What belongs to
 * a transaction that was given up is left out, and so are the marks by which Kafka ends transactions.
 *
 * Kafka answers only up to the first transaction that is still open, and says which producers gave one up, and where
 * that one began; it ends with that producer's next mark.
 */

import type { Aborted } from '../../log/kafka/fetch.ts'
import type { Library } from '../../log/kafka/library.ts'
import { BatchDamage, endOfBatches } from '../../log/kafka/record-batch.ts'
import type { ReadRecords, SourceRecord } from './source-topics.ts'

const LENGTH_AT = 8
const LENGTH_FROM = 12
const HEAD_BYTES = 61
const MAGIC_AT = 16
const MAGIC = 2
const CRC_AT = 17
const CRC_FROM = 21
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
  for (const batch of batchesIn(library, bytes)) {
    const { attributes, producerId } = batch
    const last = Number(batch.firstOffset) + batch.lastOffsetDelta
    while (given.length > 0 && given[0]!.first <= last) givingUp.add(given.shift()!.producerId)
    if ((attributes & CONTROL) !== 0) {
      if (isAbort(batch)) givingUp.delete(producerId)
    } else if ((attributes & TRANSACTIONAL) === 0 || !givingUp.has(producerId)) {
      records.push(...recordsOf(batch, from))
    }
  }
  return { records, next: endOfBatches(bytes, from) }
}

/** The last one may be cut off; it comes again. */
function* batchesIn(library: Library, bytes: Buffer): Generator<Batch> {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const end = at + LENGTH_FROM + bytes.readInt32BE(at + LENGTH_AT)
    if (end > bytes.length) return
    checkBatch(library, bytes, at, end)
    yield library.readRecordsBatch(library.Reader.from(bytes.subarray(at, end)))
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

function isAbort({ records }: Batch): boolean {
  return records[0]?.key?.readInt16BE(MARK_AT) === MARK_ABORT
}

/** A batch is fetched whole: what lies before the offset asked for was seen already. */
function recordsOf({ firstOffset, records }: Batch, from: number): readonly SourceRecord[] {
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
