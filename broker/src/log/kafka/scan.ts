/** Reads a partition in order and in large pieces, each asked for while the one before it is looked at. */

import { LogDamage } from '../log.ts'
import type { Partition } from './partition.ts'
import { BatchDamage, type Crc32c, endOfBatches, type SeenRecord, visitBatches } from './record-batch.ts'

/** Measured: 1 to 4 MiB a fetch are fastest. */
const CHUNK_BYTES = 2 * 1024 * 1024
/** Replicas that just changed their leader may need a moment to show what was acknowledged. */
const WAIT_MS = 1000
const WAITS_MAX = 20
const NO_BYTES = Buffer.alloc(0)

export type VisitRecord = (record: SeenRecord) => void

/**
 * Visits every record from `from` up to `end`, whoever wrote it. Waits between pieces, never between records. Rejects
 * with OutOfRange where `from` was trimmed, with LogDamage where a batch fails its checksum.
 */
export async function scan(
  partition: Partition,
  crc: Crc32c,
  from: number,
  end: number,
  visit: VisitRecord,
): Promise<void> {
  let waits = 0
  let fetching = fetchPiece(partition, from, end)
  for (let next = from; next < end; ) {
    const bytes = await fetching
    const after = endOfBatches(bytes, next)
    if (after === next && ++waits > WAITS_MAX)
      throw new Error(`${partition.name} does not show what it acknowledged, from offset ${next} on`)
    fetching = fetchPiece(partition, after, end)
    try {
      visitPiece(partition.name, bytes, next, end, crc, visit)
    } catch (error) {
      // A fetch is under way, and nobody else waits for it.
      await Promise.allSettled([fetching])
      throw error
    }
    next = after
  }
}

/** Visits the records of what one fetch brought. */
export function visitPiece(
  name: string,
  bytes: Buffer,
  from: number,
  end: number,
  crc: Crc32c,
  visit: VisitRecord,
): void {
  try {
    visitBatches(bytes, from, end, crc, visit)
  } catch (error) {
    if (error instanceof BatchDamage) throw new LogDamage(name, error.offset, error.message)
    throw error
  }
}

async function fetchPiece(partition: Partition, from: number, end: number): Promise<Buffer> {
  if (from >= end) return NO_BYTES
  return (await partition.fetch(from, { bytesMax: CHUNK_BYTES, waitMs: WAIT_MS })).bytes
}
