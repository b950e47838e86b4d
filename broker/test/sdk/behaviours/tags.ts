/** Tags (T). */

import assert from 'node:assert/strict'
import type { TestQueue } from '../queue.ts'
import { refused, refusedSomehow } from '../refusal.ts'
import { test } from '../scene.ts'

type Tags = Record<string, string>

async function tagsOf(queue: TestQueue): Promise<Tags | undefined> {
  return (await queue.sqs.call('ListQueueTags', { QueueUrl: queue.url })).Tags
}

function tag(queue: TestQueue, Tags: Tags): Promise<unknown> {
  return queue.sqs.call('TagQueue', { QueueUrl: queue.url, Tags })
}

function untag(queue: TestQueue, ...TagKeys: string[]): Promise<unknown> {
  return queue.sqs.call('UntagQueue', { QueueUrl: queue.url, TagKeys })
}

const numbered = (count: number): Tags =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, `${index}`]))

test('T1 three tags are listed as set, an empty value too', async (scene) => {
  const queue = await scene.queue()
  const tags = { team: 'a', 'cost:centre': '7/ü + @', empty: '' }
  await tag(queue, tags)
  assert.deepEqual(await tagsOf(queue), tags)
})

test('T2 untagging removes keys, and after the last one Tags is absent', async (scene) => {
  const queue = await scene.queue()
  await tag(queue, { a: '1', b: '2', c: '3' })
  await untag(queue, 'a', 'c', 'unknown')
  assert.deepEqual(await tagsOf(queue), { b: '2' })
  await untag(queue, 'b')
  assert.equal(await tagsOf(queue), undefined)
  assert.doesNotMatch(scene.sqs.lastWire().body, /"Tags"|<Tag>/)
})

test('T3 tagging replaces a known key and adds a new one', async (scene) => {
  const queue = await scene.queue()
  await tag(queue, { a: '1', b: '2' })
  await tag(queue, { b: 'two', c: '3' })
  assert.deepEqual(await tagsOf(queue), { a: '1', b: 'two', c: '3' })
})

test('T4 tags given at creation are there', async (scene) => {
  const tags = { a: '1', b: '' }
  assert.deepEqual(await tagsOf(await scene.queue(undefined, { tags })), tags)
})

test('T5 tagging with no tags is refused', async (scene) => {
  const queue = await scene.queue()
  await refused(tag(queue, {}), 'MissingParameter', 'The request must contain the parameter Tags.')
})

test('T6 fifty tags with the longest keys and values are accepted', async (scene) => {
  const queue = await scene.queue()
  const tags = { ...numbered(49), ['k'.repeat(128)]: 'v'.repeat(256) }
  await tag(queue, tags)
  assert.deepEqual(await tagsOf(queue), tags)
})

test('T6 fifty-one tags are refused, and the tags from before stay', async (scene) => {
  const queue = await scene.queue()
  await tag(queue, { a: '1' })
  const text = `Too many tags added for queue ${queue.name}.`
  await refused(tag(queue, numbered(51)), 'InvalidParameterValue', text)
  await refused(tag(queue, numbered(50)), 'InvalidParameterValue', text)
  assert.deepEqual(await tagsOf(queue), { a: '1' })
})

test('T6 a key of 129 or a value of 257 characters is refused', async (scene) => {
  const queue = await scene.queue()
  await refusedSomehow(tag(queue, { ['k'.repeat(129)]: 'v' }))
  await refusedSomehow(tag(queue, { k: 'v'.repeat(257) }))
  assert.equal(await tagsOf(queue), undefined)
})
