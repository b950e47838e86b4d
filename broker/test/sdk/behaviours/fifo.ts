/** Order and locks of FIFO queues (F). */

import assert from 'node:assert/strict'
import type { Message } from '@aws-sdk/client-sqs'
import { bodiesOf, EVERY_SYSTEM_ATTRIBUTE, sorted, type TestQueue } from '../queue.ts'
import { refused, refusedSomehow } from '../refusal.ts'
import { test } from '../scene.ts'

const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'
const NO_DEDUPLICATION =
  'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly'

test('F1 a send is answered with a sequence number, 20 digits and rising', async (scene) => {
  const queue = await scene.fifo()
  const sent = await queue.sendEach('a1 b1 a2')
  for (const output of sent) {
    assert.deepEqual(Object.keys(output).sort(), ['MD5OfMessageBody', 'MessageId', 'SequenceNumber'])
    assert.match(output.SequenceNumber ?? '', /^\d{20}$/)
  }
  const numbers = sent.map((output) => output.SequenceNumber)
  assert.deepEqual(numbers.toSorted(), numbers)
  assert.equal(new Set(numbers).size, 3)
})

test('F2 a group received and deleted one by one comes in order', async (scene) => {
  const queue = await scene.fifo()
  for (const sent of await queue.sendEach('a1 a2 a3 a4')) {
    const message = await queue.receiveOne()
    assert.equal(message.MessageId, sent.MessageId)
    assert.equal(message.MD5OfBody, sent.MD5OfMessageBody)
    assert.equal(await queue.bodies(), '')
    await queue.delete(message)
  }
})

for (const ContentBasedDeduplication of ['false', 'true']) {
  test(`F3 a send without a group is refused, content-based ${ContentBasedDeduplication}`, async (scene) => {
    const queue = await scene.fifo({ ContentBasedDeduplication })
    const send = scene.sqs.call('SendMessage', {
      QueueUrl: queue.url,
      MessageBody: 'x',
      MessageDeduplicationId: 'x',
    })
    await refused(send, 'MissingParameter', 'The request must contain the parameter MessageGroupId.')
  })
}

test('F4 a send without a deduplication id is refused', async (scene) => {
  const queue = await scene.fifo()
  const input = { QueueUrl: queue.url, MessageBody: 'x', MessageGroupId: 'a' }
  await refused(scene.sqs.call('SendMessage', input), 'InvalidParameterValue', NO_DEDUPLICATION)
})

test('F5 ids of 128 characters and of all punctuation are accepted', async (scene) => {
  const queue = await scene.fifo()
  for (const id of ['x'.repeat(128), PUNCTUATION, 'aZ09']) {
    await queue.send('x', { MessageGroupId: id, MessageDeduplicationId: id })
    const { Attributes } = await queue.receiveOne(EVERY_SYSTEM_ATTRIBUTE)
    assert.equal(Attributes?.MessageGroupId, id)
    assert.equal(Attributes?.MessageDeduplicationId, id)
  }
})

test('F5 ids of 129 characters, empty, with a blank or beyond ASCII are refused', async (scene) => {
  const queue = await scene.fifo()
  for (const id of ['x'.repeat(129), '', 'a b', 'ü']) {
    await refusedSomehow(queue.send('x', { MessageGroupId: id }))
    await refusedSomehow(queue.send('x', { MessageDeduplicationId: id }))
  }
  const text =
    'Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.'
  await refused(queue.send('x', { MessageGroupId: 'a b' }), 'InvalidParameterValue', text)
  assert.equal((await queue.counts()).visible, 0)
})

test('F6 a group is emptied before the next one begins', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 b1 a2 a3')
  assert.equal(await queue.bodies(10), 'a1 a2 a3 b1')
})

test('F7 a group whose timeout passed comes again in the same order', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2 a3')
  assert.equal(await queue.bodies(10), 'a1 a2 a3')
  await scene.advance('31s')
  assert.equal(await queue.bodies(10), 'a1 a2 a3')
})

