import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivered } from '../../src/queue/command.ts'
import { ATTRIBUTE_NAMES_ASKED_MAX } from '../../src/queue/limits.ts'
import type { MessageAttributes, ReceiveMessageInput } from '../../src/sqs/api.ts'
import { encodeAttributes } from '../../src/sqs/attribute-layout.ts'
import { encodeContent } from '../../src/sqs/content.ts'
import { SqsError } from '../../src/sqs/errors.ts'
import { attributesMd5, md5 } from '../../src/sqs/md5.ts'
import { perform } from '../../src/sqs/perform.ts'
import { contextOf, deliveredOf, jsonRequest, scripted, serviceOf } from './scripted.ts'

type Asked = Partial<ReceiveMessageInput>

const attributes: MessageAttributes = {
  Kind: { DataType: 'String', StringValue: 'order' },
  'Key.Id': { DataType: 'Number.int', StringValue: '7' },
  Place: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2) },
}

function content(traceHeader?: string): Uint8Array {
  const layout = encodeAttributes(attributes)
  return encodeContent(
    {
      body: 'body',
      bodyMd5: md5('body'),
      senderId: 'AKID',
      traceHeader,
      attributes: layout,
      attributesMd5: md5(layout),
    },
    4,
  )
}

async function receive(asked: Asked, delivered: Partial<Delivered> = {}, trace?: string) {
  const core = scripted({ receive: () => ({ messages: [deliveredOf(content(trace), delivered)] }) })
  const { Messages } = await perform('ReceiveMessage', contextOf(core.submit), {
    QueueUrl: 'orders',
    ...asked,
  })
  return Messages![0]!
}

test('without options a message has exactly id, handle, MD5 and body', async () => {
  assert.deepEqual(await receive({}), {
    MessageId: 'id-0',
    ReceiptHandle: 'receipt-0',
    MD5OfBody: md5('body'),
    Body: 'body',
  })
})

const filters: readonly (readonly [asked: readonly string[], returned: readonly string[]])[] = [
  [[], []],
  [['All'], ['Key.Id', 'Kind', 'Place']],
  [['.*'], ['Key.Id', 'Kind', 'Place']],
  [['*'], ['Key.Id', 'Kind', 'Place']],
  [
    ['x', 'All'],
    ['Key.Id', 'Kind', 'Place'],
  ],
  [
    ['Kind', 'Place'],
    ['Kind', 'Place'],
  ],
  [['Kind', 'Unknown'], ['Kind']],
  [['K.*'], ['Key.Id', 'Kind']],
  [['Key.*'], ['Key.Id']],
  [['Key'], []],
  [['Unknown'], []],
  [['AWS.', '..x', ''], []],
]
for (const [asked, returned] of filters) {
  test(`asking for ${JSON.stringify(asked)} returns ${returned.join(', ') || 'none'}, and the MD5 of these`, async () => {
    const message = await receive({ MessageAttributeNames: asked })
    const expected = Object.fromEntries(returned.map((name) => [name, attributes[name]!]))
    assert.deepEqual(message.MessageAttributes, returned.length === 0 ? undefined : expected)
    assert.equal(message.MD5OfMessageAttributes, returned.length === 0 ? undefined : attributesMd5(expected))
    assert.equal(message.Attributes, undefined)
  })
}

const four = {
  SenderId: 'AKID',
  SentTimestamp: '1700000000123',
  ApproximateReceiveCount: '1',
  ApproximateFirstReceiveTimestamp: '1700000000456',
}

test('All system attributes of a message on a standard queue are four', async () => {
  for (const asked of [{ AttributeNames: ['All'] }, { MessageSystemAttributeNames: ['All'] }]) {
    assert.deepEqual((await receive(asked)).Attributes, four)
  }
})

test('old and new member count together', async () => {
  const asked = { AttributeNames: ['SenderId'], MessageSystemAttributeNames: ['ApproximateReceiveCount'] }
  assert.deepEqual((await receive(asked)).Attributes, { SenderId: 'AKID', ApproximateReceiveCount: '1' })
  const all = { AttributeNames: ['SenderId'], MessageSystemAttributeNames: ['All'] }
  assert.deepEqual((await receive(all)).Attributes, four)
})

test('on a FIFO queue there are three more, and each can be asked for alone', async () => {
  const fifo = { fifo: true, group: 'g', dedupId: 'd', seq: 42 }
  const seven = {
    ...four,
    SequenceNumber: '00000000000000000042',
    MessageDeduplicationId: 'd',
    MessageGroupId: 'g',
  }
  assert.deepEqual((await receive({ AttributeNames: ['All'] }, fifo)).Attributes, seven)
  for (const [name, value] of Object.entries(seven)) {
    assert.deepEqual((await receive({ AttributeNames: [name] }, fifo)).Attributes, { [name]: value })
  }
})

