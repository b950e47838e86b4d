/** Queue attributes and counts (A). */

import assert from 'node:assert/strict'
import { jsonRequest } from '../raw.ts'
import { refused, refusedAsMissing, refusedSomehow } from '../refusal.ts'
import { freshName, jsonTest, type Scene, test } from '../scene.ts'

const STANDARD = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'DelaySeconds',
  'LastModifiedTimestamp',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'QueueArn',
  'ReceiveMessageWaitTimeSeconds',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
]
const FIFO = [
  ...STANDARD,
  'ContentBasedDeduplication',
  'DeduplicationScope',
  'FifoQueue',
  'FifoThroughputLimit',
]

test('A1 GetQueueAttributes gives exactly the names asked for, as text', async (scene) => {
  const queue = await scene.queue()
  const found = await queue.attributes('QueueArn', 'CreatedTimestamp', 'VisibilityTimeout')
  assert.deepEqual(Object.keys(found).sort(), ['CreatedTimestamp', 'QueueArn', 'VisibilityTimeout'])
  assert.equal(found.VisibilityTimeout, '30')
  assert.match(found.CreatedTimestamp ?? '', /^\d{10}$/)
  const age = (await scene.clock.now()) / 1000 - Number(found.CreatedTimestamp)
  assert.ok(age >= 0 && age < 5, `created ${age} s ago`)
})

test('A2 GetQueueAttributes without names gives no attributes', async (scene) => {
  const queue = await scene.queue()
  assert.deepEqual(await queue.attributes(), {})
})

test('A3 All on a standard queue gives 12 names', async (scene) => {
  const queue = await scene.queue()
  assert.deepEqual(Object.keys(await queue.attributes('All')).sort(), STANDARD)
})

test('A4 All on a FIFO queue gives 16 names', async (scene) => {
  const queue = await scene.fifo()
  const all = await queue.attributes('All')
  assert.deepEqual(Object.keys(all).sort(), FIFO.toSorted())
  assert.equal(all.FifoQueue, 'true')
  assert.equal(all.ContentBasedDeduplication, 'false')
  assert.equal(all.DeduplicationScope, 'queue')
  assert.equal(all.FifoThroughputLimit, 'perQueue')
})

test('A5 the defaults are those of SQS', async (scene) => {
  const queue = await scene.queue()
  const { QueueArn, CreatedTimestamp, LastModifiedTimestamp, ...rest } = await queue.attributes('All')
  assert.ok(QueueArn?.endsWith(`:${queue.name}`))
  assert.equal(LastModifiedTimestamp, CreatedTimestamp)
  assert.deepEqual(rest, {
    ApproximateNumberOfMessages: '0',
    ApproximateNumberOfMessagesDelayed: '0',
    ApproximateNumberOfMessagesNotVisible: '0',
    DelaySeconds: '0',
    MaximumMessageSize: '1048576',
    MessageRetentionPeriod: '345600',
    ReceiveMessageWaitTimeSeconds: '0',
    SqsManagedSseEnabled: 'true',
    VisibilityTimeout: '30',
  })
})

test('A6 booleans in Python spelling are returned in lower case', async (scene) => {
  const queue = await scene.fifo({ FifoQueue: 'True', ContentBasedDeduplication: 'False' })
  const found = await queue.attributes('FifoQueue', 'ContentBasedDeduplication')
  assert.deepEqual(found, { FifoQueue: 'true', ContentBasedDeduplication: 'false' })
})

test('A7 asking for an unknown name is refused with that name', async (scene) => {
  const queue = await scene.queue()
  await refused(queue.attributes('Foobar'), 'InvalidAttributeName', 'Unknown Attribute Foobar.')
  const beside = queue.attributes('QueueArn', 'Foobar')
  await refused(beside, 'InvalidAttributeName', 'Unknown Attribute Foobar.')
  await refused(queue.attributes(''), 'InvalidAttributeName', 'Unknown Attribute .')
})

