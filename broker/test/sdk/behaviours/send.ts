/** Sending one message (S). */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { MessageAttributeValue } from '@aws-sdk/client-sqs'
import type { Output } from '../client.ts'
import { xmlText } from '../query-client.ts'
import { EVERY_SYSTEM_ATTRIBUTE } from '../queue.ts'
import { formRequest, jsonRequest } from '../raw.ts'
import { refused, refusedSomehow } from '../refusal.ts'
import { jsonTest, queryTest, test } from '../scene.ts'

type Attributes = Record<string, MessageAttributeValue>

const MESSAGE_BYTES_MAX = 1_048_576
const TOO_LONG = 'One or more parameters are invalid. Reason: Message must be shorter than'
const TRACE = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
const TRACE_MD5 = '5ae4d5d7636402d80f4eb6d213245a88'
const ALL = { MessageAttributeNames: ['All'] }

const md5 = (text: string): string => createHash('md5').update(text).digest('hex')
const text = (StringValue: string, DataType = 'String'): MessageAttributeValue => ({ DataType, StringValue })
const bytes = (DataType: string, ...values: number[]): MessageAttributeValue => ({
  DataType,
  BinaryValue: Uint8Array.from(values),
})

test('S1 a send without attributes is answered with the id and the MD5 of the body', async (scene) => {
  const queue = await scene.queue()
  const sent = await queue.send('hello')
  assert.deepEqual(Object.keys(sent).sort(), ['MD5OfMessageBody', 'MessageId'])
  assert.equal(sent.MD5OfMessageBody, md5('hello'))
  assert.doesNotMatch(scene.sqs.lastWire().body, /MD5OfMessageAttributes|MD5OfMessageSystem|SequenceNumber/)
})

test('S2 two attributes are answered with their MD5 and received as sent', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = { General: text('Kenobi'), Hello: text('There') }
  const sent = await queue.send('x', { MessageAttributes })
  assert.equal(sent.MD5OfMessageAttributes, 'fca026605781cb4126a1e9044df24232')
  const got = await queue.receiveOne(ALL)
  assert.deepEqual(got.MessageAttributes, MessageAttributes)
  assert.equal(got.MD5OfMessageAttributes, sent.MD5OfMessageAttributes)
  assert.equal(got.MessageId, sent.MessageId)
})

const vectors: readonly [string, Attributes][] = [
  ['235c5c510d26fb653d073faed50ae77c', { timestamp: text('1493147359900', 'Number') }],
  [
    '4c360f3fdafd970e05fae2f149d997f5',
    { General: text('Kenobi'), Hello: text('There'), 'Help.Me': text('Me') },
  ],
  ['a311262e065454b75da111d535b8dacd', { Hello: text('There') }],
  ['83fee93c1bcd8b9a5a923ffacdc636c7', { 'Help.Me': text('Me'), Hello: text('There') }],
  ['adb59cd4678ea5a855436b949cd07ab6', { MyAttribute: text('foobar') }],
  [
    '8cbe4db156db8a94db8b801b7addb984',
    {
      attr1: {
        DataType: 'Binary',
        BinaryValue: new TextEncoder().encode(
          'traceparent\u001e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01',
        ),
      },
    },
  ],
]
for (const [expected, MessageAttributes] of vectors) {
  const names = Object.keys(MessageAttributes).join(', ')
  test(`S3 the attributes ${names} have AWS's MD5 ${expected}`, async (scene) => {
    const queue = await scene.queue()
    assert.equal((await queue.send('x', { MessageAttributes })).MD5OfMessageAttributes, expected)
    const got = await queue.receiveOne(ALL)
    assert.equal(got.MD5OfMessageAttributes, expected)
    assert.deepEqual(got.MessageAttributes, MessageAttributes)
  })
}

const suffixed: readonly [string, Attributes][] = [
  ['04239769eeaa3d315221213ef879743d', { colour: text('#0ff', 'String.hex') }],
  ['aa3e5e5a8e1fc257c79bab7eb511de4f', { count: text('7', 'Number.int') }],
  [
    '7427d48d127cb1d3b8ec722f32584c43',
    { colour: text('teal'), count: text('7', 'Number.int'), raw: bytes('Binary.png', 0, 1, 255) },
  ],
]
for (const [expected, MessageAttributes] of suffixed) {
  const types = Object.values(MessageAttributes).map((value) => value.DataType)
  test(`S4 the types ${types.join(', ')} are hashed and returned with their suffix`, async (scene) => {
    const queue = await scene.queue()
    assert.equal((await queue.send('x', { MessageAttributes })).MD5OfMessageAttributes, expected)
    const got = await queue.receiveOne(ALL)
    assert.equal(got.MD5OfMessageAttributes, expected)
    assert.deepEqual(got.MessageAttributes, MessageAttributes)
  })
}

