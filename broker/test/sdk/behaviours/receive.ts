/** Receiving: what comes, in what form, and how long a receive waits (R). */

import assert from 'node:assert/strict'
import type { Message, MessageAttributeValue, MessageSystemAttributeName } from '@aws-sdk/client-sqs'
import { EVERY_SYSTEM_ATTRIBUTE, type ReceiveOptions, type TestQueue } from '../queue.ts'
import { begin, formRequest, jsonRequest } from '../raw.ts'
import { refused } from '../refusal.ts'
import { jsonTest, queryTest, type Scene, test } from '../scene.ts'

for (const kind of ['queue', 'fifo'] as const) {
  test(`R1 a receive without options gives one message with four members (${kind})`, async (scene) => {
    const queue = await scene[kind]()
    const sent = await queue.send('one')
    await queue.send('two')
    const { Messages = [] } = await scene.sqs.call('ReceiveMessage', { QueueUrl: queue.url })
    assert.equal(Messages.length, 1)
    const [message] = Messages
    assert.deepEqual(Object.keys(message ?? {}).sort(), ['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle'])
    assert.equal(message?.MessageId, sent.MessageId)
    assert.equal(message?.MD5OfBody, sent.MD5OfMessageBody)
    assert.equal(message?.Body, 'one')
  })
}

test('R2 nothing there is answered at once and without messages', async (scene) => {
  const queue = await scene.queue()
  for (const wait of [{}, { WaitTimeSeconds: 0 }]) {
    assert.deepEqual(await scene.sqs.call('ReceiveMessage', { QueueUrl: queue.url, ...wait }), {})
    const { body } = scene.sqs.lastWire()
    if (scene.protocol === 'JSON') assert.equal(body, '{}')
    else assert.match(body, /<ReceiveMessageResult\s*\/>|<ReceiveMessageResult><\/ReceiveMessageResult>/)
  }
})

test('R3 MaxNumberOfMessages is 1 to 10', async (scene) => {
  const queue = await scene.queue()
  for (const max of [1, 10]) await queue.receive(max)
  for (const max of [0, 11, -1]) {
    const text = `Value ${max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`
    await refused(queue.receive(max), 'InvalidParameterValue', text)
  }
})

test('R4 WaitTimeSeconds is 0 to 20', async (scene) => {
  const queue = await scene.queue()
  for (const WaitTimeSeconds of [21, -1]) {
    const text = `Value ${WaitTimeSeconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.`
    await refused(queue.receive(1, { WaitTimeSeconds }), 'InvalidParameterValue', text)
  }
})

test('R5 the VisibilityTimeout of a receive is 0 to 43200', async (scene) => {
  const queue = await scene.queue()
  for (const VisibilityTimeout of [0, 43_200]) await queue.receive(1, { VisibilityTimeout })
  for (const VisibilityTimeout of [-1, 43_201]) {
    const text = new RegExp(`Value ${VisibilityTimeout} for parameter VisibilityTimeout is invalid\\.`)
    await refused(queue.receive(1, { VisibilityTimeout }), 'InvalidParameterValue', text)
  }
})

test('R6 a long poll answers as soon as something is sent', async (scene) => {
  const queue = await scene.queue()
  const poll = await queue.poll(10)
  await scene.advance('1s')
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await queue.send('x')
  assert.equal((await poll.answer)[0]?.Body, 'x')
})

test('R6 a long poll in vain ends when its time is over', async (scene) => {
  const queue = await scene.queue()
  const poll = await queue.poll(10)
  await scene.advance('9900ms')
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await scene.advance('100ms')
  assert.deepEqual(await poll.answer, [])
})

test('R7 each of several long polls brings one message as soon as it is there', async (scene) => {
  const queue = await scene.queue()
  for (const body of ['1', '2', '3', '4', '5']) {
    const poll = await queue.poll(20, 10)
    await scene.advance('500ms')
    await queue.send(body)
    assert.deepEqual(
      (await poll.answer).map((message) => message.Body),
      [body],
    )
  }
})

test('R8 a long poll gets what was delayed', async (scene) => {
  const queue = await scene.queue()
  await queue.send('delayed', { DelaySeconds: 3 })
  const poll = await queue.poll(10)
  await scene.advance('3s')
  assert.equal((await poll.answer)[0]?.Body, 'delayed')
})