test('A8 a known name with a blank at its end is unknown', async (scene) => {
  const name = freshName()
  const text = 'Unknown Attribute VisibilityTimeout .'
  await refused(scene.queue({ 'VisibilityTimeout ': '1' }, { name }), 'InvalidAttributeName', text)
  await refusedAsMissing(scene.protocol, scene.sqs.call('GetQueueUrl', { QueueName: name }))
  const queue = await scene.queue()
  await refused(queue.set({ 'VisibilityTimeout ': '1' }), 'InvalidAttributeName', text)
})

test('A9 SetQueueAttributes changes what it names, and the next receive obeys', async (scene) => {
  const queue = await scene.queue({ DelaySeconds: '3', MessageRetentionPeriod: '600' })
  const before = await queue.attributes('All')
  await scene.advance('5s')
  await queue.set({ VisibilityTimeout: '7' })
  const after = await queue.attributes('All')
  const LastModifiedTimestamp = `${after.LastModifiedTimestamp}`
  assert.deepEqual(after, { ...before, VisibilityTimeout: '7', LastModifiedTimestamp })
  assert.ok(Number(LastModifiedTimestamp) > Number(before.LastModifiedTimestamp))
  await queue.send('x', { DelaySeconds: 0 })
  await queue.receiveOne()
  await scene.advance('6s')
  assert.equal(await queue.bodies(), '')
  await scene.advance('2s')
  assert.equal(await queue.bodies(), 'x')
})

for (const [name, low, high] of [
  ['VisibilityTimeout', 0, 43_200],
  ['DelaySeconds', 0, 900],
  ['ReceiveMessageWaitTimeSeconds', 0, 20],
  ['MaximumMessageSize', 1024, 1_048_576],
  ['MessageRetentionPeriod', 60, 1_209_600],
  ['KmsDataKeyReusePeriodSeconds', 60, 86_400],
] as const) {
  const invalid = new RegExp(`^Invalid value for the parameter ${name}\\.`)

  test(`A10 ${name} is accepted from ${low} to ${high}, on create and on set`, async (scene) => {
    const queue = await scene.queue()
    for (const bound of [low, high]) {
      const made = await scene.queue({ [name]: `${bound}` })
      assert.equal(await made.attribute(name), `${bound}`)
      await queue.set({ [name]: `${bound}` })
      assert.equal(await queue.attribute(name), `${bound}`)
    }
  })

  test(`A10 ${name} is refused outside of that`, async (scene) => {
    const queue = await scene.queue({ [name]: `${high}` })
    for (const beyond of [low - 1, high + 1]) {
      await refused(scene.queue({ [name]: `${beyond}` }), 'InvalidAttributeValue', invalid)
      await refused(queue.set({ [name]: `${beyond}` }), 'InvalidAttributeValue', invalid)
    }
    assert.equal(await queue.attribute(name), `${high}`)
  })
}

for (const value of ['1.5', 'ten', '', ' ', '0x10', '1e3']) {
  test(`A11 the text ${JSON.stringify(value)} for a number is refused, and nothing is applied`, async (scene) => {
    const queue = await scene.queue()
    await refused(queue.set({ VisibilityTimeout: '50', DelaySeconds: value }), 'InvalidAttributeValue')
    assert.equal(await queue.attribute('VisibilityTimeout'), '30')
    const name = freshName()
    await refused(scene.queue({ DelaySeconds: value }, { name }), 'InvalidAttributeValue')
    await refusedAsMissing(scene.protocol, scene.sqs.call('GetQueueUrl', { QueueName: name }))
  })
}

/** Refused plainly, or read as its text: both are honest. */
async function setRaw(scene: Scene, value: unknown): Promise<string | undefined> {
  const queue = await scene.queue()
  const input = { QueueUrl: queue.url, Attributes: { VisibilityTimeout: value } }
  const reply = await scene.raw(jsonRequest('SetQueueAttributes', input))
  assert.ok(reply.status === 200 || reply.status === 400, `${reply.status} ${reply.body}`)
  const stored = await queue.attribute('VisibilityTimeout')
  if (reply.status === 400) assert.equal(stored, '30')
  return stored
}

