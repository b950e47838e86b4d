/**
 * What Pabal adds to SQS, said with plain SDK calls: priorities, and deleting in place of dead-lettering. These have
 * no number in the checklist.
 */

import assert from 'node:assert/strict'
import type { SendOptions, TestQueue } from '../queue.ts'
import { refused, refusedSomehow } from '../refusal.ts'
import { type Scene, test } from '../scene.ts'

const priority = (StringValue: string, DataType = 'Number'): SendOptions => ({
  MessageAttributes: { 'pabal.priority': { DataType, StringValue } },
})

test('pabal.priority: higher first, and the order of arrival within one', async (scene) => {
  const queue = await scene.queue()
  await queue.send('plain-1')
  await queue.send('low', priority('0'))
  await queue.send('high-1', priority('9'))
  await queue.send('middle', priority('5'))
  await queue.send('high-2', priority('9'))
  await queue.send('plain-2')
  assert.equal(await queue.bodies(10), 'high-1 high-2 middle plain-1 low plain-2')
})

test('pabal.priority: the lowest is not starved', async (scene) => {
  const queue = await scene.queue()
  await queue.send('low')
  for (let sent = 0; sent < 30; sent += 1) await queue.send(`high-${sent}`, priority('9'))
  const bodies = `${await queue.bodies(10)} ${await queue.bodies(10)}`.split(' ')
  assert.ok(bodies.includes('low'), bodies.join(' '))
})

test('pabal.priority comes back as the attribute it is', async (scene) => {
  const queue = await scene.queue()
  const sent = await queue.send('x', priority('7'))
  const got = await queue.receiveOne({ MessageAttributeNames: ['All'] })
  assert.deepEqual(got.MessageAttributes, priority('7').MessageAttributes)
  assert.equal(got.MD5OfMessageAttributes, sent.MD5OfMessageAttributes)
})

for (const [value, type] of [
  ['10', 'Number'],
  ['-1', 'Number'],
  ['1.5', 'Number'],
  ['5', 'String'],
] as const) {
  test(`pabal.priority ${value} of type ${type} is refused`, async (scene) => {
    const queue = await scene.queue()
    await refused(queue.send('x', priority(value, type)), 'InvalidParameterValue', /pabal\.priority/)
    assert.equal((await queue.counts()).visible, 0)
  })
}

test('an attribute in pabal. that nobody knows is refused, and so is a tag', async (scene) => {
  const queue = await scene.queue()
  const MessageAttributes = { 'pabal.unheard-of': { DataType: 'String', StringValue: 'x' } }
  await refused(queue.send('x', { MessageAttributes }), 'InvalidParameterValue', /pabal\.unheard-of/)
  const unknown = scene.sqs.call('TagQueue', { QueueUrl: queue.url, Tags: { 'pabal:unheard-of': 'x' } })
  await refusedSomehow(unknown)
})

const DISCARD = { 'pabal:on-exhausted': 'discard' }

async function exhaust(queue: TestQueue): Promise<void> {
  await queue.send('x')
  await queue.receiveOne({ VisibilityTimeout: 0 })
  assert.equal(await queue.bodies(), '')
}

async function discarding(scene: Scene, kind: 'queue' | 'fifo'): Promise<void> {
  const { source, dead } = await scene.deadLettering(1, kind)
  await scene.sqs.call('TagQueue', { QueueUrl: source.url, Tags: DISCARD })
  await exhaust(source)
  const nothing = { visible: 0, inFlight: 0, delayed: 0 }
  assert.deepEqual(await source.counts(), nothing)
  assert.deepEqual(await dead.counts(), nothing)
}

for (const kind of ['queue', 'fifo'] as const) {
  test(`pabal:on-exhausted=discard deletes what would be dead-lettered (${kind})`, (scene) =>
    discarding(scene, kind))
}

test('pabal:on-exhausted taken off, messages are dead-lettered again', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  await scene.sqs.call('TagQueue', { QueueUrl: source.url, Tags: DISCARD })
  await scene.sqs.call('UntagQueue', { QueueUrl: source.url, TagKeys: Object.keys(DISCARD) })
  await exhaust(source)
  assert.equal(await dead.bodies(), 'x')
})

test('pabal:on-exhausted with any other value is refused', async (scene) => {
  const queue = await scene.queue()
  const Tags = { 'pabal:on-exhausted': 'explode' }
  await refusedSomehow(scene.sqs.call('TagQueue', { QueueUrl: queue.url, Tags }))
  await refusedSomehow(scene.queue(undefined, { tags: Tags }))
})
