import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageAttributes } from '../../src/sqs/api.ts'
import { attributesMd5, md5 } from '../../src/sqs/md5.ts'

function text(value: string, type = 'String'): MessageAttributes[string] {
  return { DataType: type, StringValue: value }
}

const kenobi = { General: text('Kenobi'), Hello: text('There'), 'Help.Me': text('Me') }
const traceparent = Buffer.concat([
  Buffer.from('traceparent'),
  Buffer.from([0x1e]),
  Buffer.from('00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01'),
])
const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'

/** Recorded from AWS, but for the last three, which follow from its rule. */
const vectors: readonly (readonly [string, MessageAttributes])[] = [
  ['4c360f3fdafd970e05fae2f149d997f5', kenobi],
  ['fca026605781cb4126a1e9044df24232', { General: kenobi.General, Hello: kenobi.Hello }],
  ['a311262e065454b75da111d535b8dacd', { Hello: kenobi.Hello }],
  ['83fee93c1bcd8b9a5a923ffacdc636c7', { Hello: kenobi.Hello, 'Help.Me': kenobi['Help.Me'] }],
  ['adb59cd4678ea5a855436b949cd07ab6', { MyAttribute: text('foobar') }],
  ['8cbe4db156db8a94db8b801b7addb984', { attr1: { DataType: 'Binary', BinaryValue: traceparent } }],
  ['5ae4d5d7636402d80f4eb6d213245a88', { AWSTraceHeader: text(trace) }],
  ['235c5c510d26fb653d073faed50ae77c', { timestamp: text('1493147359900', 'Number') }],
  ['04239769eeaa3d315221213ef879743d', { colour: text('#0ff', 'String.hex') }],
  ['aa3e5e5a8e1fc257c79bab7eb511de4f', { count: text('7', 'Number.int') }],
  [
    '7427d48d127cb1d3b8ec722f32584c43',
    {
      raw: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(0, 1, 255) },
      count: text('7', 'Number.int'),
      colour: text('teal'),
    },
  ],
]

for (const [expected, attributes] of vectors) {
  test(`attributes ${Object.keys(attributes).join(', ')} have the MD5 that AWS gives them: ${expected}`, () => {
    assert.equal(attributesMd5(attributes), expected)
  })
}

test('the MD5 of a body is that of its UTF-8', () => {
  assert.equal(md5('This is a test message'), 'fafb00f5732ab283681e124bf8747ed1')
  assert.equal(md5('grüße 🦀'), md5(Buffer.from('grüße 🦀')))
})
