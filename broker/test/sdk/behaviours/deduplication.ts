/** Deduplication on FIFO queues (D). */

import assert from 'node:assert/strict'
import type { SendOptions, TestQueue } from '../queue.ts'
import { EVERY_SYSTEM_ATTRIBUTE } from '../queue.ts'
import { type Scene, test } from '../scene.ts'

const HIGH_THROUGHPUT = { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }
const same = (MessageGroupId = 'a', MessageDeduplicationId = 'same'): SendOptions => ({
  MessageGroupId,
  MessageDeduplicationId,
})

/** A send whose deduplication id is the body's hash. */
function sendByContent(queue: TestQueue, body: string, MessageGroupId: string): Promise<unknown> {
  return queue.sqs.call('SendMessage', { QueueUrl: queue.url, MessageBody: body, MessageGroupId })
}

async function pollInVain(scene: Scene, queue: TestQueue): Promise<void> {
  const poll = await queue.poll(1)
  await scene.advance('1s')
  assert.deepEqual(await poll.answer, [])
}

test('D1 one explicit id in two groups is one message', async (scene) => {
  const queue = await scene.fifo()
  await queue.send('x', same('a'))
  await queue.send('x', same('b'))
  assert.equal((await queue.receive(10)).length, 1)
  await pollInVain(scene, queue)
})

test('D1 one body in two groups is one message by content', async (scene) => {
  const queue = await scene.fifo({ ContentBasedDeduplication: 'true' })
  await sendByContent(queue, 'x', 'a')
  await sendByContent(queue, 'x', 'b')
  assert.equal((await queue.receive(10)).length, 1)
  await pollInVain(scene, queue)
})

test('D2 with scope messageGroup the same id in another group is another message', async (scene) => {
  const queue = await scene.fifo(HIGH_THROUGHPUT)
  await queue.send('x', same('a'))
  const first = await queue.receiveOne()
  await queue.delete(first)
  await queue.send('x', same('b'))
  assert.notEqual((await queue.receiveOne()).MessageId, first.MessageId)
  await queue.send('x', same('a'))
  assert.equal(await queue.bodies(), '')
})