test('S5 an empty body is refused, and so is none', async (scene) => {
  const queue = await scene.queue()
  const expected = 'The request must contain the parameter MessageBody.'
  await refused(queue.send(''), 'MissingParameter', expected)
  const none = scene.sqs.call('SendMessage', { QueueUrl: queue.url, MessageBody: undefined })
  await refused(none, 'MissingParameter', expected)
})

test('S6 a body and an attribute of 1,048,577 bytes together are too long', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = { name: text('value') }
  const body = 'x'.repeat(MESSAGE_BYTES_MAX + 1 - 'nameStringvalue'.length)
  const expected = `${TOO_LONG} 1048576 bytes.`
  await refused(queue.send(body, { MessageAttributes }), 'InvalidParameterValue', expected)
})

test('S7 exactly 1,048,576 bytes are accepted, a Binary value counted raw', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = { raw: { DataType: 'Binary', BinaryValue: new Uint8Array(9000).fill(7) } }
  const body = 'x'.repeat(MESSAGE_BYTES_MAX - 'rawBinary'.length - 9000)
  await queue.send(body, { MessageAttributes })
  const got = await queue.receiveOne(ALL)
  assert.equal(got.Body, body)
  assert.deepEqual(got.MessageAttributes, MessageAttributes)
  await refused(queue.send(`${body}x`, { MessageAttributes }), 'InvalidParameterValue')
})

test('S7 bytes of UTF-8 are counted and not characters', async (scene) => {
  const queue = await scene.queue({ MaximumMessageSize: '1024' })
  await queue.send('ü'.repeat(512))
  await queue.send('🦀'.repeat(256))
  await refused(queue.send('ü'.repeat(513)), 'InvalidParameterValue')
  await refused(queue.send('🦀'.repeat(257)), 'InvalidParameterValue')
})

test("S8 the queue's own MaximumMessageSize holds, to the byte", async (scene) => {
  const queue = await scene.queue({ MaximumMessageSize: '2000' })
  await queue.send('x'.repeat(2000))
  await refused(queue.send('x'.repeat(2001)), 'InvalidParameterValue', `${TOO_LONG} 2000 bytes.`)
})

for (const character of ['\u0000', '\u0008', '\u0013', '\uffff']) {
  const shown = character.codePointAt(0)?.toString(16).padStart(4, '0')
  test(`S9 a body with U+${shown} is refused`, async (scene) => {
    const queue = await scene.queue()
    await refused(queue.send(`a${character}b`), 'InvalidMessageContents')
    assert.equal((await queue.counts()).visible, 0)
  })
}

jsonTest('S10 a lone surrogate is refused', async (scene) => {
  const queue = await scene.queue()
  for (const body of ['a\ud83d', '\udc00b', '\udc00\ud800']) {
    await refused(queue.send(body), 'InvalidMessageContents')
  }
})

queryTest('S10 a lone surrogate, which UTF-8 cannot say, is refused', async (scene) => {
  const queue = await scene.queue()
  const form = formRequest({ Action: 'SendMessage', QueueUrl: queue.url })
  const reply = await scene.raw({ ...form, body: `${form.body}&MessageBody=a%ED%A0%BDb` })
  assert.equal(reply.status, 400, reply.body)
  assert.match(reply.body, /<Code>Invalid/)
})

test('S10 S11 every allowed character comes back byte for byte', async (scene) => {
  const queue = await scene.queue()
  const bodies = [
    'a\rb',
    'a\r\nb\n',
    '\t indented \t',
    '"double" and \'single\' quotes',
    'a literal &quot; and &amp;lt;',
    '<a href="x">&</a> ]]>',
    'grüße 日本語 파발',
    '🦀👩‍👩‍👧 \u{10000} \u{10ffff}',
    '\ud7ff\ue000\ufffd\u0085\u2028\ufeff',
  ]
  for (const body of bodies) {
    const sent = await queue.send(body)
    assert.equal(sent.MD5OfMessageBody, md5(body))
    const got = await queue.receiveOne()
    assert.equal(got.Body, body)
    assert.equal(got.MD5OfBody, sent.MD5OfMessageBody)
  }
})