for (const kind of ['queue', 'fifo'] as const) {
  test(`R8 a long poll gets what times out (${kind})`, async (scene) => {
    const queue = await scene[kind]()
    await queue.send('again')
    await queue.receiveOne({ VisibilityTimeout: 5 })
    const poll = await queue.poll(10)
    await scene.advance('4s')
    await queue.hear()
    assert.equal(poll.isAnswered(), false)
    await scene.advance('1s')
    assert.equal((await poll.answer)[0]?.Body, 'again')
  })
}

test("R9 without WaitTimeSeconds the queue's is waited, and 0 beats it", async (scene) => {
  const queue = await scene.queue({ ReceiveMessageWaitTimeSeconds: '5' })
  assert.deepEqual(await queue.receive(1, { WaitTimeSeconds: 0 }), [])
  const poll = await queue.poll(undefined)
  await scene.advance('4s')
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await scene.advance('1s')
  assert.deepEqual(await poll.answer, [])
})

test('R10 a returned message comes before those sent later', async (scene) => {
  const queue = await scene.queue()
  await queue.send('m1')
  await queue.receiveOne({ VisibilityTimeout: 3 })
  await queue.send('m2')
  await scene.advance('4s')
  assert.equal(await queue.bodies(1), 'm1')
})

test('R12 of several long polls each message goes to exactly one', async (scene) => {
  const queue = await scene.queue()
  const polls = []
  for (let poll = 0; poll < 4; poll += 1) polls.push(await queue.poll(10, 1))
  for (const body of ['1', '2', '3']) await queue.send(body)
  await queue.hear()
  assert.equal(polls.filter((poll) => poll.isAnswered()).length, 3)
  await scene.advance('10s')
  const answers = await Promise.all(polls.map((poll) => poll.answer))
  const bodies = answers.flat().map((message) => message.Body)
  assert.deepEqual(bodies.sort(), ['1', '2', '3'])
})

test('R12 a waiting poll holds up nobody', async (scene) => {
  const queue = await scene.queue()
  await queue.send('mine')
  const mine = await queue.receiveOne()
  const poll = await queue.poll(10)
  assert.equal(await queue.bodies(), '')
  await queue.delete(mine)
  await queue.send('later', { DelaySeconds: 1 })
  await queue.hear()
  assert.equal(poll.isAnswered(), false)
  await scene.advance('1s')
  assert.equal((await poll.answer)[0]?.Body, 'later')
})

async function hangUpTakesNothing(scene: Scene, queue: TestQueue, options: object): Promise<void> {
  const request =
    scene.protocol === 'JSON'
      ? jsonRequest('ReceiveMessage', { QueueUrl: queue.url, WaitTimeSeconds: 20, ...options })
      : formRequest({ Action: 'ReceiveMessage', QueueUrl: queue.url, WaitTimeSeconds: '20' })
  const poll = begin(scene.endpoint, request)
  const ended = poll.reply.then(
    () => 'answered',
    () => 'hung up',
  )
  await poll.sent
  await queue.hear()
  poll.hangUp()
  assert.equal(await ended, 'hung up')
  await queue.hear()
  await queue.send('a1')
  const message = await queue.receiveOne(EVERY_SYSTEM_ATTRIBUTE)
  assert.equal(message.Body, 'a1')
  assert.equal(message.Attributes?.ApproximateReceiveCount, '1')
}

for (const kind of ['queue', 'fifo'] as const) {
  test(`R13 a client that hangs up takes no message with it (${kind})`, async (scene) => {
    await hangUpTakesNothing(scene, await scene[kind](), {})
  })
}

test('R13 a client that hangs up as soon as it has asked takes nothing either', async (scene) => {
  const queue = await scene.queue()
  for (let time = 0; time < 10; time += 1) {
    const request = jsonRequest('ReceiveMessage', { QueueUrl: queue.url, WaitTimeSeconds: 20 })
    const poll = begin(scene.endpoint, request)
    const ended = poll.reply.catch(() => undefined)
    await poll.sent
    poll.hangUp()
    await ended
    await queue.hear()
    await queue.send('x')
    const message = await queue.receiveOne(EVERY_SYSTEM_ATTRIBUTE)
    assert.equal(message.Attributes?.ApproximateReceiveCount, '1')
    await queue.delete(message)
  }
})

