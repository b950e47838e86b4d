/** Dead letters (X). */

import assert from 'node:assert/strict'
import { EVERY_SYSTEM_ATTRIBUTE, sorted } from '../queue.ts'
import { test } from '../scene.ts'

const AGAIN = { VisibilityTimeout: 0 }

test('X1 a message moves on the receive that would exceed its count', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await source.send('1')
  await source.send('2')
  for (let receive = 0; receive < 4; receive += 1) await source.receive(1, AGAIN)
  assert.equal(await source.bodies(), '')
  assert.equal(sorted(await dead.bodies()), '1 2')
})

test('X1 a message stays as long as its count is not exceeded', async (scene) => {
  const { source, dead } = await scene.deadLettering(3)
  await source.send('x')
  for (let receive = 0; receive < 3; receive += 1) assert.equal(await source.bodies(1, AGAIN), 'x')
  assert.equal((await dead.counts()).visible, 0)
  assert.equal((await source.counts()).visible, 1)
  assert.equal(await source.bodies(1), '')
  assert.equal((await dead.counts()).visible, 1)
  assert.equal((await source.counts()).visible, 0)
})

test('X2 the sources of a dead-letter queue are listed', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  const RedrivePolicy = (await source.attribute('RedrivePolicy')) ?? ''
  const second = await scene.queue({ RedrivePolicy })
  const found = await scene.sqs.call('ListDeadLetterSourceQueues', { QueueUrl: dead.url })
  assert.deepEqual(found.queueUrls?.toSorted(), [source.url, second.url].sort())
  assert.doesNotMatch(scene.sqs.lastWire().body, /NextToken/)
  if (scene.protocol === 'JSON') assert.match(scene.sqs.lastWire().body, /"queueUrls"/)
})

test('X3 in a chain of queues receives count towards the policy of the queue they happen in', async (scene) => {
  const { source: second, dead: third } = await scene.deadLettering(2)
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await second.arn(), maxReceiveCount: 1 })
  const first = await scene.queue({ RedrivePolicy })
  await first.send('x')
  assert.equal(await first.bodies(1, AGAIN), 'x')
  assert.equal(await first.bodies(1, AGAIN), '')
  let receives = 0
  while ((await second.bodies(1, AGAIN)) !== '') receives += 1
  assert.equal(receives, 2)
  assert.equal(await third.bodies(1), 'x')
})

test('X4 a move frees the group of the message', async (scene) => {
  const { source, dead } = await scene.deadLettering(1, 'fifo')
  await source.sendEach('a1 a2')
  assert.equal(await source.bodies(1, AGAIN), 'a1')
  assert.equal(await source.bodies(1, AGAIN), 'a2')
  assert.equal(await source.bodies(10), '')
  assert.equal(await dead.bodies(10), 'a1 a2')
})

test('X5 the last allowed receive may end by a changed visibility', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await source.send('x')
  await source.hide(await source.receiveOne(), 0)
  assert.equal(await source.bodies(), '')
  assert.equal(await dead.bodies(), 'x')
})

test('X5 the last allowed receive may end by its timeout', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await source.send('x')
  await source.receiveOne()
  await scene.advance('31s')
  assert.equal(await source.bodies(), '')
  assert.equal(await dead.bodies(), 'x')
})

test('X6 a moved message keeps id, attributes, trace and count, and gains its source', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  const MessageAttributes = { Hello: { DataType: 'String', StringValue: 'There' } }
  const AWSTraceHeader = { DataType: 'String', StringValue: 'Root=1' } as const
  const sent = await source.send('x', { MessageAttributes, MessageSystemAttributes: { AWSTraceHeader } })
  const before = await source.receiveOne({ ...EVERY_SYSTEM_ATTRIBUTE, ...AGAIN })
  assert.equal(await source.bodies(), '')
  await scene.advance('2s')
  const moved = await dead.receiveOne({ ...EVERY_SYSTEM_ATTRIBUTE, MessageAttributeNames: ['All'] })
  assert.equal(moved.MessageId, sent.MessageId)
  assert.deepEqual(moved.MessageAttributes, MessageAttributes)
  assert.equal(moved.MD5OfMessageAttributes, sent.MD5OfMessageAttributes)
  assert.equal(moved.Attributes?.AWSTraceHeader, 'Root=1')
  assert.equal(moved.Attributes?.DeadLetterQueueSourceArn, await source.arn())
  assert.equal(moved.Attributes?.SentTimestamp, before.Attributes?.SentTimestamp)
  assert.ok(Number(moved.Attributes?.ApproximateReceiveCount) >= 2)
})

test('X6 a standard dead-letter queue counts retention from the original send', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await dead.set({ MessageRetentionPeriod: '100' })
  await source.send('x')
  await scene.advance('60s')
  await source.receiveOne(AGAIN)
  assert.equal(await source.bodies(), '')
  assert.equal((await dead.counts()).visible, 1)
  await scene.advance('41s')
  assert.equal(await dead.bodies(), '')
})

test('X6 a FIFO dead-letter queue counts retention from the arrival', async (scene) => {
  const { source, dead } = await scene.deadLettering(1, 'fifo')
  await dead.set({ MessageRetentionPeriod: '100' })
  await source.send('x')
  await scene.advance('60s')
  await source.receiveOne(AGAIN)
  assert.equal(await source.bodies(), '')
  await scene.advance('41s')
  assert.equal(await dead.bodies(), 'x')
})

test('X7 when the dead-letter queue is gone messages stay where they are', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await source.send('x')
  await scene.sqs.call('DeleteQueue', { QueueUrl: dead.url })
  for (let receive = 0; receive < 3; receive += 1) await source.receive(1, AGAIN)
  const { visible, inFlight } = await source.counts()
  assert.equal(visible + inFlight, 1)
  await source.set({ RedrivePolicy: '' })
  assert.equal(await source.bodies(), 'x')
})

test('X1 a move wakes a long poll on the dead-letter queue', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await source.send('x')
  await source.receiveOne(AGAIN)
  const poll = await dead.poll(20)
  assert.equal(await source.bodies(), '')
  assert.equal((await poll.answer)[0]?.Body, 'x')
})

test('X5 a long poll on the source moves what times out, and goes on waiting', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await source.send('x')
  await source.receiveOne({ VisibilityTimeout: 5 })
  const poll = await source.poll(20)
  await scene.advance('6s')
  await source.hear()
  assert.equal(poll.isAnswered(), false)
  assert.equal(await dead.bodies(), 'x')
  await source.send('y')
  assert.equal((await poll.answer)[0]?.Body, 'y')
})
