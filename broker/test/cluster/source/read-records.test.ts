/** Records out of batches as other producers write them. */

import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as library from '@platformatic/kafka'
import {
  BATCH_RECORDS_MAX,
  BATCH_UNPACKED_BYTES_MAX,
  FETCH_UNPACKED_BYTES_MAX,
  readRecords,
} from '../../../src/cluster/source/read-records.ts'
import { BatchDamage } from '../../../src/log/kafka/record-batch.ts'

const { crc32c, createRecordsBatch } = library
const BASE_AT = 0
const CRC_AT = 17
const CRC_FROM = 21
const ATTRIBUTES_AT = 21
const HEAD_BYTES = 61
const TRANSACTIONAL = 0b1_0000
const CONTROL = 0b10_0000

interface BatchOptions {
  readonly base: number
  readonly producerId?: bigint
  readonly compression?: 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly attributes?: number
}

function batch(values: readonly string[], options: BatchOptions): Buffer {
  const messages = values.map((value) => ({ topic: 't', value: Buffer.from(value) }))
  return written(messages, options)
}

function written(
  messages: Parameters<typeof createRecordsBatch>[0],
  { base, producerId = -1n, compression, attributes = 0 }: BatchOptions,
): Buffer {
  const options = { producerId, ...(compression === undefined ? {} : { compression }) }
  const bytes = Buffer.from(createRecordsBatch(messages, options).buffer)
  bytes.writeBigInt64BE(BigInt(base), BASE_AT)
  bytes.writeInt16BE(bytes.readInt16BE(ATTRIBUTES_AT) | attributes, ATTRIBUTES_AT)
  bytes.writeUInt32BE(crc32c(bytes.subarray(CRC_FROM)) >>> 0, CRC_AT)
  return bytes
}

/** By which Kafka ends a producer's transaction. */
function mark(kind: 'abort' | 'commit', base: number, producerId: bigint): Buffer {
  const key = Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1])
  const message = { topic: 't', key, value: Buffer.alloc(6) }
  return written([message], { base, producerId, attributes: TRANSACTIONAL | CONTROL })
}

function values(
  bytes: Buffer,
  from = 0,
  aborted: Parameters<typeof readRecords>[3] = [],
): readonly [readonly string[], number] {
  const { records, next } = readRecords(library, bytes, from, aborted)
  return [records.map(({ offset, value }) => `${offset} ${value?.toString()}`), next]
}

describe('records are read', () => {
  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`from a batch that is compressed with ${compression}`, () => {
      const bytes = batch(['a', 'b', 'a long one '.repeat(100)], { base: 10, compression })
      deepEqual(values(bytes), [['10 a', '11 b', `12 ${'a long one '.repeat(100)}`], 13])
    })
  }

  it('with keys and headers, none and empty told apart', () => {
    const message = {
      topic: 't',
      key: Buffer.from('k'),
      value: Buffer.alloc(0),
      headers: new Map([[Buffer.from('h'), Buffer.from('v')]]),
    }
    const { records } = readRecords(library, written([message], { base: 5 }), 0, [])
    deepEqual(records, [
      {
        offset: 5,
        key: Buffer.from('k'),
        value: Buffer.alloc(0),
        headers: [[Buffer.from('h'), Buffer.from('v')]],
      },
    ])
  })

  it('from the offset asked for, in a batch that begins before it, and not from one that is cut off', () => {
    const whole = batch(['a', 'b', 'c'], { base: 10 })
    const bytes = Buffer.concat([whole, batch(['d'], { base: 13 }).subarray(0, -1)])
    deepEqual(values(bytes, 11), [['11 b', '12 c'], 13])
  })

  it('but for those of transactions that were given up', () => {
    const transaction = { attributes: TRANSACTIONAL }
    const bytes = Buffer.concat([
      batch(['given up'], { base: 0, producerId: 7n, ...transaction }),
      batch(['of another'], { base: 1, producerId: 8n, ...transaction }),
      batch(['in none'], { base: 2 }),
      mark('abort', 3, 7n),
      batch(['its next one'], { base: 4, producerId: 7n, ...transaction }),
      mark('commit', 5, 7n),
      mark('commit', 6, 8n),
    ])
    deepEqual(values(bytes, 0, [{ producerId: 7n, first: 0 }]), [
      ['1 of another', '2 in none', '4 its next one'],
      7,
    ])
  })

  for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    it(`but not out of a few bytes of ${compression} that become more than is allowed: one stands for them all`, () => {
      const bomb = written(
        [
          { topic: 't', value: Buffer.from('first') },
          { topic: 't', value: Buffer.alloc(BATCH_UNPACKED_BYTES_MAX) },
        ],
        { base: 10, compression },
      )
      ok(bomb.length * 20 < BATCH_UNPACKED_BYTES_MAX, `${bomb.length}`)
      const bytes = Buffer.concat([batch(['a'], { base: 9 }), bomb, batch(['b'], { base: 12 })])
      const { records, next } = readRecords(library, bytes, 0, [])
      deepEqual(
        records.map(({ offset, value, leftOut }) => [offset, value?.toString(), leftOut]),
        [
          [9, 'a', undefined],
          [11, undefined, { from: 10, bytes: bomb.length }],
          [12, 'b', undefined],
        ],
      )
      equal(next, 13)
      deepEqual(readRecords(library, bomb, 11, []).records[0]?.leftOut?.from, 11)
    })
  }

  it('but not out of a batch of too many', () => {
    const none = Buffer.alloc(0)
    const many = Array.from({ length: BATCH_RECORDS_MAX + 1 }, () => none.toString())
    const bytes = batch(many, { base: 10, compression: 'gzip' })
    const { records, next } = readRecords(library, bytes, 0, [])
    deepEqual(
      records.map(({ offset }) => offset),
      [10 + BATCH_RECORDS_MAX],
    )
    equal(next, 11 + BATCH_RECORDS_MAX)
  })

  it('of one batch after the other, until enough was unpacked: the rest comes with the next fetch', () => {
    const large = { topic: 't', value: Buffer.alloc(FETCH_UNPACKED_BYTES_MAX) }
    const bytes = Buffer.concat([
      written([large], { base: 0, compression: 'zstd' }),
      batch(['b'], { base: 1 }),
    ])
    const { records, next } = readRecords(library, bytes, 0, [])
    deepEqual([records.length, next], [1, 1])
    deepEqual(values(bytes.subarray(-batch(['b'], { base: 1 }).length), next), [['1 b'], 2])
  })

  it('and a batch that cannot be unpacked is damaged', () => {
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const bytes = batch(['a long one '.repeat(100)], { base: 3, compression })
      bytes.fill(0xee, HEAD_BYTES, HEAD_BYTES + 8)
      bytes.writeUInt32BE(crc32c(bytes.subarray(CRC_FROM)) >>> 0, CRC_AT)
      throws(() => values(bytes), BatchDamage, compression)
    }
  })

  it('and a batch that fails its checksum is none', () => {
    const bytes = batch(['a'], { base: 3 })
    bytes[bytes.length - 2]! ^= 1
    throws(() => values(bytes), BatchDamage)
  })
})