jsonTest('A12 an attribute sent as a JSON number is refused or read as its text', async (scene) => {
  assert.match((await setRaw(scene, 45)) ?? '', /^(30|45)$/)
})

for (const value of [45.5, true, null, ['45'], {}]) {
  jsonTest(
    `A12 an attribute sent as the JSON value ${JSON.stringify(value)} is never stored`,
    async (scene) => {
      assert.equal(await setRaw(scene, value), '30')
    },
  )
}

test('A13 FifoQueue cannot be set on a standard queue', async (scene) => {
  const queue = await scene.queue()
  for (const FifoQueue of ['true', 'false']) {
    await refused(queue.set({ FifoQueue }), 'InvalidAttributeName', 'Unknown Attribute FifoQueue.')
  }
})

test('A14 FifoQueue set on a FIFO queue changes nothing, or is refused', async (scene) => {
  const queue = await scene.fifo()
  await queue.set({ FifoQueue: 'true' })
  const text = 'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.'
  await refused(queue.set({ FifoQueue: 'false' }), 'InvalidAttributeValue', text)
  assert.equal(await queue.attribute('FifoQueue'), 'true')
})

test('A15 two kinds of encryption at once are refused', async (scene) => {
  const queue = await scene.queue()
  await refused(
    queue.set({ KmsMasterKeyId: 'alias/aws/sqs', SqsManagedSseEnabled: 'true' }),
    'InvalidAttributeName',
    'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
  )
})

test('A16 key attributes and RedriveAllowPolicy come back as given', async (scene) => {
  const given = {
    KmsMasterKeyId: 'alias/aws/sqs',
    KmsDataKeyReusePeriodSeconds: '600',
    RedriveAllowPolicy: '{"redrivePermission":"denyAll"}',
  }
  const made = await scene.queue(given)
  const all = await made.attributes('All')
  assert.deepEqual({ ...all, ...given }, all)
  assert.equal(all.SqsManagedSseEnabled, 'false')
  const later = await scene.queue()
  await later.set(given)
  assert.deepEqual(await later.attributes(...Object.keys(given)), given)
})

async function somePolicy(scene: Scene): Promise<string> {
  const Resource = await (await scene.queue()).arn()
  const Statement = [
    { Sid: 'one', Effect: 'Allow', Principal: { AWS: '*' }, Action: 'SQS:SendMessage', Resource },
  ]
  return JSON.stringify({ Version: '2012-10-17', Id: 'own', Statement }, undefined, 1)
}

test('A17 a Policy comes back as the very text that was given', async (scene) => {
  const Policy = await somePolicy(scene)
  const queue = await scene.queue()
  await queue.set({ Policy })
  assert.equal((await queue.attributes('All')).Policy, Policy)
  assert.equal(await queue.attribute('Policy'), Policy)
  const made = await scene.queue({ Policy })
  assert.equal(await made.attribute('Policy'), Policy)
})

test('A18 an empty Policy removes it', async (scene) => {
  const queue = await scene.queue()
  await queue.set({ Policy: '' })
  assert.equal((await queue.attributes('All')).Policy, undefined)
  await queue.set({ Policy: await somePolicy(scene) })
  await queue.set({ Policy: '' })
  assert.deepEqual(Object.keys(await queue.attributes('All')).sort(), STANDARD)
})

for (const maxReceiveCount of [42, '42']) {
  test(`A19 maxReceiveCount ${JSON.stringify(maxReceiveCount)} is accepted`, async (scene) => {
    const deadLetterTargetArn = await (await scene.queue()).arn()
    const queue = await scene.queue()
    await queue.set({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) })
    const stored = JSON.parse((await queue.attribute('RedrivePolicy')) ?? '') as Record<string, unknown>
    assert.equal(stored.deadLetterTargetArn, deadLetterTargetArn)
    assert.equal(Number(stored.maxReceiveCount), 42)
    if (maxReceiveCount === 42) assert.equal(typeof stored.maxReceiveCount, 'number')
  })
}

