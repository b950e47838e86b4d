import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageAttributeValue, SendMessageInput } from '../../src/sqs/api.ts'
import { StoredContent } from '../../src/sqs/content.ts'
import type { Context } from '../../src/sqs/context.ts'
import { SqsError } from '../../src/sqs/errors.ts'
import { perform } from '../../src/sqs/perform.ts'
import { contextOf, jsonRequest, scripted, serviceOf } from './scripted.ts'

type Fields = Partial<SendMessageInput>

async function send(fields: Fields, more: Partial<Context> = {}) {
  const core = scripted()
  const input = { QueueUrl: 'http://x/1/orders', MessageBody: 'body', ...fields }
  const output = await perform('SendMessage', contextOf(core.submit, more), input)
  const outgoing = core.of('send')[0]!.entries[0]!
  return { output, outgoing, content: new StoredContent(outgoing.content) }
}

async function refused(fields: Fields): Promise<SqsError> {
  const core = scripted()
  const input = { QueueUrl: 'http://x/1/orders', MessageBody: 'body', ...fields }
  const error = await perform('SendMessage', contextOf(core.submit), input).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SqsError, String(error))
  assert.deepEqual(core.of('send'), [])
  return error
}

function attribute(value: MessageAttributeValue, name = 'note'): Fields {
  return { MessageAttributes: { [name]: value } }
}

function text(StringValue: string, DataType = 'String'): MessageAttributeValue {
  return { DataType, StringValue }
}

const hex = 'InvalidMessageContents'
const contents: readonly (readonly [what: string, body: string, character: string])[] = [
  ['U+0000', 'a\0', '#x0'],
  ['U+0008', '\b', '#x8'],
  ['U+0013', 'a\u0013b', '#x13'],
  ['U+FFFF', '\uffff', '#xFFFF'],
  ['U+FFFE', '\ufffe', '#xFFFE'],
  ['a lone high surrogate', 'a\ud83eb', '#xD83E'],
  ['a lone low surrogate', '\udd80\ud83e', '#xDD80'],
]
for (const [what, body, character] of contents) {
  test(`a body with ${what} is refused`, async () => {
    const error = await refused({ MessageBody: body })
    assert.equal(error.code, hex)
    assert.ok(error.message.includes(`'${character}'`), error.message)
  })
}

test('a lone surrogate escaped in JSON is refused', async () => {
  const { response, header } = await serviceOf().ask(
    jsonRequest('SendMessage', String.raw`{"QueueUrl":"orders","MessageBody":"a\ud800"}`),
  )
  assert.equal(response.status, 400)
  assert.equal(header('x-amzn-query-error'), 'InvalidMessageContents;Sender')
})

for (const body of [
  '🦀',
  '\t\n\r',
  'a\rb\r\nc',
  '\ud7ff\ue000\ufffd',
  '\u{1fffe}',
  '\x7f',
  ' ',
  '&quot;"<>',
]) {
  test(`a body ${JSON.stringify(body)} is accepted and kept`, async () => {
    const { content } = await send({ MessageBody: body })
    assert.equal(content.body, body)
  })
}

for (const body of ['', undefined]) {
  test(`a body that is ${body === '' ? 'empty' : 'left out'} is a missing parameter`, async () => {
    const error = await refused({ MessageBody: body as string })
    assert.equal(error.code, 'MissingParameter')
    assert.equal(error.shape, 'MissingRequiredParameterException')
    assert.equal(error.message, 'The request must contain the parameter MessageBody.')
  })
}