test('R13 among polls, the message passes over the one that hung up', async (scene) => {
  const queue = await scene.queue()
  const gone = begin(
    scene.endpoint,
    jsonRequest('ReceiveMessage', { QueueUrl: queue.url, WaitTimeSeconds: 20 }),
  )
  const ended = gone.reply.catch(() => undefined)
  await gone.sent
  const waiting = await queue.poll(20, 1, EVERY_SYSTEM_ATTRIBUTE)
  gone.hangUp()
  await ended
  await queue.hear()
  await queue.send('x')
  const [message] = await waiting.answer
  assert.equal(message?.Attributes?.ApproximateReceiveCount, '1')
})

test('R14 deleting the queue ends its long polls', async (scene) => {
  const queue = await scene.queue()
  const poll = await queue.poll(20)
  await scene.sqs.call('DeleteQueue', { QueueUrl: queue.url })
  const outcome = await poll.answer.then(
    (messages) => messages.length,
    () => 0,
  )
  assert.equal(outcome, 0)
})

const string = (StringValue: string): MessageAttributeValue => ({ DataType: 'String', StringValue })
const THREE = { Kind: string('k'), 'Key.Id': string('7'), Place: string('p') }

async function queueOfThree(scene: Scene): Promise<{ queue: TestQueue; md5: string | undefined }> {
  const queue = await scene.queue()
  const sent = await queue.send('x', { MessageAttributes: THREE })
  return { queue, md5: sent.MD5OfMessageAttributes }
}

function asking(queue: TestQueue, names: readonly string[] | undefined): Promise<Message> {
  const filter: ReceiveOptions = names === undefined ? {} : { MessageAttributeNames: [...names] }
  return queue.receiveOne({ ...filter, VisibilityTimeout: 0 })
}

test('R15 without names no message attributes come, nor their MD5', async (scene) => {
  const { queue } = await queueOfThree(scene)
  for (const names of [undefined, []]) {
    const message = await asking(queue, names)
    assert.deepEqual(Object.keys(message).sort(), ['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle'])
  }
})

for (const name of ['All', '.*', '*']) {
  test(`R16 the name ${name} asks for every attribute`, async (scene) => {
    const { queue, md5 } = await queueOfThree(scene)
    const message = await asking(queue, [name])
    assert.deepEqual(message.MessageAttributes, THREE)
    assert.equal(message.MD5OfMessageAttributes, md5)
  })
}

for (const [names, expected] of [
  [
    ['Kind', 'Place'],
    ['Kind', 'Place'],
  ],
  [['Kind', 'Nothing'], ['Kind']],
  [['K.*'], ['Kind', 'Key.Id']],
  [['Key.*'], ['Key.Id']],
] as const) {
  test(`R17 the names ${names.join(', ')} bring ${expected.join(', ')} and their MD5`, async (scene) => {
    const { queue } = await queueOfThree(scene)
    const message = await asking(queue, names)
    const some = Object.fromEntries(
      Object.entries(THREE).filter(([name]) => expected.includes(name as never)),
    )
    assert.deepEqual(message.MessageAttributes, some)
    const twin = await (await scene.queue()).send('x', { MessageAttributes: some })
    assert.equal(message.MD5OfMessageAttributes, twin.MD5OfMessageAttributes)
  })
}

for (const name of ['Nothing', 'Key', 'AWS.', '..x', 'kind']) {
  test(`R18 the name ${name} brings the message without attributes`, async (scene) => {
    const { queue } = await queueOfThree(scene)
    const message = await asking(queue, [name])
    assert.deepEqual(Object.keys(message).sort(), ['Body', 'MD5OfBody', 'MessageId', 'ReceiptHandle'])
  })
}

test('R19 a filter changes nothing about what is stored', async (scene) => {
  const { queue, md5 } = await queueOfThree(scene)
  await asking(queue, undefined)
  await asking(queue, ['Kind'])
  const message = await asking(queue, ['All'])
  assert.deepEqual(message.MessageAttributes, THREE)
  assert.equal(message.MD5OfMessageAttributes, md5)
})

