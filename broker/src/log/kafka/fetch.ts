/**
 * Fetch requests for one partition, whose answer keeps the batches as the bytes they are: the library would make an
 * object of every record, and a start reads millions.
 *
 *     answer   throttle i32 │ error i16 │ session i32 │ topics [ id 16 │ partitions [ PARTITION ] tags ] tags
 *     PARTITION  index i32 │ error i16 │ high watermark i64 │ last stable i64 │ start i64 │
 *                aborted [ producer i64 │ first i64 │ tags ] │ preferred replica i32 │ size~ │ batches … │ tags
 */

import type { Reader, Writer } from '@platformatic/kafka'
import type { Api } from './kafka-node.ts'
import type { Library } from './library.ts'

export interface FetchRequest {
  readonly topicId: string
  readonly partition: number
  readonly from: number
  readonly bytesMax: number
  readonly waitMs: number
  /** Only up to the first transaction that is still open, with what is said of those that were given up. */
  readonly committed?: boolean
}

export interface FetchAnswer {
  readonly errorCode: number
  readonly start: number
  readonly end: number
  readonly bytes: Buffer
  /** Of the records in `bytes`; only where committed ones were asked for. */
  readonly aborted?: readonly Aborted[]
}

/** A transaction that was given up: whose it was, and where it began. */
export interface Aborted {
  readonly producerId: bigint
  readonly first: number
}

const READ_ALL = 0
const READ_COMMITTED = 1

const FETCH = { key: 1, version: 17 } as const
const NO_BYTES = Buffer.alloc(0)

export function fetchApi(library: Library): Api<[FetchRequest], FetchAnswer> {
  return library.createAPI<[FetchRequest], FetchAnswer>(
    FETCH.key,
    FETCH.version,
    (request) => writeFetch(library, request),
    (_id, _key, _version, reader) => readAnswer(reader as Reader),
  )
}

function writeFetch(library: Library, request: FetchRequest): Writer {
  const { topicId, partition, from, bytesMax, waitMs, committed = false } = request
  const asked = {
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: BigInt(from),
    lastFetchedEpoch: -1,
    partitionMaxBytes: bytesMax,
  }
  const topics = [{ topicId, partitions: [asked] }]
  const isolation = committed ? READ_COMMITTED : READ_ALL
  // What is replicated, outside of any session.
  return library.fetchV17.createRequest(waitMs, 1, bytesMax, isolation, 0, -1, topics, [], '')
}

function readAnswer(reader: Reader): FetchAnswer {
  reader.readInt32()
  const errorCode = reader.readInt16()
  reader.readInt32()
  if (errorCode !== 0) return { errorCode, start: 0, end: 0, bytes: NO_BYTES }
  const topics = reader.readArray((topic) => {
    topic.readUUID()
    return topic.readArray(readPartition, true, false)
  })
  const answer = topics[0]?.[0]
  if (answer === undefined) throw new Error('the answer to a fetch has no partition')
  return answer
}

function readPartition(reader: Reader): FetchAnswer {
  reader.readInt32()
  const errorCode = reader.readInt16()
  const end = Number(reader.readInt64())
  reader.readInt64()
  const start = Number(reader.readInt64())
  const aborted = reader.readNullableArray((given) => ({
    producerId: given.readInt64(),
    first: Number(given.readInt64()),
  }))
  reader.readInt32()
  const size = Math.max(reader.readUnsignedVarInt() - 1, 0)
  const bytes = reader.buffer.slice(reader.position, reader.position + size)
  reader.skip(size)
  reader.readTaggedFields()
  return { errorCode, start, end, bytes, aborted: aborted ?? [] }
}