test('D2 with scope messageGroup alone the same content in another group is another message', async (scene) => {
  const queue = await scene.fifo({ ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup' })
  await sendByContent(queue, 'x', 'a')
  const first = await queue.receiveOne()
  await queue.delete(first)
  await sendByContent(queue, 'x', 'b')
  assert.notEqual((await queue.receiveOne()).MessageId, first.MessageId)
})

test('D3 a changed scope shows at once and changes nothing in the next seconds', async (scene) => {
  const queue = await scene.fifo()
  await queue.send('x', same('a', 'before'))
  await queue.send('x', same('b', 'before'))
  await queue.delete(await queue.receiveOne())
  await queue.set(HIGH_THROUGHPUT)
  assert.deepEqual(await queue.attributes('DeduplicationScope', 'FifoThroughputLimit'), HIGH_THROUGHPUT)
  assert.equal(await queue.bodies(), '')
  await queue.send('x', same('b', 'before'))
  assert.equal(await queue.bodies(), '')
  await queue.send('y', same('a', 'after'))
  await queue.send('z', same('b', 'after'))
  assert.equal(await queue.bodies(), 'y')
})

test('D3 a changed scope holds after the minute an attribute change may take', async (scene) => {
  const queue = await scene.fifo()
  await queue.set(HIGH_THROUGHPUT)
  await scene.advance('61s')
  await queue.send('x', same('a'))
  await queue.send('y', same('b'))
  assert.equal(await queue.bodies(), 'x y')
})

test('D4 a duplicate with another body is dropped, before and after the delete', async (scene) => {
  const queue = await scene.fifo()
  const sent = await queue.send('first', same())
  await scene.advance('3s')
  await queue.send('second', same())
  const message = await queue.receiveOne()
  assert.equal(message.Body, 'first')
  assert.equal(message.MessageId, sent.MessageId)
  await queue.delete(message)
  await pollInVain(scene, queue)
  await queue.send('third', same())
  assert.equal(await queue.bodies(), '')
})

test('D5 the same id six minutes later is a new message', async (scene) => {
  const queue = await scene.fifo()
  const first = await queue.send('x', same())
  await queue.delete(await queue.receiveOne())
  await scene.advance('6m')
  const second = await queue.send('y', same())
  assert.notEqual(second.MessageId, first.MessageId)
  assert.equal(await queue.bodies(), 'y')
})

test('D6 the five minutes run from the first send and no duplicate prolongs them', async (scene) => {
  const queue = await scene.fifo()
  const first = await queue.send('x', same())
  await scene.advance('200s')
  assert.equal((await queue.send('x', same())).MessageId, first.MessageId)
  await scene.advance('99s')
  assert.equal((await queue.send('x', same())).MessageId, first.MessageId)
  await scene.advance('2s')
  assert.notEqual((await queue.send('x', same())).MessageId, first.MessageId)
  assert.equal((await queue.counts()).visible, 2)
})

test("D7 a duplicate is answered with the original's id and sequence number, using up none", async (scene) => {
  const queue = await scene.fifo()
  const first = await queue.send('a1', same())
  const again = await queue.send('a2', same())
  assert.equal(again.MessageId, first.MessageId)
  assert.equal(again.SequenceNumber, first.SequenceNumber)
  const next = await queue.send('a3')
  assert.ok((next.SequenceNumber ?? '') > (first.SequenceNumber ?? ''))
})

test('D7 duplicates within a batch and across batches are answered alike', async (scene) => {
  const queue = await scene.fifo()
  const first = await queue.send('a1', same())
  const Entries = ['one', 'two', 'three'].map((Id, index) => ({
    Id,
    MessageBody: Id,
    MessageGroupId: 'a',
    MessageDeduplicationId: index === 0 ? 'same' : 'new',
  }))
  const { Successful = [] } = await scene.sqs.call('SendMessageBatch', { QueueUrl: queue.url, Entries })
  const [one, two, three] = Successful
  assert.equal(one?.MessageId, first.MessageId)
  assert.equal(one?.SequenceNumber, first.SequenceNumber)
  assert.notEqual(two?.MessageId, first.MessageId)
  assert.equal(three?.MessageId, two?.MessageId)
  assert.equal(three?.SequenceNumber, two?.SequenceNumber)
  assert.equal(await queue.bodies(), 'a1 two')
})

test("D8 a duplicate's MD5s are those of what was just sent", async (scene) => {
  const queue = await scene.fifo()
  await queue.send('first', same())
  const MessageAttributes = { Hello: { DataType: 'String', StringValue: 'There' } }
  const again = await queue.send('hello', { ...same(), MessageAttributes })
  assert.equal(again.MD5OfMessageBody, '5d41402abc4b2a76b9719d911017c592')
  assert.equal(again.MD5OfMessageAttributes, 'a311262e065454b75da111d535b8dacd')
})

test('D9 an explicit id wins over the content', async (scene) => {
  const queue = await scene.fifo({ ContentBasedDeduplication: 'true' })
  await queue.send('x', same('a', 'one'))
  await queue.send('x', same('a', 'two'))
  await queue.send('y', same('a', 'two'))
  assert.equal(await queue.bodies(), 'x x')
})

test('D10 the content is the body alone', async (scene) => {
  const queue = await scene.fifo({ ContentBasedDeduplication: 'true' })
  const input = { QueueUrl: queue.url, MessageBody: 'x', MessageGroupId: 'a' }
  const attributes = (StringValue: string) => ({ colour: { DataType: 'String', StringValue } })
  await scene.sqs.call('SendMessage', { ...input, MessageAttributes: attributes('red') })
  await scene.sqs.call('SendMessage', { ...input, MessageAttributes: attributes('blue') })
  const messages = await queue.receive(10, { MessageAttributeNames: ['All'], ...EVERY_SYSTEM_ATTRIBUTE })
  assert.equal(messages.length, 1)
  assert.equal(messages[0]?.MessageAttributes?.colour?.StringValue, 'red')
  const sha256OfX = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881'
  assert.equal(messages[0]?.Attributes?.MessageDeduplicationId, sha256OfX)
})

test('D11 PurgeQueue clears the memory', async (scene) => {
  const queue = await scene.fifo()
  await queue.send('old', same())
  await scene.sqs.call('PurgeQueue', { QueueUrl: queue.url })
  await queue.send('new', same())
  assert.equal(await queue.bodies(), 'new')
})

test('D12 a dead-lettered message still blocks its id in the queue it came from', async (scene) => {
  const { source, dead } = await scene.deadLettering(1, 'fifo')
  const sent = await source.send('x', same())
  await source.receiveOne({ VisibilityTimeout: 0 })
  assert.equal(await source.bodies(), '')
  assert.equal((await dead.counts()).visible, 1)
  assert.equal((await source.send('y', same())).MessageId, sent.MessageId)
  assert.equal(await source.bodies(), '')
})

test('D13 in a FIFO dead-letter queue a moved message does not collide with one sent there', async (scene) => {
  const { source, dead } = await scene.deadLettering(1, 'fifo')
  await dead.send('sent', same())
  await source.send('moved', same())
  await source.receiveOne({ VisibilityTimeout: 0 })
  assert.equal(await source.bodies(), '')
  assert.equal((await dead.counts()).visible, 2)
})