test('R20 a standard message has four system attributes, counted and timed', async (scene) => {
  const queue = await scene.queue()
  const sentAt = await scene.clock.now()
  await queue.send('x')
  await scene.advance('2s')
  const all = { ...EVERY_SYSTEM_ATTRIBUTE, MessageAttributeNames: ['All'], VisibilityTimeout: 1 }
  const first = await queue.receiveOne(all)
  const names = ['ApproximateFirstReceiveTimestamp', 'ApproximateReceiveCount', 'SenderId', 'SentTimestamp']
  assert.deepEqual(Object.keys(first.Attributes ?? {}).sort(), names)
  assert.equal(first.MessageAttributes, undefined)
  assert.equal(first.Attributes?.ApproximateReceiveCount, '1')
  const near = (text: string | undefined, instant: number): void => {
    assert.match(text ?? '', /^\d{13}$/)
    assert.ok(Math.abs(Number(text) - instant) < 1000, `${text} is not near ${instant}`)
  }
  near(first.Attributes?.SentTimestamp, sentAt)
  near(first.Attributes?.ApproximateFirstReceiveTimestamp, sentAt + 2000)
  await scene.advance('5s')
  const second = await queue.receiveOne(all)
  assert.deepEqual(second.Attributes, { ...first.Attributes, ApproximateReceiveCount: '2' })
})

/** The SDK types the old member as if it asked for a queue's attributes. */
const SENDER = ['SenderId'] as unknown as NonNullable<ReceiveOptions['AttributeNames']>
const TWO_FILTERS: ReceiveOptions = { AttributeNames: SENDER, MessageSystemAttributeNames: ['All'] }

jsonTest('R21 the old and the new name for system attributes are honoured together', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  assert.equal(Object.keys((await queue.receiveOne(TWO_FILTERS)).Attributes ?? {}).length, 4)
})

queryTest('R21 AttributeName with only SenderId brings only that', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const { Attributes } = await queue.receiveOne({ AttributeNames: SENDER })
  assert.deepEqual(Object.keys(Attributes ?? {}), ['SenderId'])
})

test('R22 a FIFO message has seven system attributes, and each can be asked for alone', async (scene) => {
  const queue = await scene.fifo()
  const sent = await queue.send('a1', { MessageGroupId: 'group', MessageDeduplicationId: 'given' })
  const all = (await queue.receiveOne({ ...EVERY_SYSTEM_ATTRIBUTE, VisibilityTimeout: 0 })).Attributes ?? {}
  assert.equal(Object.keys(all).length, 7)
  assert.equal(all.SequenceNumber, sent.SequenceNumber)
  assert.equal(all.MessageGroupId, 'group')
  assert.equal(all.MessageDeduplicationId, 'given')
  for (const name of Object.keys(all) as MessageSystemAttributeName[]) {
    const one = await queue.receiveOne({ MessageSystemAttributeNames: [name], VisibilityTimeout: 0 })
    assert.deepEqual(Object.keys(one.Attributes ?? {}), [name])
  }
})

test('R22 without system attribute names none come', async (scene) => {
  const queue = await scene.fifo()
  await queue.send('a1')
  assert.equal((await queue.receiveOne()).Attributes, undefined)
})

test('R23 what is older than the retention is gone from a FIFO queue', async (scene) => {
  const queue = await scene.fifo({ MessageRetentionPeriod: '60' })
  await queue.sendEach('a1 b1')
  await scene.advance('65s')
  assert.equal(await queue.bodies(), '')
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 })
})

test('R23 retention runs from the send on a standard queue, in flight or not', async (scene) => {
  const queue = await scene.queue({ MessageRetentionPeriod: '60' })
  await queue.send('in flight')
  const taken = await queue.receiveOne({ VisibilityTimeout: 50 })
  await scene.advance('30s')
  await queue.send('younger')
  await scene.advance('31s')
  assert.equal(await queue.bodies(10, { VisibilityTimeout: 0 }), 'younger')
  await queue.delete(taken)
  await scene.advance('30s')
  assert.equal(await queue.bodies(), '')
})

test('R24 a receive with timeout 0 leaves the message there, under a new handle', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const first = await queue.receiveOne({ VisibilityTimeout: 0 })
  const second = await queue.receiveOne({ VisibilityTimeout: 0 })
  assert.equal(second.MessageId, first.MessageId)
  assert.notEqual(second.ReceiptHandle, first.ReceiptHandle)
})

test('R1 ten messages of the largest size come in one answer or in several', async (scene) => {
  const queue = await scene.queue()
  const body = 'ü'.repeat(524_288)
  for (let sent = 0; sent < 4; sent += 1) await queue.send(body)
  const received = await queue.drain()
  assert.equal(received.length, 4)
  for (const message of received) assert.equal(message.Body, body)
})
