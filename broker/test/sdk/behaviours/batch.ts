/** Batches (B). */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import type { Output } from '../client.ts'
import { EVERY_SYSTEM_ATTRIBUTE, sorted, type TestQueue } from '../queue.ts'
import { type Code, refused } from '../refusal.ts'
import { test } from '../scene.ts'

const ID_RULE =
  'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.'
const NO_DEDUPLICATION =
  'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly'

type Entry = Partial<SendMessageBatchRequestEntry>

function sendBatch(queue: TestQueue, entries: readonly Entry[]): Promise<Output<'SendMessageBatch'>> {
  const Entries = entries.map((entry, index) => ({ Id: `e${index}`, MessageBody: `${index}`, ...entry }))
  return queue.sqs.call('SendMessageBatch', { QueueUrl: queue.url, Entries })
}

const entries = (count: number): Entry[] => Array.from({ length: count }, () => ({}))
const idsOf = (list: readonly { Id?: string | undefined }[] | undefined): string =>
  (list ?? []).map((entry) => entry.Id).join(' ')

test('B1 ten entries are sent, received and deleted by one batch', async (scene) => {
  const queue = await scene.queue()
  const sent = await sendBatch(queue, entries(10))
  assert.equal(sent.Successful?.length, 10)
  assert.doesNotMatch(scene.sqs.lastWire().body, /Failed|BatchResultErrorEntry/)
  for (const [index, result] of (sent.Successful ?? []).entries()) {
    assert.deepEqual(Object.keys(result).sort(), ['Id', 'MD5OfMessageBody', 'MessageId'])
    assert.equal(result.Id, `e${index}`)
    assert.equal(result.MD5OfMessageBody, createHash('md5').update(`${index}`).digest('hex'))
  }
  const received = await queue.drain()
  assert.equal(new Set(received.map((message) => message.MessageId)).size, 10)
  const Entries = received.map((message, index) => ({
    Id: `d${index}`,
    ReceiptHandle: message.ReceiptHandle,
  }))
  const deleted = await scene.sqs.call('DeleteMessageBatch', { QueueUrl: queue.url, Entries })
  assert.equal(deleted.Successful?.length, 10)
  assert.doesNotMatch(scene.sqs.lastWire().body, /Failed|BatchResultErrorEntry/)
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 })
})

test('B2 two entries on an idle standard queue come in their order', async (scene) => {
  const queue = await scene.queue()
  await sendBatch(queue, [{ MessageBody: 'first' }, { MessageBody: 'second' }])
  assert.equal(await queue.bodies(1), 'first')
  assert.equal(await queue.bodies(1), 'second')
  assert.equal(await queue.bodies(1), '')
})

test('B3 the tenth entry comes after the ninth', async (scene) => {
  const queue = await scene.fifo({ ContentBasedDeduplication: 'true' })
  const sent = await sendBatch(
    queue,
    entries(10).map((entry) => ({ ...entry, MessageGroupId: 'a' })),
  )
  assert.equal(idsOf(sent.Successful), 'e0 e1 e2 e3 e4 e5 e6 e7 e8 e9')
  assert.equal(await queue.bodies(10), '0 1 2 3 4 5 6 7 8 9')
})

test('B4 one bad body among ten fails alone', async (scene) => {
  const queue = await scene.queue()
  const ten = entries(10)
  ten[4] = { MessageBody: 'bad \u0001' }
  const sent = await sendBatch(queue, ten)
  assert.equal(sent.Successful?.length, 9)
  assert.equal(sent.Failed?.length, 1)
  const [failed] = sent.Failed ?? []
  assert.equal(failed?.Id, 'e4')
  assert.equal(failed?.Code, 'InvalidMessageContents')
  assert.equal(failed?.SenderFault, true)
  assert.equal((await queue.drain()).length, 9)
})

test('B5 an entry with an empty attribute value fails alone', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = { note: { DataType: 'String', StringValue: '' } }
  const sent = await sendBatch(queue, [{}, { MessageAttributes }, {}])
  assert.equal(idsOf(sent.Successful), 'e0 e2')
  assert.equal(idsOf(sent.Failed), 'e1')
  assert.equal(sent.Failed?.[0]?.Code, 'InvalidParameterValue')
  assert.equal((await queue.counts()).visible, 2)
})

