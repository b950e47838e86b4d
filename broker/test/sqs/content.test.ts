import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeAttribute, encodeAttributes, sliceAttributes } from '../../src/sqs/attribute-layout.ts'
import { type Content, encodeContent, StoredContent } from '../../src/sqs/content.ts'
import { attributesMd5, md5 } from '../../src/sqs/md5.ts'

const text = fc.string({ unit: 'grapheme', minLength: 1 })
const attribute = fc.oneof(
  fc
    .tuple(fc.constantFrom('String', 'Number.int', 'String.größe'), text)
    .map(([DataType, StringValue]) => ({ DataType, StringValue })),
  fc
    .tuple(fc.constantFrom('Binary', 'Binary.png'), fc.uint8Array({ minLength: 1, maxLength: 50 }))
    .map(([DataType, BinaryValue]) => ({ DataType, BinaryValue })),
)
const attributes = fc.dictionary(fc.oneof(text, fc.constant('__proto__')), attribute, {
  noNullPrototype: true,
  minKeys: 1,
  maxKeys: 10,
})

const content = fc
  .record({
    body: text,
    senderId: fc.stringMatching(/^[A-Z0-9]{0,128}$/),
    traceHeader: fc.option(text, { nil: undefined }),
    attributes: fc.option(attributes, { nil: undefined }),
  })
  .map(
    (given): Content => ({
      ...given,
      bodyMd5: md5(given.body),
      attributes: given.attributes && encodeAttributes(given.attributes),
      attributesMd5: given.attributes && attributesMd5(given.attributes),
    }),
  )

test('whatever a message holds comes out of its content as it went in', () => {
  fc.assert(
    fc.property(content, (given) => {
      const stored = new StoredContent(encodeContent(given, Buffer.byteLength(given.body)))
      assert.deepEqual(
        {
          body: stored.body,
          bodyMd5: stored.bodyMd5,
          senderId: stored.senderId,
          traceHeader: stored.traceHeader,
          attributes: stored.attributes,
          attributesMd5: stored.attributesMd5,
        },
        given,
      )
    }),
  )
})

test('message attributes come out of their layout as they went in, sorted by name', () => {
  fc.assert(
    fc.property(attributes, (given) => {
      const layout = encodeAttributes(given)
      const decoded = sliceAttributes(layout).map(
        (slice) => [slice.name, decodeAttribute(layout, slice)] as const,
      )
      assert.deepEqual(
        decoded.map(([name]) => name),
        Object.keys(given).sort(),
      )
      for (const [name, value] of decoded) assert.deepEqual(value, given[name])
    }),
  )
})

test('a content is read from a plain view into a larger buffer', () => {
  const encoded = encodeContent(
    {
      body: 'body',
      bodyMd5: md5('body'),
      senderId: 'x',
      traceHeader: undefined,
      attributes: undefined,
      attributesMd5: undefined,
    },
    4,
  )
  const around = new Uint8Array(encoded.length + 20)
  around.set(encoded, 7)
  assert.equal(new StoredContent(around.subarray(7, 7 + encoded.length)).body, 'body')
})

test('a message without attributes costs 19 bytes and its sender beside the body', () => {
  const { length } = encodeContent(
    {
      body: 'body',
      bodyMd5: md5('body'),
      senderId: 'test',
      traceHeader: undefined,
      attributes: undefined,
      attributesMd5: undefined,
    },
    4,
  )
  assert.equal(length, 19 + 4 + 4)
})

test('a content of an unknown version is never guessed at', () => {
  assert.throws(() => new StoredContent(Uint8Array.of(9, 0)), /unknown version 9/)
})