/** By hand, because version 2 of the SDK drops a text of blanks and then misses its MD5. */
test('S11 a body of blanks alone comes back', async (scene) => {
  const queue = await scene.queue()
  for (const body of [' ', '\t', '\n', ' \r\n ']) {
    await queue.send(body)
    const QueueUrl = queue.url
    const form = formRequest({ Action: 'ReceiveMessage', QueueUrl })
    const reply = await scene.raw(
      scene.protocol === 'JSON' ? jsonRequest('ReceiveMessage', { QueueUrl }) : form,
    )
    const got =
      scene.protocol === 'JSON'
        ? (JSON.parse(reply.body) as Output<'ReceiveMessage'>).Messages?.[0]?.Body
        : xmlText(reply.body, 'Body')
    assert.equal(got, body)
  }
})

queryTest('S11 a CR is escaped in XML', async (scene) => {
  const queue = await scene.queue()
  await queue.send('a\rb')
  await queue.receiveOne()
  assert.match(scene.sqs.lastWire().body, /<Body>a&#(13|x[dD]);b<\/Body>/)
})

test('S12 a delayed message is not there at once, and a long poll gets it', async (scene) => {
  const queue = await scene.queue()
  await queue.send('later', { DelaySeconds: 1 })
  assert.equal(await queue.bodies(), '')
  const poll = await queue.poll(2)
  await scene.advance('900ms')
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await scene.advance('100ms')
  assert.equal((await poll.answer)[0]?.Body, 'later')
})

test("S13 a message's own delay beats the queue's, 0 too", async (scene) => {
  const queue = await scene.queue({ DelaySeconds: '10' })
  await queue.send('queue')
  await queue.send('own', { DelaySeconds: 20 })
  await queue.send('now', { DelaySeconds: 0 })
  assert.equal(await queue.bodies(), 'now')
  await scene.advance('10s')
  assert.equal(await queue.bodies(), 'queue')
  await scene.advance('9s')
  assert.equal(await queue.bodies(), '')
  await scene.advance('1s')
  assert.equal(await queue.bodies(), 'own')
})

test('S13 a delay of 900 s is accepted, of −1 and 901 refused', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x', { DelaySeconds: 900 })
  for (const DelaySeconds of [-1, 901]) {
    await refused(queue.send('x', { DelaySeconds }), 'InvalidParameterValue', new RegExp(`${DelaySeconds}`))
  }
})

test('S14 an empty String attribute is refused', async (scene) => {
  const queue = await scene.queue()
  const expected = "Message (user) attribute 'note' must contain a non-empty value of type 'String'."
  const empty = queue.send('x', { MessageAttributes: { note: text('') } })
  await refused(empty, 'InvalidParameterValue', expected)
})

test('S15 a String attribute with U+0008 or U+000B is refused', async (scene) => {
  const queue = await scene.queue()
  for (const value of ['a\u0008', '\u000bb']) {
    await refused(queue.send('x', { MessageAttributes: { note: text(value) } }), 'InvalidParameterValue')
  }
})

test('S16 a DataType of no known kind is refused', async (scene) => {
  const queue = await scene.queue()
  const expected =
    "The message attribute 'when' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."
  const send = queue.send('x', { MessageAttributes: { when: text('now', 'Date') } })
  await refused(send, 'InvalidParameterValue', expected)
})

const badAttributes: Readonly<Record<string, Attributes>> = {
  'an empty DataType': { a: text('x', '') },
  'an empty Number': { a: text('', 'Number') },
  'an empty Binary': { a: bytes('Binary') },
  'a Number that does not parse': { a: text('seven', 'Number') },
  'a Number above 10^126': { a: text('1e127', 'Number') },
  'a Number below −10^128': { a: text('-1e129', 'Number') },
  'a leading dot': { '.a': text('x') },
  'a trailing dot': { 'a.': text('x') },
  'a double dot': { 'a..b': text('x') },
  'a name beginning with AWS.': { 'AWS.a': text('x') },
  'a name beginning with aws.': { 'aws.a': text('x') },
  'a name beginning with Amazon.': { 'aMazon.a': text('x') },
  'a blank in a name': { 'a b': text('x') },
  'a name of 257 characters': { ['n'.repeat(257)]: text('x') },
}
for (const [what, MessageAttributes] of Object.entries(badAttributes)) {
  test(`S17 ${what} is refused`, async (scene) => {
    const queue = await scene.queue()
    await refused(queue.send('x', { MessageAttributes }), 'InvalidParameterValue')
    assert.equal((await queue.counts()).visible, 0)
  })
}

const attributesNumbered = (count: number): Attributes =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]))