test('A19 an empty RedrivePolicy removes it', async (scene) => {
  const { source } = await scene.deadLettering(1)
  await source.set({ RedrivePolicy: '' })
  assert.deepEqual(Object.keys(await source.attributes('All')).sort(), STANDARD)
})

test('A20 a RedrivePolicy with a member missing or bad is refused', async (scene) => {
  const deadLetterTargetArn = await (await scene.queue()).arn()
  const queue = await scene.queue()
  const bad = [
    { deadLetterTargetArn },
    { maxReceiveCount: 1 },
    { deadLetterTargetArn, maxReceiveCount: 'many' },
    { deadLetterTargetArn, maxReceiveCount: 0 },
    { deadLetterTargetArn, maxReceiveCount: 1001 },
  ].map((policy) => JSON.stringify(policy))
  for (const RedrivePolicy of [...bad, 'no JSON', '[]', 'null']) {
    await refused(queue.set({ RedrivePolicy }), 'InvalidParameterValue')
    const name = freshName()
    await refused(scene.queue({ RedrivePolicy }, { name }), 'InvalidParameterValue')
    await refusedAsMissing(scene.protocol, scene.sqs.call('GetQueueUrl', { QueueName: name }))
  }
  assert.equal(await queue.attribute('RedrivePolicy'), undefined)
})

test('A21 a dead-letter target that is no ARN is refused', async (scene) => {
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: 'no-arn', maxReceiveCount: 1 })
  await refused(scene.queue({ RedrivePolicy }), 'InvalidParameterValue')
})

test('A22 a dead-letter target that does not exist is refused', async (scene) => {
  const queue = await scene.queue()
  const deadLetterTargetArn = (await queue.arn()).replace(queue.name, freshName())
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 })
  await refusedSomehow(scene.queue({ RedrivePolicy }))
  await refusedSomehow(queue.set({ RedrivePolicy }))
  assert.equal(await queue.attribute('RedrivePolicy'), undefined)
})

test('A22 a dead-letter target of the other kind is refused', async (scene) => {
  const deadLetterTargetArn = await (await scene.fifo()).arn()
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 })
  await refusedSomehow(scene.queue({ RedrivePolicy }))
})

test('A23 a FIFO queue counts what is not in flight', async (scene) => {
  const queue = await scene.fifo()
  await queue.sendEach('a1 a2 b1 b2 c1')
  assert.equal((await queue.counts()).visible, 5)
  const four = await queue.receive(4)
  assert.equal((await queue.counts()).visible, 1)
  await queue.deleteAll(four)
  assert.equal((await queue.counts()).visible, 1)
})

test('A24 a standard queue counts exactly, without a further call', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  assert.deepEqual(await queue.counts(), { visible: 1, inFlight: 0, delayed: 0 })
  await queue.receiveOne()
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 1, delayed: 0 })
  await scene.advance('31s')
  assert.deepEqual(await queue.counts(), { visible: 1, inFlight: 0, delayed: 0 })
  await queue.delete(await queue.receiveOne())
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 })
})

test('A25 a delayed message counts as delayed until its delay has passed', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x', { DelaySeconds: 10 })
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 1 })
  await scene.advance('9s')
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 1 })
  await scene.advance('1s')
  assert.deepEqual(await queue.counts(), { visible: 1, inFlight: 0, delayed: 0 })
})

test('A25 five sends with one deduplication id count one', async (scene) => {
  const queue = await scene.fifo()
  for (let send = 0; send < 5; send += 1) await queue.send('a1', { MessageDeduplicationId: 'one' })
  assert.equal((await queue.counts()).visible, 1)
})