test("B5 an entry over the queue's size fails alone, in the batch's words", async (scene) => {
  const queue = await scene.queue({ MaximumMessageSize: '1024' })
  const sent = await sendBatch(queue, [{}, { MessageBody: 'x'.repeat(1025) }])
  assert.equal(idsOf(sent.Successful), 'e0')
  const [failed] = sent.Failed ?? []
  assert.equal(failed?.Code, 'InvalidParameterValue')
  assert.equal(
    failed?.Message,
    'One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.',
  )
})

/** B15 with each of B6–B11: a refused request leaves nothing behind. */
async function refusedWhole(
  queue: TestQueue,
  batch: readonly Entry[],
  code: Code,
  text: string | RegExp,
): Promise<void> {
  await refused(sendBatch(queue, batch), code, text)
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 })
}

test('B6 B15 no entries are refused', async (scene) => {
  const text = 'There should be at least one SendMessageBatchRequestEntry in the request.'
  await refusedWhole(await scene.queue(), [], 'EmptyBatchRequest', text)
})

test('B6 no entries are refused of the other batches too', async (scene) => {
  const { url: QueueUrl } = await scene.queue()
  const deletion = scene.sqs.call('DeleteMessageBatch', { QueueUrl, Entries: [] })
  await refused(deletion, 'EmptyBatchRequest', /DeleteMessageBatchRequestEntry/)
  const change = scene.sqs.call('ChangeMessageVisibilityBatch', { QueueUrl, Entries: [] })
  await refused(change, 'EmptyBatchRequest', /ChangeMessageVisibilityBatchRequestEntry/)
})

for (const Id of ['', 'a:b', 'a b', 'a.b', 'ü', 'x'.repeat(81)]) {
  test(`B7 B15 the entry id ${JSON.stringify(Id.slice(0, 9))} of ${Id.length} is refused`, async (scene) => {
    await refusedWhole(await scene.queue(), [{}, { Id }], 'InvalidBatchEntryId', ID_RULE)
  })
}

test('B7 an entry id of 80 letters, digits, - and _ is accepted', async (scene) => {
  const Id = 'aZ09-_'.padEnd(80, 'x')
  assert.equal(idsOf((await sendBatch(await scene.queue(), [{ Id }])).Successful), Id)
})

test('B8 B15 ids that repeat are refused with the first repetition', async (scene) => {
  const ids = ['x', 'y', 'y', 'x'].map((Id) => ({ Id }))
  await refusedWhole(await scene.queue(), ids, 'BatchEntryIdsNotDistinct', 'Id y repeated.')
})

test('B9 B15 eleven entries are refused', async (scene) => {
  const text = 'Maximum number of entries per request are 10. You have sent 11.'
  await refusedWhole(await scene.queue(), entries(11), 'TooManyEntriesInBatchRequest', text)
})

const tooLong = (sent: number): string =>
  `Batch requests cannot be longer than 1048576 bytes. You have sent ${sent} bytes.`

test('B10 B15 one entry over the limit fails the whole request', async (scene) => {
  const batch = [{ MessageBody: 'x'.repeat(1_048_577) }]
  await refusedWhole(await scene.queue(), batch, 'BatchRequestTooLong', tooLong(1_048_577))
})

test('B10 B15 entries whose sum is over the limit fail the whole request', async (scene) => {
  const batch = [{ MessageBody: 'x'.repeat(600_000) }, { MessageBody: 'y'.repeat(500_000) }]
  await refusedWhole(await scene.queue(), batch, 'BatchRequestTooLong', tooLong(1_100_000))
})

test('B10 entries whose sum is exactly the limit are sent', async (scene) => {
  const queue = await scene.queue()
  const batch = [{ MessageBody: 'x'.repeat(1_000_000) }, { MessageBody: 'y'.repeat(48_576) }]
  assert.equal((await sendBatch(queue, batch)).Successful?.length, 2)
})

test('B11 B15 on FIFO an entry without a deduplication id fails the whole request', async (scene) => {
  const MessageGroupId = 'a'
  const batch = [{ MessageGroupId, MessageDeduplicationId: 'one' }, { MessageGroupId }]
  await refusedWhole(await scene.fifo(), batch, 'InvalidParameterValue', NO_DEDUPLICATION)
})

test('B11 B15 on FIFO an entry without a group fails the whole request', async (scene) => {
  const MessageDeduplicationId = 'one'
  const batch = [{ MessageDeduplicationId, MessageGroupId: 'a' }, { MessageDeduplicationId: 'two' }]
  const text = 'The request must contain the parameter MessageGroupId.'
  await refusedWhole(await scene.fifo(), batch, 'InvalidParameterValue', text)
})