test('S17 ten attributes are accepted, eleven refused', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x', { MessageAttributes: attributesNumbered(10) })
  assert.equal(Object.keys((await queue.receiveOne(ALL)).MessageAttributes ?? {}).length, 10)
  const eleven = queue.send('x', { MessageAttributes: attributesNumbered(11) })
  const expected = 'Number of message attributes [11] exceeds the allowed maximum [10].'
  await refused(eleven, 'InvalidParameterValue', expected)
})

test('S17 letters of both cases, digits, _ - and . are accepted in a name', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = {
    'aZ09_-.b': text('x'),
    number: text('-12.5e-7', 'Number'),
    ['n'.repeat(256)]: text('x'),
  }
  await queue.send('x', { MessageAttributes })
  assert.deepEqual((await queue.receiveOne(ALL)).MessageAttributes, MessageAttributes)
})

test('S18 a name with letters beyond ASCII is accepted', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = { 'attr.1øßä': text('grün') }
  await queue.send('x', { MessageAttributes })
  assert.deepEqual((await queue.receiveOne(ALL)).MessageAttributes, MessageAttributes)
})

test('S19 the trace header of the HTTP request becomes AWSTraceHeader', async (scene) => {
  const queue = await scene.queue()
  const input = { QueueUrl: queue.url, MessageBody: 'x', MessageAttributes: { Hello: text('There') } }
  const sent = await scene.sqs.call('SendMessage', input, { headers: { 'X-Amzn-Trace-Id': TRACE } })
  assert.equal(sent.MD5OfMessageAttributes, 'a311262e065454b75da111d535b8dacd')
  const got = await queue.receiveOne({ ...ALL, MessageSystemAttributeNames: ['AWSTraceHeader'] })
  assert.deepEqual(got.Attributes, { AWSTraceHeader: TRACE })
  assert.deepEqual(got.MessageAttributes, { Hello: text('There') })
  assert.equal(got.MD5OfMessageAttributes, sent.MD5OfMessageAttributes)
})

test('S20 AWSTraceHeader as a system attribute has an MD5 and no size', async (scene) => {
  const queue = await scene.queue()
  const body = 'x'.repeat(MESSAGE_BYTES_MAX)
  const sent = await queue.send(body, { MessageSystemAttributes: { AWSTraceHeader: text(TRACE) } })
  assert.equal(sent.MD5OfMessageSystemAttributes, TRACE_MD5)
  assert.equal(sent.MD5OfMessageAttributes, undefined)
  const got = await queue.receiveOne({ ...ALL, MessageSystemAttributeNames: ['AWSTraceHeader'] })
  assert.deepEqual(got.Attributes, { AWSTraceHeader: TRACE })
  assert.equal(got.MessageAttributes, undefined)
  assert.equal(got.Body, body)
})

test('S20 a system attribute other than AWSTraceHeader is refused', async (scene) => {
  const queue = await scene.queue()
  const MessageSystemAttributes = { Other: text('x') } as Record<string, MessageAttributeValue>
  await refusedSomehow(queue.send('x', { MessageSystemAttributes }))
})

test("S21 in a batch an entry's own trace header wins over the request's", async (scene) => {
  const queue = await scene.fifo()
  const entry = (Id: string): object => ({
    Id,
    MessageBody: Id,
    MessageGroupId: 'a',
    MessageDeduplicationId: Id,
  })
  const own = { MessageSystemAttributes: { AWSTraceHeader: text('Root=own') } }
  const Entries = [{ ...entry('plain') }, { ...entry('own'), ...own }] as {
    Id: string
    MessageBody: string
  }[]
  const options = { headers: { 'X-Amzn-Trace-Id': TRACE } }
  const sent = await scene.sqs.call('SendMessageBatch', { QueueUrl: queue.url, Entries }, options)
  assert.equal(sent.Successful?.length, 2)
  const got = await queue.receive(10, EVERY_SYSTEM_ATTRIBUTE)
  assert.deepEqual(
    got.map((message) => [message.Body, message.Attributes?.AWSTraceHeader]),
    [
      ['plain', TRACE],
      ['own', 'Root=own'],
    ],
  )
})

test('S21 without any trace header none is made up', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  assert.equal((await queue.receiveOne(EVERY_SYSTEM_ATTRIBUTE)).Attributes?.AWSTraceHeader, undefined)
})

jsonTest('S5 a body that is no text is refused', async (scene) => {
  const queue = await scene.queue()
  for (const MessageBody of [1, true, {}, ['x']]) {
    const reply = await scene.raw(jsonRequest('SendMessage', { QueueUrl: queue.url, MessageBody }))
    assert.equal(reply.status, 400, reply.body)
  }
  assert.equal((await queue.counts()).visible, 0)
})
