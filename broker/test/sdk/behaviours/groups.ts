/** Message groups on standard queues: tenants who take turns (G). */

import assert from 'node:assert/strict'
import { EVERY_SYSTEM_ATTRIBUTE, type TestQueue } from '../queue.ts'
import { refused } from '../refusal.ts'
import { test } from '../scene.ts'

const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'

test('G1 a group on a standard queue brings no lock, and comes back where it was sent', async (scene) => {
  const queue = await scene.queue()
  await queue.send('1', { MessageGroupId: 'tenant' })
  await queue.send('2', { MessageGroupId: 'tenant' })
  await queue.send('3')
  const groups = new Map<string | undefined, string | undefined>()
  for (const message of await queue.drain(EVERY_SYSTEM_ATTRIBUTE)) {
    groups.set(message.Body, message.Attributes?.MessageGroupId)
  }
  assert.deepEqual([...groups].sort(), [
    ['1', 'tenant'],
    ['2', 'tenant'],
    ['3', undefined],
  ])
})

test("G1 a message's own delay works beside its group", async (scene) => {
  const queue = await scene.queue()
  await queue.send('later', { MessageGroupId: 'tenant', DelaySeconds: 5 })
  await queue.send('now', { MessageGroupId: 'tenant' })
  assert.equal(await queue.bodies(), 'now')
  await scene.advance('5s')
  assert.equal(await queue.bodies(), 'later')
})

test('G2 all punctuation is accepted in a group, a blank or 129 characters are not', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x', { MessageGroupId: PUNCTUATION })
  assert.equal((await queue.receiveOne(EVERY_SYSTEM_ATTRIBUTE)).Attributes?.MessageGroupId, PUNCTUATION)
  for (const MessageGroupId of ['a b', 'x'.repeat(129)]) {
    const text = `Value ${MessageGroupId} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.`
    await refused(queue.send('x', { MessageGroupId }), 'InvalidParameterValue', text)
  }
})

async function backlog(queue: TestQueue, MessageGroupId: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    const Entries = Array.from({ length: 10 }, (_, index) => ({
      Id: `${index}`,
      MessageBody: `noisy-${sent + index}`,
      MessageGroupId,
    }))
    await queue.sqs.call('SendMessageBatch', { QueueUrl: queue.url, Entries })
  }
}

test('G3 a large backlog keeps neither a quiet group nor messages without one waiting', async (scene) => {
  const queue = await scene.queue()
  await backlog(queue, 'noisy', 200)
  await queue.send('quiet', { MessageGroupId: 'quiet' })
  await queue.send('none-1')
  await queue.send('none-2')
  const soon = `${await queue.bodies(10)} ${await queue.bodies(10)}`.split(' ')
  for (const body of ['quiet', 'none-1', 'none-2']) assert.ok(soon.includes(body), `${body} not in ${soon}`)
})

test('G3 nothing of a backlog is lost by taking turns', async (scene) => {
  const queue = await scene.queue()
  await backlog(queue, 'one', 30)
  await backlog(queue, 'two', 30)
  const received = await queue.drain()
  assert.equal(new Set(received.map((message) => message.MessageId)).size, 60)
})