test('F8 a group with something in flight is locked as a whole', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '1' })
  await queue.sendEach('a1 a2 a3 a4 b1 c1')
  assert.equal(await queue.bodies(2), 'a1 a2')
  assert.equal(await queue.bodies(1), 'b1')
  await scene.advance('2s')
  const rest = await queue.bodies(10)
  assert.match(rest, /^c1 (a1 a2 a3 a4 b1|b1 a1 a2 a3 a4)$/)
})

test('F9 timeout 0 leaves no lock, and groups just served go to the back', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 b1 b2 c1 a2')
  assert.equal(await queue.bodies(3, { VisibilityTimeout: 0 }), 'a1 a2 b1')
  assert.equal(await queue.bodies(10), 'c1 a1 a2 b1 b2')
})

async function twoOfGroupA(queue: TestQueue): Promise<[Message, Message]> {
  await queue.sendEach('a1 b1 a2 b2 a3 a4 c1')
  const [first, second] = await queue.receive(2)
  assert.ok(first !== undefined && second !== undefined)
  assert.equal(bodiesOf([first, second]), 'a1 a2')
  return [first, second]
}

test('F10 a group whose messages were deleted goes on after those that waited', async (scene) => {
  const queue = await scene.fifo()
  await queue.deleteAll(await twoOfGroupA(queue))
  assert.match(await queue.bodies(10), /^b1 b2 (a3 a4 c1|c1 a3 a4)$/)
})

test('F11 a group with one of two deleted stays locked', async (scene) => {
  const queue = await scene.fifo()
  const [first] = await twoOfGroupA(queue)
  await queue.delete(first)
  assert.equal(await queue.bodies(10), 'b1 b2 c1')
})

test('F12 a group delivers up to its first message in flight', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2 b1')
  const [first] = await queue.receive(2)
  await queue.hide(first ?? {}, 1)
  await scene.advance('2s')
  assert.equal(await queue.bodies(3), 'b1 a1')
})

for (const [extended, expected] of [
  [1, ''],
  [2, 'a1'],
  [3, 'a1 a2'],
] as const) {
  test(`F13 with a${extended} extended only what is before it comes back`, async (scene) => {
    const queue = await scene.fifo({ VisibilityTimeout: '1' })
    await queue.sendEach('a1 a2 a3')
    const messages = await queue.receive(3)
    await queue.hide(messages[extended - 1] ?? {}, 4)
    await scene.advance('2500ms')
    assert.equal(await queue.bodies(5), expected)
  })
}

test('F14 a message that times out returns to the head of its group', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2')
  assert.equal(await queue.bodies(1), 'a1')
  await queue.sendEach('a3')
  await scene.advance('31s')
  assert.equal(await queue.bodies(10), 'a1 a2 a3')
})

test("F15 the queue's delay holds for every message, 0 included", async (scene) => {
  const queue = await scene.fifo({ DelaySeconds: '2' })
  await queue.send('a1')
  await queue.send('a2', { DelaySeconds: 0 })
  await queue.send('a3')
  const poll = await queue.poll(1)
  await scene.advance('1s')
  assert.deepEqual(await poll.answer, [])
  await scene.advance('2s')
  assert.equal(await queue.bodies(3), 'a1 a2 a3')
})

test('F16 any other delay of a FIFO message is refused', async (scene) => {
  const queue = await scene.fifo()
  const text =
    'Value 1 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.'
  await refused(queue.send('a1', { DelaySeconds: 1 }), 'InvalidParameterValue', text)
})

test('F17 a long poll on a locked group wakes when a delete frees it, not before', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2')
  const first = await queue.receiveOne()
  const poll = await queue.poll(20)
  await scene.advance('5s')
  await queue.send('a3')
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await queue.delete(first)
  assert.equal(bodiesOf(await poll.answer), 'a2 a3')
})