const invalid: readonly (readonly [what: string, fields: Fields, text: string | RegExp])[] = [
  [
    'a delay of -1',
    { DelaySeconds: -1 },
    'Value -1 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.',
  ],
  ['a delay of 901', { DelaySeconds: 901 }, /^Value 901 for parameter DelaySeconds is invalid\./],
  ['a delay of half a second', { DelaySeconds: 0.5 }, /^Value 0\.5 for parameter DelaySeconds/],
  [
    'a group id with a blank',
    { MessageGroupId: 'a b' },
    'Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.',
  ],
  ['an empty group id', { MessageGroupId: '' }, /MessageGroupId can only include/],
  ['a group id of 129', { MessageGroupId: 'x'.repeat(129) }, /MessageGroupId can only include/],
  ['a group id with a line feed at its end', { MessageGroupId: 'x\n' }, /MessageGroupId can only include/],
  ['a deduplication id with ü', { MessageDeduplicationId: 'ü' }, /MessageDeduplicationId can only include/],
  [
    'an empty String',
    attribute(text('')),
    "Message (user) attribute 'note' must contain a non-empty value of type 'String'.",
  ],
  [
    'a String without a value',
    attribute({ DataType: 'String.json' }),
    "Message (user) attribute 'note' must contain a non-empty value of type 'String'.",
  ],
  [
    'an empty Binary',
    attribute({ DataType: 'Binary', BinaryValue: new Uint8Array() }),
    "Message (user) attribute 'note' must contain a non-empty value of type 'Binary'.",
  ],
  ['an empty Number', attribute(text('', 'Number')), /non-empty value of type 'Number'/],
  ['a String with U+0008', attribute(text('a\b')), /not allowed/],
  ['a String with U+000B', attribute(text('\v')), /not allowed/],
  [
    'a type that begins with none of the three',
    attribute(text('x', 'Date'), 'when'),
    "The message attribute 'when' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.",
  ],
  ['a type that only looks like one', attribute(text('x', 'Stringy')), /supported type prefixes/],
  ['a type in lower case', attribute(text('x', 'string')), /supported type prefixes/],
  ['an empty type', attribute(text('x', '')), /non-empty message attribute type/],
  ['no type', attribute({ StringValue: 'x' }), /non-empty message attribute type/],
  ['a type of 257 characters', attribute(text('x', `String.${'x'.repeat(250)}`)), /longer than 256/],
  ['an empty name', attribute(text('x'), ''), /attribute name ''/],
  ['a name with a dot before it', attribute(text('x'), '.a'), /attribute name/],
  ['a name with a dot after it', attribute(text('x'), 'a.'), /attribute name/],
  ['a name with two dots together', attribute(text('x'), 'a..b'), /attribute name/],
  ['a name with a blank', attribute(text('x'), 'a b'), /attribute name/],
  ['a name of 257 characters', attribute(text('x'), 'a'.repeat(257)), /longer than 256/],
  ['a name that begins with AWS.', attribute(text('x'), 'AWS.x'), /reserved/],
  ['a name that begins with amazon.', attribute(text('x'), 'aMaZoN.x'), /reserved/],
  [
    'eleven attributes',
    { MessageAttributes: Object.fromEntries([...'abcdefghijk'].map((name) => [name, text('x')])) },
    'Number of message attributes [11] exceeds the allowed maximum [10].',
  ],
  [
    'a system attribute that SQS does not know',
    { MessageSystemAttributes: { Foo: text('x') } },
    "Message system attribute name 'Foo' is invalid.",
  ],
  [
    'a trace header that is a Number',
    { MessageSystemAttributes: { AWSTraceHeader: text('1', 'Number') } },
    /must be of type 'String'/,
  ],
]
for (const [what, fields, message] of invalid) {
  test(`a message with ${what} is refused`, async () => {
    const error = await refused(fields)
    assert.equal(error.code, 'InvalidParameterValue')
    assert.equal(error.shape, 'InvalidParameterValueException')
    if (typeof message === 'string') assert.equal(error.message, message)
    else assert.match(error.message, message)
  })
}