test('a trace header and a dead-letter source come back where there are any', async () => {
  const message = await receive({ AttributeNames: ['All'] }, { deadLetterSource: 'source' }, 'Root=1')
  assert.deepEqual(message.Attributes, {
    ...four,
    AWSTraceHeader: 'Root=1',
    DeadLetterQueueSourceArn: 'arn:aws:sqs:eu-central-1:000000000000:source',
  })
})

test('names of system attributes that there are not select nothing', async () => {
  assert.equal((await receive({ AttributeNames: ['Foo', 'Policy', ''] })).Attributes, undefined)
})

const wrong: readonly (readonly [what: string, Asked, text: string])[] = [
  [
    '11 messages',
    { MaxNumberOfMessages: 11 },
    'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
  ],
  [
    '0 messages',
    { MaxNumberOfMessages: 0 },
    'Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
  ],
  [
    'a wait of 21 s',
    { WaitTimeSeconds: 21 },
    'Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
  ],
  [
    'a wait of -1 s',
    { WaitTimeSeconds: -1 },
    'Value -1 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.',
  ],
  [
    'a visibility of 43201 s',
    { VisibilityTimeout: 43_201 },
    'Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.',
  ],
  [
    'an attempt id with a blank',
    { ReceiveRequestAttemptId: 'a b' },
    'Value a b for parameter ReceiveRequestAttemptId is invalid. Reason: ReceiveRequestAttemptId can only include alphanumeric and punctuation characters. 1 to 128 in length.',
  ],
  [
    '1001 attribute names',
    { MessageAttributeNames: Array.from({ length: 1001 }, () => 'x') },
    'MessageAttributeNames can hold at most 1000 names. You have sent 1001.',
  ],
]
for (const [what, asked, text] of wrong) {
  test(`a receive of ${what} is refused`, async () => {
    const core = scripted()
    await assert.rejects(
      perform('ReceiveMessage', contextOf(core.submit), { QueueUrl: 'orders', ...asked }),
      (error) =>
        error instanceof SqsError && error.code === 'InvalidParameterValue' && error.message === text,
    )
    assert.deepEqual(core.of('receive'), [])
  })
}

test('what is not given is left to the queue, and zero is given', async () => {
  const core = scripted()
  const context = contextOf(core.submit)
  await perform('ReceiveMessage', context, { QueueUrl: 'q' })
  await perform('ReceiveMessage', context, {
    QueueUrl: 'q',
    MaxNumberOfMessages: 10,
    VisibilityTimeout: 0,
    WaitTimeSeconds: 0,
    ReceiveRequestAttemptId: 'a',
  })
  assert.deepEqual(core.commands, [
    { kind: 'receive', queue: 'q', max: 1 },
    { kind: 'receive', queue: 'q', max: 10, visibilitySeconds: 0, waitSeconds: 0, attemptId: 'a' },
  ])
})

test('a receive that may wait ends when its client hangs up', async () => {
  const signals: (AbortSignal | undefined)[] = []
  const service = serviceOf({
    receive: (_, signal) => {
      signals.push(signal)
      return { messages: [] }
    },
  })
  const waiting = jsonRequest('ReceiveMessage', { QueueUrl: 'q', WaitTimeSeconds: 5 })
  await service.ask(waiting)
  await service.ask(jsonRequest('ReceiveMessage', { QueueUrl: 'q', WaitTimeSeconds: 0 }))
  assert.deepEqual(signals, [waiting.signal, undefined])
})

test('messages for a client that has gone are given back', async () => {
  const messages = [deliveredOf(content()), deliveredOf(content(), { receipt: 'receipt-1' })]
  const service = serviceOf({ receive: () => ({ messages }) })
  const { response } = await service.ask(jsonRequest('ReceiveMessage', { QueueUrl: 'http://x/1/orders' }))
  response.undelivered!()
  assert.deepEqual(service.of('undoReceive'), [
    { kind: 'undoReceive', queue: 'orders', receipts: ['receipt-0', 'receipt-1'] },
  ])
})

test('an empty receive has nothing to give back', async () => {
  const { response } = await serviceOf().ask(jsonRequest('ReceiveMessage', { QueueUrl: 'orders' }))
  assert.equal(response.undelivered, undefined)
})

test('a receive that cannot be undone is logged', async () => {
  const service = serviceOf({
    receive: () => ({ messages: [deliveredOf(content())] }),
    undoReceive: () => Promise.reject(new Error('closing')),
  })
  const { response } = await service.ask(jsonRequest('ReceiveMessage', { QueueUrl: 'orders' }))
  response.undelivered!()
  await new Promise(setImmediate)
  assert.deepEqual(
    service.logged.map((line) => line.event),
    ['undo_receive_failed'],
  )
})

test('more attribute names than anybody has are refused', async () => {
  const names = Array.from({ length: ATTRIBUTE_NAMES_ASKED_MAX + 1 }, (_, index) => `a${index}`)
  for (const member of ['MessageAttributeNames', 'AttributeNames']) {
    const { response } = await serviceOf().ask(
      jsonRequest('ReceiveMessage', { QueueUrl: 'orders', [member]: names }),
    )
    assert.equal(response.status, 400)
  }
})