test('F18 an attempt id used again brings the same messages', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2 b1')
  const attempt = { ReceiveRequestAttemptId: 'attempt-1' }
  const first = await queue.receive(2, attempt)
  const again = await queue.receive(2, attempt)
  assert.equal(bodiesOf(first), 'a1 a2')
  assert.deepEqual(
    again.map((message) => message.MessageId),
    first.map((message) => message.MessageId),
  )
  assert.equal(await queue.bodies(10, { ReceiveRequestAttemptId: 'attempt-2' }), 'b1')
  await queue.deleteAll(again)
  assert.equal((await queue.counts()).inFlight, 1)
})

test('F18 an attempt id is refused once the visibility was changed', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2')
  const attempt = { ReceiveRequestAttemptId: 'attempt-1' }
  const [first] = await queue.receive(2, attempt)
  await queue.hide(first ?? {}, 60)
  await refusedSomehow(queue.receive(2, attempt))
})

test('F18 an attempt id is forgotten after five minutes', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '600' })
  await queue.sendEach('a1 b1')
  const attempt = { ReceiveRequestAttemptId: 'attempt-1' }
  assert.equal(await queue.bodies(1, attempt), 'a1')
  await scene.advance('301s')
  assert.equal(await queue.bodies(1, attempt), 'b1')
})

test('F19 perMessageGroupId needs the deduplication scope messageGroup', async (scene) => {
  const FifoThroughputLimit = 'perMessageGroupId'
  const DeduplicationScope = 'messageGroup'
  const queue = await scene.fifo({ FifoThroughputLimit, DeduplicationScope })
  assert.equal(await queue.attribute('FifoThroughputLimit'), FifoThroughputLimit)
  await refusedSomehow(scene.fifo({ FifoThroughputLimit }))
  const plain = await scene.fifo()
  await refusedSomehow(plain.set({ FifoThroughputLimit }))
  await refusedSomehow(queue.set({ DeduplicationScope: 'queue' }))
  await plain.set({ FifoThroughputLimit, DeduplicationScope })
})

test('F19 a standard queue takes neither', async (scene) => {
  const text = 'You can specify the DeduplicationScope only when FifoQueue is set to true.'
  await refused(scene.queue({ DeduplicationScope: 'queue' }), 'InvalidAttributeName', text)
  await refusedSomehow(scene.queue({ FifoThroughputLimit: 'perQueue' }))
})

test('F6 many groups: each is in order, whatever the interleaving', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 b1 c1 b2 a2 c2 a3 c3 b3')
  const all = await queue.bodies(9)
  assert.equal(sorted(all), 'a1 a2 a3 b1 b2 b3 c1 c2 c3')
  for (const group of ['a', 'b', 'c']) {
    const own = all.split(' ').filter((body) => body.startsWith(group))
    assert.deepEqual(own, own.toSorted())
  }
})

test('F17 a group whose head expires in flight goes on', async (scene) => {
  const queue = await scene.fifo({ MessageRetentionPeriod: '60', VisibilityTimeout: '3600' })
  await queue.send('a1')
  await queue.receiveOne()
  await scene.advance('30s')
  await queue.send('a2')
  const poll = await queue.poll(20)
  await scene.advance('5s')
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await scene.advance('15s')
  assert.deepEqual(await poll.answer, [])
  await scene.advance('11s')
  assert.equal(await queue.bodies(), 'a2')
})

test('F18 an attempt id of 129 characters is refused', async (scene) => {
  const queue = await scene.fifo()
  await refused(queue.receive(1, { ReceiveRequestAttemptId: 'x'.repeat(129) }), 'InvalidParameterValue')
})

test('F18 after a delete in between the attempt brings what is left', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2')
  const attempt = { ReceiveRequestAttemptId: 'attempt-1' }
  const [first] = await queue.receive(2, attempt)
  await queue.delete(first ?? {})
  assert.equal(await queue.bodies(2, attempt), 'a2')
})