test("A9 a changed delay holds for what is in a FIFO queue already, not for a standard queue's", async (scene) => {
  const fifo = await scene.fifo({ DelaySeconds: '60' })
  await fifo.send('a1')
  await fifo.set({ DelaySeconds: '5' })
  const standard = await scene.queue({ DelaySeconds: '60' })
  await standard.send('x')
  await standard.set({ DelaySeconds: '5' })
  await scene.advance('6s')
  assert.equal(await fifo.bodies(), 'a1')
  assert.equal(await standard.bodies(), '')
  await scene.advance('54s')
  assert.equal(await standard.bodies(), 'x')
})

test('A9 a changed retention holds for the messages already there', async (scene) => {
  const queue = await scene.queue()
  await queue.send('old')
  await scene.advance('100s')
  await queue.send('young')
  await queue.set({ MessageRetentionPeriod: '60' })
  assert.equal(await queue.bodies(10, { VisibilityTimeout: 0 }), 'young')
  await scene.advance('61s')
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 })
})

test('A9 a changed visibility timeout leaves what is in flight alone', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  await queue.receiveOne()
  await queue.set({ VisibilityTimeout: '1' })
  await scene.advance('2s')
  assert.equal(await queue.bodies(), '')
})

test('A11 a name known and one unknown together change nothing', async (scene) => {
  const queue = await scene.queue()
  await refused(queue.set({ VisibilityTimeout: '50', Nonsense: '1' }), 'InvalidAttributeName')
  assert.equal(await queue.attribute('VisibilityTimeout'), '30')
})

test('A13 the counters, timestamps and the ARN cannot be set', async (scene) => {
  const queue = await scene.queue()
  for (const name of ['ApproximateNumberOfMessages', 'CreatedTimestamp', 'QueueArn']) {
    await refusedSomehow(queue.set({ [name]: '1' }))
    await refusedSomehow(scene.queue({ [name]: '1' }))
  }
})

test('A13 FIFO attributes on a standard queue are refused', async (scene) => {
  const queue = await scene.queue()
  await refusedSomehow(queue.set({ ContentBasedDeduplication: 'true' }))
  await refusedSomehow(scene.queue({ ContentBasedDeduplication: 'true' }))
})

test('A16 what RedriveAllowPolicy forbids is refused', async (scene) => {
  const allowed = await scene.queue()
  const forbidden = await scene.queue()
  const sourceQueueArns = [await allowed.arn()]
  const RedriveAllowPolicy = JSON.stringify({ redrivePermission: 'byQueue', sourceQueueArns })
  const dead = await scene.queue({ RedriveAllowPolicy })
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await dead.arn(), maxReceiveCount: 1 })
  await allowed.set({ RedrivePolicy })
  await refusedSomehow(forbidden.set({ RedrivePolicy }))
  assert.equal(await forbidden.attribute('RedrivePolicy'), undefined)
})

test('A16 a RedriveAllowPolicy that makes no sense is refused', async (scene) => {
  const queue = await scene.queue()
  const sourceQueueArns = Array.from(
    { length: 11 },
    (_, index) => `arn:aws:sqs:us-east-1:000000000000:q${index}`,
  )
  for (const policy of [
    { redrivePermission: 'sometimes' },
    { redrivePermission: 'byQueue' },
    { redrivePermission: 'byQueue', sourceQueueArns },
    { redrivePermission: 'denyAll', sourceQueueArns: sourceQueueArns.slice(0, 1) },
  ]) {
    await refusedSomehow(queue.set({ RedriveAllowPolicy: JSON.stringify(policy) }))
  }
  await refusedSomehow(queue.set({ RedriveAllowPolicy: 'no JSON' }))
})

test('A17 a Policy that is no JSON document is refused', async (scene) => {
  const queue = await scene.queue()
  for (const Policy of ['no JSON', '"text"', '[]']) await refusedSomehow(queue.set({ Policy }))
  assert.equal(await queue.attribute('Policy'), undefined)
})
