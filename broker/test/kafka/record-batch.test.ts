/** Record batches as bytes, beside the client library's own reader and writer. */

import { deepEqual, equal, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c, createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka'
import fc from 'fast-check'
import {
  BatchDamage,
  batchOf,
  endOfBatches,
  sealBatch,
  visitBatches,
} from '../../src/log/kafka/record-batch.ts'
import { VarintReader, varintBytes, writeVarint } from '../../src/log/kafka/varint.ts'

const PRODUCER = { id: 5_000_000_000n, epoch: 3, sequence: 70_000 }
const NOW = 1_700_000_000_000

interface Pair {
  readonly key: Buffer
  readonly value: Buffer
}

const bytes = fc.uint8Array({ maxLength: 300, size: 'max' }).map((array) => Buffer.from(array))
const pairs = fc.array(fc.record({ key: bytes, value: bytes }), { minLength: 1, maxLength: 100, size: 'max' })

function sealed(records: readonly Pair[], base = 0): Buffer {
  const batch = batchOf(records)
  sealBatch(batch, PRODUCER, NOW, crc32c)
  batch.buffer.writeBigInt64BE(BigInt(base), 0)
  return batch.buffer
}

function visited(
  batches: Buffer,
  from: number,
  end = Number.POSITIVE_INFINITY,
): readonly [number, string, string][] {
  const seen: [number, string, string][] = []
  visitBatches(
    batches,
    from,
    end,
    crc32c,
    ({ offset, foreign, buffer, keyAt, keyBytes, valueAt, valueBytes }) => {
      const key = foreign ? 'foreign' : buffer.toString('hex', keyAt, keyAt + keyBytes)
      seen.push([offset, key, buffer.toString('hex', valueAt, valueAt + valueBytes)])
    },
  )
  return seen
}

describe('a record batch', () => {
  it('is what the client library writes for the same records', () => {
    fc.assert(
      fc.property(pairs, (records) => {
        const messages = records.map((record) => ({
          ...record,
          topic: 't',
          timestamp: BigInt(NOW),
          headers: new Map(),
        }))
        const theirs = createRecordsBatch(messages, {
          producerId: PRODUCER.id,
          producerEpoch: PRODUCER.epoch,
          sequences: { getWithDefault: () => PRODUCER.sequence } as never,
        }).buffer
        deepEqual(sealed(records), theirs)
      }),
      { numRuns: 50 },
    )
  })

  it('is read by the client library', () => {
    const records = [{ key: Buffer.from('key'), value: Buffer.from('value') }]
    const batch = readRecordsBatch(Reader.from(sealed(records, 42)))
    equal(batch.firstOffset, 42n)
    equal(batch.producerId, PRODUCER.id)
    equal(batch.firstSequence, PRODUCER.sequence)
    equal(String(batch.records[0]!.key), 'key')
    equal(String(batch.records[0]!.value), 'value')
  })

  it('reads back as it was, from any offset and up to any, several in a row and the last cut off', () => {
    fc.assert(
      fc.property(pairs, pairs, fc.nat(120), fc.nat(120), (one, two, from, end) => {
        const both = Buffer.concat([sealed(one), sealed(two, one.length)])
        const all = [...one, ...two].map(({ key, value }, offset): [number, string, string] => [
          offset,
          key.toString('hex'),
          value.toString('hex'),
        ])
        deepEqual(visited(both, from, end), all.slice(from, end))
        equal(endOfBatches(both, 0), all.length)
        const cut = both.subarray(0, both.length - 1)
        deepEqual(visited(cut, 0), all.slice(0, one.length))
        equal(endOfBatches(cut, 0), one.length)
      }),
      { numRuns: 50 },
    )
  })

  it('is damaged where any byte has changed that Kafka does not write', () => {
    const batch = sealed([{ key: Buffer.from('key'), value: Buffer.from('value') }])
    for (let at = 17; at < batch.length; at++) {
      const changed = Buffer.from(batch)
      changed[at]! ^= 0x10
      throws(() => visited(changed, 0), BatchDamage)
    }
  })

  it('is foreign as a whole where it is compressed', () => {
    const messages = Array.from({ length: 5 }, () => ({
      value: Buffer.from('x'),
      topic: 't',
      headers: new Map(),
    }))
    const { buffer } = createRecordsBatch(messages, { compression: 'gzip' })
    deepEqual(visited(buffer, 0), [[0, 'foreign', '']])
    equal(endOfBatches(buffer, 0), 5)
  })

  it('is none of ours in an older format', () => {
    const batch = sealed([{ key: Buffer.from('key'), value: Buffer.from('value') }])
    batch[16] = 1
    throws(() => visited(batch, 0), /format version/)
  })
})

describe('a varint', () => {
  it('has the length that was foretold, and reads back', () => {
    const edges = [0, 1, 63, 64, 8191, 8192, 1_048_575, 1_048_576, 134_217_727, 134_217_728, 2 ** 31 - 1]
    const buffer = Buffer.alloc(10)
    for (const value of edges) {
      const end = writeVarint(buffer, value, 0)
      equal(end, varintBytes(value))
      equal(new VarintReader(buffer, 0, end).read(), value)
      throws(() => new VarintReader(buffer, 0, end - 1).read(), RangeError)
    }
  })

  it('may be negative', () => {
    equal(new VarintReader(Buffer.of(1)).read(), -1)
    equal(new VarintReader(Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f)).read(), -(2 ** 31))
  })

  it('does not go on for ever', () => {
    throws(() => new VarintReader(Buffer.alloc(20, 0xff)).read(), /too long/)
    throws(() => new VarintReader(Buffer.alloc(20, 0xff)).skip(), /too long/)
  })
})
