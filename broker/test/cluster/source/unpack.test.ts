/** What is compressed comes back as it was, within its limit; and whatever else the bytes are, they do no harm. */

import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compressionsAlgorithms } from '@platformatic/kafka'
import fc from 'fast-check'
import { unpack } from '../../../src/cluster/source/unpack.ts'
import { UnpacksTooFar } from '../../../src/cluster/source/unpacks-too-far.ts'

const RUNS = Number(process.env['PABAL_RUNS'] ?? 60)
const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const
const SNAPPY_PIECES = Buffer.from('82534e41505059000000000100000001', 'hex')

/** Texts in which much is repeated, near and far. */
const repetitive = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(400)), { maxLength: 30 })
  .map((pieces) => Buffer.concat(pieces.flatMap(([piece, times]) => Array(times).fill(piece))))
  // The library's LZ4 has nothing for nothing.
  .filter((bytes) => bytes.length > 0)

function pack(codec: (typeof CODECS)[number], bytes: Buffer): Buffer {
  return Buffer.from(compressionsAlgorithms[codec].compressSync(bytes) as Buffer)
}

describe('what was compressed', () => {
  for (const codec of CODECS) {
    const { bitmask } = compressionsAlgorithms[codec]

    it(`with ${codec} comes back as it was, and not where it is larger than allowed`, () => {
      fc.assert(
        fc.property(repetitive, (bytes) => {
          const packed = pack(codec, bytes)
          ok(unpack(bitmask, packed, bytes.length + 1).equals(bytes))
          ok(unpack(bitmask, packed, bytes.length).equals(bytes))
          if (bytes.length > 1) throws(() => unpack(bitmask, packed, bytes.length - 1), UnpacksTooFar)
        }),
        { numRuns: RUNS },
      )
    })

    it(`with ${codec} and spoiled becomes an error, or no more than is allowed`, () => {
      fc.assert(
        fc.property(repetitive, fc.nat(), fc.nat(255), (bytes, at, value) => {
          const packed = pack(codec, bytes)
          packed[at % packed.length] = value
          try {
            ok(unpack(bitmask, packed.subarray(0, packed.length - (at % 3)), 10_000).length <= 10_000)
          } catch (error) {
            ok(error instanceof Error && error.name !== 'AssertionError')
          }
        }),
        { numRuns: RUNS },
      )
    })
  }

  it('with snappy in pieces comes back as it was, and the limit is that of all pieces', () => {
    const texts = ['one '.repeat(100), 'two '.repeat(1000), '']
    const pieces = texts.flatMap((text) => {
      const packed = pack('snappy', Buffer.from(text))
      const length = Buffer.alloc(4)
      length.writeUInt32BE(packed.length)
      return [length, packed]
    })
    const packed = Buffer.concat([SNAPPY_PIECES, ...pieces])
    equal(unpack(2, packed, 4400).toString(), texts.join(''))
    throws(() => unpack(2, packed, 4399), UnpacksTooFar)
  })

  it('with LZ4 in several frames comes back as it was, with bytes that could not be compressed', () => {
    const noise = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * index * 7919) >>> 5))
    const packed = Buffer.concat([pack('lz4', noise), pack('lz4', Buffer.from('two'))])
    deepEqual(unpack(3, packed, 5000), Buffer.concat([noise, Buffer.from('two')]))
  })

  it('in a way that nobody knows is an error', () => {
    throws(() => unpack(7, Buffer.from('x'), 10), RangeError)
  })
})