test('B12 on a standard queue each entry has its own group, a bad one fails alone', async (scene) => {
  const queue = await scene.queue()
  const sent = await sendBatch(queue, [
    { MessageGroupId: 'tenant-a' },
    { MessageGroupId: 'not one' },
    { MessageGroupId: 'tenant-b' },
    {},
  ])
  assert.equal(idsOf(sent.Successful), 'e0 e2 e3')
  assert.equal(idsOf(sent.Failed), 'e1')
  const groups = new Map<string | undefined, string | undefined>()
  for (const message of await queue.drain(EVERY_SYSTEM_ATTRIBUTE)) {
    groups.set(message.Body, message.Attributes?.MessageGroupId)
  }
  assert.deepEqual([...groups].sort(), [
    ['0', 'tenant-a'],
    ['2', 'tenant-b'],
    ['3', undefined],
  ])
})

test('B13 a visibility change outside 0–43200 fails alone', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a b c')
  const messages = await queue.receive(10)
  const timeouts = [0, 43_201, 60]
  const Entries = messages.map(({ ReceiptHandle }, index) => ({
    Id: `e${index}`,
    ReceiptHandle,
    VisibilityTimeout: timeouts[index] ?? 0,
  }))
  const changed = await scene.sqs.call('ChangeMessageVisibilityBatch', { QueueUrl: queue.url, Entries })
  assert.equal(idsOf(changed.Successful), 'e0 e2')
  assert.equal(idsOf(changed.Failed), 'e1')
  assert.equal(changed.Failed?.[0]?.SenderFault, true)
  assert.equal(await queue.bodies(), 'a')
  await scene.advance('31s')
  assert.equal(sorted(await queue.bodies()), 'a b')
  await scene.advance('60s')
  assert.match(await queue.bodies(), /c/)
})

test('B13 a bad receipt handle in a delete batch fails alone', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const { ReceiptHandle } = await queue.receiveOne()
  const Entries = [
    { Id: 'bad', ReceiptHandle: 'garbage' },
    { Id: 'good', ReceiptHandle },
  ]
  const deleted = await scene.sqs.call('DeleteMessageBatch', { QueueUrl: queue.url, Entries })
  assert.equal(idsOf(deleted.Successful), 'good')
  assert.equal(idsOf(deleted.Failed), 'bad')
  assert.equal(deleted.Failed?.[0]?.Code, 'ReceiptHandleIsInvalid')
})

test('B14 each entry has its own delay, attributes, system attributes and MD5s', async (scene) => {
  const queue = await scene.queue()
  const string = (StringValue: string): { DataType: string; StringValue: string } => ({
    DataType: 'String',
    StringValue,
  })
  const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1'
  const sent = await sendBatch(queue, [
    { MessageAttributes: { Hello: string('There') } },
    { DelaySeconds: 5 },
    { MessageSystemAttributes: { AWSTraceHeader: string(trace) } },
  ])
  assert.deepEqual(
    sent.Successful?.map((result) => [result.MD5OfMessageAttributes, result.MD5OfMessageSystemAttributes]),
    [
      ['a311262e065454b75da111d535b8dacd', undefined],
      [undefined, undefined],
      [undefined, '5ae4d5d7636402d80f4eb6d213245a88'],
    ],
  )
  assert.deepEqual(await queue.counts(), { visible: 2, inFlight: 0, delayed: 1 })
  const got = await queue.drain({ ...EVERY_SYSTEM_ATTRIBUTE, MessageAttributeNames: ['All'] })
  const first = got.find((message) => message.Body === '0')
  const third = got.find((message) => message.Body === '2')
  assert.deepEqual(first?.MessageAttributes, { Hello: string('There') })
  assert.equal(first?.Attributes?.AWSTraceHeader, undefined)
  assert.equal(third?.MessageAttributes, undefined)
  assert.equal(third?.Attributes?.AWSTraceHeader, trace)
  await scene.advance('5s')
  assert.equal(await queue.bodies(), '1')
})

test('B14 on FIFO a DelaySeconds of 0 is accepted', async (scene) => {
  const queue = await scene.fifo({ ContentBasedDeduplication: 'true' })
  const sent = await sendBatch(queue, [{ MessageGroupId: 'a', DelaySeconds: 0 }])
  assert.equal(idsOf(sent.Successful), 'e0')
  assert.match(sent.Successful?.[0]?.SequenceNumber ?? '', /^\d{20}$/)
})
