/** Purging (U). */

import assert from 'node:assert/strict'
import type { TestQueue } from '../queue.ts'
import { refused } from '../refusal.ts'
import { ownServerTest, test } from '../scene.ts'

function purge(queue: TestQueue): Promise<unknown> {
  return queue.sqs.call('PurgeQueue', { QueueUrl: queue.url })
}

for (const kind of ['queue', 'fifo'] as const) {
  test(`U1 purged messages do not come back from their flight (${kind})`, async (scene) => {
    const queue = await scene[kind]()
    await queue.sendEach('a1 a2 b1 b2 c1 c2 d1 d2 e1 e2')
    assert.equal((await queue.receive(5, { VisibilityTimeout: 3 })).length, 5)
    await purge(queue)
    assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 })
    const poll = await queue.poll(5)
    await scene.advance('5s')
    assert.deepEqual(await poll.answer, [])
  })
}

test('U2 purged messages do not come back from their delay', async (scene) => {
  const queue = await scene.queue({ DelaySeconds: '2' })
  await queue.sendEach('1 2 3 4 5')
  await purge(queue)
  const poll = await queue.poll(3)
  await scene.advance('3s')
  assert.deepEqual(await poll.answer, [])
})

ownServerTest(
  'U3 with --aws-waits a second purge within 60 s is refused',
  { awsWaits: true },
  async (scene) => {
    const queue = await scene.queue()
    await purge(queue)
    await scene.advance('59s')
    const text = `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`
    await refused(purge(queue), 'PurgeQueueInProgress', text)
    await scene.advance('2s')
    await purge(queue)
  },
)

test('U3 without --aws-waits a queue is purged as often as one likes', async (scene) => {
  const queue = await scene.queue()
  await purge(queue)
  await queue.send('x')
  await purge(queue)
  assert.equal(await queue.bodies(), '')
})

test('U4 what is sent after a purge stays', async (scene) => {
  const queue = await scene.queue()
  await queue.send('before')
  await purge(queue)
  await queue.send('after')
  await scene.advance('61s')
  assert.equal(await queue.bodies(), 'after')
})

test('U4 a handle from before a purge deletes nothing', async (scene) => {
  const queue = await scene.queue()
  await queue.send('before')
  const message = await queue.receiveOne()
  await purge(queue)
  await queue.send('after')
  await queue.delete(message)
  assert.equal(await queue.bodies(), 'after')
})