for (const number of [
  'x',
  '1e',
  '0x10',
  ' 1',
  '1 ',
  '--1',
  '1e127',
  '-1e129',
  '1e999999999',
  '.',
  `1${'2'.repeat(38)}`,
  'NaN',
  'Infinity',
  '１',
]) {
  test(`"${number}" is no Number`, async () => {
    assert.match((await refused(attribute(text(number, 'Number.int')))).message, /^Can't cast the value/)
  })
}
for (const number of [
  '0',
  '-1',
  '+7',
  '1.5',
  '.5',
  '5.',
  '1e126',
  '-1e128',
  '1E-128',
  '0'.repeat(50),
  '9'.repeat(38),
  `1${'0'.repeat(60)}`,
]) {
  test(`"${number}" is a Number`, async () => {
    await send(attribute(text(number, 'Number')))
  })
}

for (const name of [
  'a',
  'A.b-c_9',
  'attr.1øßä',
  '__proto__',
  'constructor',
  'aws',
  'AWSx.y',
  'a'.repeat(256),
]) {
  test(`an attribute may be named ${name.slice(0, 20)}`, async () => {
    const { output } = await send(attribute(text('x'), name))
    assert.match(output.MD5OfMessageAttributes!, /^[0-9a-f]{32}$/)
  })
}

test('list values are not supported', async () => {
  const error = await refused(attribute({ ...text('x'), StringListValues: ['a'] }))
  assert.equal(error.code, 'AWS.SimpleQueueService.UnsupportedOperation')
})

test('ids may hold all the punctuation that SQS names, and be 128 long', async () => {
  const punctuation = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'
  const { outgoing } = await send({ MessageGroupId: punctuation, MessageDeduplicationId: 'x'.repeat(128) })
  assert.equal(outgoing.group, punctuation)
  assert.equal(outgoing.dedupId, 'x'.repeat(128))
})

test('the size is counted in bytes: the body, and names, types and values of attributes', async () => {
  const { outgoing } = await send({
    MessageBody: 'grüße',
    MessageAttributes: {
      größe: text('groß', 'String.ü'),
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array(100) },
    },
    MessageSystemAttributes: { AWSTraceHeader: text('x'.repeat(1000)) },
  })
  assert.equal(outgoing.size, 7 + (7 + 9 + 5) + (3 + 6 + 100))
})

test('a trace header comes from the system attribute, and is hashed', async () => {
  const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  const system = { MessageSystemAttributes: { AWSTraceHeader: text(trace) } }
  const { output, content } = await send(system, { traceHeader: 'Root=other' })
  assert.equal(content.traceHeader, trace)
  assert.equal(output.MD5OfMessageSystemAttributes, '5ae4d5d7636402d80f4eb6d213245a88')
})

test('a trace header comes from the HTTP header else, and is not hashed', async () => {
  const service = serviceOf()
  const { json } = await service.ask(
    jsonRequest(
      'SendMessage',
      { QueueUrl: 'orders', MessageBody: 'x' },
      { headers: { 'X-Amzn-Trace-Id': 'Root=1' } },
    ),
  )
  assert.equal(json.MD5OfMessageSystemAttributes, undefined)
  const content = new StoredContent(service.of('send')[0]!.entries[0]!.content)
  assert.equal(content.traceHeader, 'Root=1')
})

test('the sender is the access key of the signature, else the account', async () => {
  assert.equal((await send({})).content.senderId, '000000000000')
  const caller = { accessKeyId: 'AKID', region: 'x', account: '000000000000' }
  assert.equal((await send({}, { caller })).content.senderId, 'AKID')
})

test('only for a FIFO queue and without an id the content is hashed', async () => {
  const fifo = { QueueUrl: 'orders.fifo', MessageGroupId: 'g' }
  const sha256 = '230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5'
  assert.equal((await send(fifo)).outgoing.contentHash, sha256)
  assert.equal((await send({ ...fifo, MessageDeduplicationId: 'd' })).outgoing.contentHash, undefined)
  assert.equal((await send({})).outgoing.contentHash, undefined)
})

test('pabal.priority is a whole Number from 0 to 9', async () => {
  for (const value of ['0', '9']) {
    const { outgoing } = await send(attribute(text(value, 'Number'), 'pabal.priority'))
    assert.equal(outgoing.priority, Number(value))
  }
  assert.equal((await send({})).outgoing.priority, undefined)
  for (const wrong of [text('10', 'Number'), text('-1', 'Number'), text('1.5', 'Number'), text('5')]) {
    const error = await refused(attribute(wrong, 'pabal.priority'))
    assert.equal(error.code, 'InvalidParameterValue')
    assert.match(error.message, /'pabal.priority' must be a Number, whole, from 0 to 9/)
  }
})

test('an attribute in the name of Pabal that it does not know is refused', async () => {
  assert.match(
    (await refused(attribute(text('5', 'Number'), 'pabal.prioritty'))).message,
    /not known to this broker/,
  )
})

test('a FIFO send is answered with a sequence number of 20 digits', async () => {
  const core = scripted({ send: () => ({ results: [{ messageId: 'id', seq: 1234, fifo: true }] }) })
  const output = await perform('SendMessage', contextOf(core.submit), {
    QueueUrl: 'q.fifo',
    MessageBody: 'x',
  })
  assert.equal(output.SequenceNumber, '00000000000000001234')
})
