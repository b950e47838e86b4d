/** Queues: making, finding, listing and deleting them (Q). */

import assert from 'node:assert/strict'
import type { Action, Input, Sqs } from '../client.ts'
import { xmlText } from '../query-client.ts'
import { TestQueue } from '../queue.ts'
import { formRequest, jsonRequest } from '../raw.ts'
import { refused, refusedAsMissing, refusedSomehow } from '../refusal.ts'
import { freshName, jsonTest, ownServerTest, queryTest, type Scene, test } from '../scene.ts'

const DIFFERENT = 'A queue already exists with the same name and a different value for attribute '
const NAME_RULE = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length'

test('Q1 creating a queue again gives the same URL, which ends with the name', async (scene) => {
  const name = freshName()
  const first = await scene.queue(undefined, { name })
  const second = await scene.queue(undefined, { name })
  assert.ok(first.url.endsWith(`/${name}`), first.url)
  assert.equal(second.url, first.url)
})

test('Q2 creating a queue again with the same, fewer or no attributes gives the same URL', async (scene) => {
  const name = freshName()
  const made = await scene.queue({ DelaySeconds: '1', VisibilityTimeout: '40' }, { name })
  for (const attributes of [
    { VisibilityTimeout: '40', DelaySeconds: '1' },
    { DelaySeconds: '1' },
    undefined,
  ]) {
    assert.equal((await scene.queue(attributes, { name })).url, made.url)
  }
})

test('Q3 creating a queue again with one attribute changed names that attribute', async (scene) => {
  const name = freshName()
  await scene.queue({ VisibilityTimeout: '40', DelaySeconds: '1' }, { name })
  const again = scene.queue({ VisibilityTimeout: '40', DelaySeconds: '2' }, { name })
  await refused(again, 'QueueAlreadyExists', `${DIFFERENT}DelaySeconds`)
})

test('Q4 creating a queue again is compared with what its attributes are now', async (scene) => {
  const name = freshName()
  const queue = await scene.queue({ DelaySeconds: '1' }, { name })
  await queue.set({ DelaySeconds: '2' })
  assert.equal((await scene.queue({ DelaySeconds: '2' }, { name })).url, queue.url)
  assert.equal((await scene.queue(undefined, { name })).url, queue.url)
  await refused(
    scene.queue({ DelaySeconds: '1' }, { name }),
    'QueueAlreadyExists',
    `${DIFFERENT}DelaySeconds`,
  )
})

test('Q5 attributes changed after a creation without any take part in the comparison', async (scene) => {
  const name = freshName()
  const queue = await scene.queue(undefined, { name })
  const changed = { VisibilityTimeout: '41', ReceiveMessageWaitTimeSeconds: '3' }
  await queue.set(changed)
  const others = scene.queue({ VisibilityTimeout: '42', ReceiveMessageWaitTimeSeconds: '4' }, { name })
  await refused(
    others,
    'QueueAlreadyExists',
    new RegExp(`^${DIFFERENT}(VisibilityTimeout|ReceiveMessageWait)`),
  )
  assert.equal((await scene.queue(changed, { name })).url, queue.url)
  assert.equal((await scene.queue(undefined, { name })).url, queue.url)
})

test('Q6 counters and timestamps take no part in the comparison', async (scene) => {
  const name = freshName()
  const queue = await scene.queue(undefined, { name })
  await queue.send('delayed', { DelaySeconds: 60 })
  await queue.send('visible')
  await scene.advance('2s')
  assert.equal((await scene.queue(undefined, { name })).url, queue.url)
})

test('Q7 creations at once with equal attributes make one queue', async (scene) => {
  const name = freshName()
  const made = await Promise.all(
    Array.from({ length: 8 }, () => scene.queue({ DelaySeconds: '1' }, { name })),
  )
  assert.equal(new Set(made.map((queue) => queue.url)).size, 1)
  const listed = await scene.sqs.call('ListQueues', { QueueNamePrefix: name })
  assert.deepEqual(listed.QueueUrls, [made[0]?.url])
})

test('Q7 of creations at once with differing attributes one wins', async (scene) => {
  const name = freshName()
  const creations = Array.from({ length: 6 }, (_, delay) =>
    scene.queue({ DelaySeconds: `${delay}` }, { name }),
  )
  const outcomes = await Promise.allSettled(creations)
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  assert.equal(winners.length, 1)
  const losers = creations.filter((_, index) => outcomes[index]?.status === 'rejected')
  for (const loser of losers) await refused(loser, 'QueueAlreadyExists', `${DIFFERENT}DelaySeconds`)
})

test('Q8 a FIFO queue needs .fifo in its name, and a name in .fifo a FIFO queue', async (scene) => {
  await refused(scene.queue({ FifoQueue: 'true' }, { name: freshName() }), 'InvalidParameterValue')
  await refused(scene.queue(undefined, { name: freshName('.fifo') }), 'InvalidParameterValue')
})

test('Q9 a FIFO queue keeps .fifo in URL and ARN', async (scene) => {
  const queue = await scene.fifo()
  assert.match(queue.url, /\.fifo$/)
  assert.match(await queue.arn(), /^arn:aws:sqs:us-east-1:\d{12}:q-.*\.fifo$/)
})

test('Q10 a name of 80 characters is accepted, of 81 refused, .fifo counted', async (scene) => {
  const start = freshName()
  const standard = start.padEnd(80, 'x')
  const fifo = `${start.padEnd(75, 'y')}.fifo`
  assert.equal((await scene.queue(undefined, { name: standard })).name, standard)
  assert.equal((await scene.fifo({}, { name: fifo })).name, fifo)
  await refused(scene.queue(undefined, { name: `${standard}x` }), 'InvalidParameterValue', NAME_RULE)
  await refused(scene.fifo({}, { name: `y${fifo}` }), 'InvalidParameterValue')
})

for (const [what, name] of [
  ['empty', ''],
  ['too long', 'x'.repeat(81)],
  ['with a slash', 'a/b'],
  ['with a dot', 'a.b'],
  ['with a blank', 'a b'],
  ['beyond ASCII', 'größe'],
] as const) {
  test(`Q11 a name that is ${what} is refused`, async (scene) => {
    await refused(scene.queue(undefined, { name }), 'InvalidParameterValue', NAME_RULE)
  })
}

test('Q12 names differ by case', async (scene) => {
  const name = freshName()
  const lower = await scene.queue(undefined, { name: `${name}orders` })
  const upper = await scene.queue(undefined, { name: `${name}Orders` })
  await lower.send('to the lower one')
  assert.notEqual(lower.url, upper.url)
  assert.equal(await upper.bodies(), '')
  assert.equal(await lower.bodies(), 'to the lower one')
})

ownServerTest(
  'Q13 with --aws-waits a deleted name is not free for 60 s',
  { awsWaits: true },
  async (scene) => {
    const name = freshName()
    const queue = await scene.queue(undefined, { name })
    await scene.sqs.call('DeleteQueue', { QueueUrl: queue.url })
    await scene.advance('59s')
    await refused(
      scene.queue(undefined, { name }),
      'QueueDeletedRecently',
      'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
    )
    await scene.advance('2s')
    await scene.queue(undefined, { name })
  },
)

test('Q13 without --aws-waits a deleted name is free at once', async (scene) => {
  const name = freshName()
  const queue = await scene.queue(undefined, { name })
  await scene.sqs.call('DeleteQueue', { QueueUrl: queue.url })
  assert.equal((await scene.queue(undefined, { name })).url, queue.url)
})

test('Q14 a standard queue made again under its name begins empty', async (scene) => {
  const name = freshName()
  const queue = await scene.queue(undefined, { name })
  await queue.send('in flight')
  await queue.receiveOne()
  await queue.send('waiting')
  await queue.send('delayed', { DelaySeconds: 5 })
  await scene.sqs.call('DeleteQueue', { QueueUrl: queue.url })
  const again = await scene.queue(undefined, { name })
  assert.deepEqual(await again.counts(), { visible: 0, inFlight: 0, delayed: 0 })
  await scene.advance('35s')
  assert.equal(await again.bodies(), '')
})

test('Q14 a FIFO queue made again remembers neither locks nor deduplication ids', async (scene) => {
  const name = freshName('.fifo')
  const queue = await scene.fifo({}, { name })
  await queue.send('a1', { MessageDeduplicationId: 'same' })
  await queue.receiveOne()
  await scene.sqs.call('DeleteQueue', { QueueUrl: queue.url })
  const again = await scene.fifo({}, { name })
  await again.send('a2', { MessageDeduplicationId: 'same' })
  assert.equal(await again.bodies(), 'a2')
})

type Asking = (sqs: Sqs, url: string) => Promise<unknown>
const asking =
  <A extends Action>(action: A, input: Omit<Input<A>, 'QueueUrl'>): Asking =>
  (sqs, QueueUrl) =>
    sqs.call(action, { ...input, QueueUrl } as unknown as Input<A>)

const recorded: Readonly<Record<string, Asking>> = {
  DeleteQueue: asking('DeleteQueue', {}),
  GetQueueAttributes: asking('GetQueueAttributes', { AttributeNames: ['All'] }),
  DeleteMessage: asking('DeleteMessage', { ReceiptHandle: 'nonsense' }),
  SendMessageBatch: asking('SendMessageBatch', { Entries: [{ Id: 'a', MessageBody: 'x' }] }),
  TagQueue: asking('TagQueue', { Tags: { a: 'b' } }),
}

const others: Readonly<Record<string, Asking>> = {
  AddPermission: asking('AddPermission', {
    Label: 'l',
    AWSAccountIds: ['111122223333'],
    Actions: ['SendMessage'],
  }),
  ChangeMessageVisibility: asking('ChangeMessageVisibility', {
    ReceiptHandle: 'nonsense',
    VisibilityTimeout: 1,
  }),
  ChangeMessageVisibilityBatch: asking('ChangeMessageVisibilityBatch', {
    Entries: [{ Id: 'a', ReceiptHandle: 'nonsense', VisibilityTimeout: 1 }],
  }),
  DeleteMessageBatch: asking('DeleteMessageBatch', { Entries: [{ Id: 'a', ReceiptHandle: 'nonsense' }] }),
  ListDeadLetterSourceQueues: asking('ListDeadLetterSourceQueues', {}),
  ListQueueTags: asking('ListQueueTags', {}),
  PurgeQueue: asking('PurgeQueue', {}),
  ReceiveMessage: asking('ReceiveMessage', {}),
  RemovePermission: asking('RemovePermission', { Label: 'l' }),
  SendMessage: asking('SendMessage', { MessageBody: 'x' }),
  SetQueueAttributes: asking('SetQueueAttributes', { Attributes: { DelaySeconds: '1' } }),
  UntagQueue: asking('UntagQueue', { TagKeys: ['a'] }),
}

async function refusedWithoutQueue(scene: Scene, ask: Asking): Promise<void> {
  const queue = await scene.queue()
  await scene.sqs.call('DeleteQueue', { QueueUrl: queue.url })
  await refusedAsMissing(scene.protocol, ask(scene.sqs, queue.url))
  await refusedAsMissing(scene.protocol, ask(scene.sqs, queue.url.replace(queue.name, freshName())))
}

for (const [action, ask] of Object.entries(recorded)) {
  test(`Q15 ${action} on a missing or deleted queue is refused`, (scene) => refusedWithoutQueue(scene, ask))
}

test('Q15 GetQueueUrl of a missing queue is refused', async (scene) => {
  await refusedAsMissing(scene.protocol, scene.sqs.call('GetQueueUrl', { QueueName: freshName() }))
})

for (const [action, ask] of Object.entries(others)) {
  test(`Q16 ${action} on a missing or deleted queue is refused`, (scene) => refusedWithoutQueue(scene, ask))
}

test('Q17 GetQueueUrl gives the URL of the creation, with the own account too', async (scene) => {
  const queue = await scene.queue()
  const account = (await queue.arn()).split(':').at(4) ?? ''
  const found = await scene.sqs.call('GetQueueUrl', { QueueName: queue.name })
  const owned = await scene.sqs.call('GetQueueUrl', {
    QueueName: queue.name,
    QueueOwnerAWSAccountId: account,
  })
  assert.equal(found.QueueUrl, queue.url)
  assert.equal(owned.QueueUrl, queue.url)
})

test('Q18 ListQueues lists all, or the names that begin with a prefix, or nothing', async (scene) => {
  const prefix = freshName()
  const one = await scene.queue(undefined, { name: `${prefix}-1` })
  const two = await scene.queue(undefined, { name: `${prefix}-2` })
  const elsewhere = await scene.queue(undefined, { name: freshName(`-${prefix}-3`) })
  const all = (await scene.sqs.call('ListQueues', {})).QueueUrls ?? []
  for (const queue of [one, two, elsewhere]) assert.ok(all.includes(queue.url), queue.url)
  const some = await scene.sqs.call('ListQueues', { QueueNamePrefix: prefix })
  assert.deepEqual(some.QueueUrls?.toSorted(), [one.url, two.url])
  assert.deepEqual(await scene.sqs.call('ListQueues', { QueueNamePrefix: `${prefix}-none` }), {})
  assert.doesNotMatch(scene.sqs.lastWire().body, /<QueueUrl>|QueueUrls/)
})

/** The names of every page, in order; a NextToken on the last page would show as an empty page. */
async function pages(list: (NextToken: string | undefined) => Promise<PageOfUrls>): Promise<string[][]> {
  const names: string[][] = []
  let token: string | undefined
  do {
    const page = await list(token)
    names.push(page.urls.map((url) => url.slice(url.lastIndexOf('/') + 1)))
    token = page.token
  } while (token !== undefined)
  return names
}

interface PageOfUrls {
  readonly urls: readonly string[]
  readonly token: string | undefined
}

test('Q19 ListQueues pages bring every name exactly once', async (scene) => {
  const prefix = freshName()
  const names = ['a', 'A', 'b', 'B', 'c', 'C', 'd'].map((letter) => `${prefix}-${letter}`)
  for (const name of names.slice(0, 6)) await scene.queue(undefined, { name })
  const list = async (token: string | undefined): Promise<PageOfUrls> => {
    const input = { QueueNamePrefix: prefix, MaxResults: 3, ...(token && { NextToken: token }) }
    const page = await scene.sqs.call('ListQueues', input)
    return { urls: page.QueueUrls ?? [], token: page.NextToken }
  }
  const six = await pages(list)
  assert.deepEqual(
    six.map((page) => page.length),
    [3, 3],
  )
  await scene.queue(undefined, { name: names[6] ?? '' })
  const seven = await pages(list)
  assert.deepEqual(
    seven.map((page) => page.length),
    [3, 3, 1],
  )
  assert.deepEqual(seven.flat().sort(), names.sort())
})

test('Q19 ListDeadLetterSourceQueues pages bring every name exactly once', async (scene) => {
  const dead = await scene.queue()
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await dead.arn(), maxReceiveCount: 1 })
  const prefix = freshName()
  const names = ['a', 'A', 'b', 'B', 'c'].map((letter) => `${prefix}-${letter}`)
  for (const name of names) await scene.queue({ RedrivePolicy }, { name })
  const found = await pages(async (token) => {
    const input = { QueueUrl: dead.url, MaxResults: 2, ...(token && { NextToken: token }) }
    const page = await scene.sqs.call('ListDeadLetterSourceQueues', input)
    return { urls: page.queueUrls ?? [], token: page.NextToken }
  })
  assert.deepEqual(
    found.map((page) => page.length),
    [2, 2, 1],
  )
  assert.deepEqual(found.flat().sort(), names.sort())
})

test('Q19 MaxResults outside 1–1000 and a NextToken that is none are refused', async (scene) => {
  for (const MaxResults of [0, 1001]) await refusedSomehow(scene.sqs.call('ListQueues', { MaxResults }))
  await refusedSomehow(scene.sqs.call('ListQueues', { MaxResults: 2, NextToken: 'no token: \u0001' }))
})

jsonTest('Q21 a bare queue name is taken for a queue URL', async (scene) => {
  const queue = await scene.queue()
  const sent = await scene.raw(jsonRequest('SendMessage', { QueueUrl: queue.name, MessageBody: 'bare' }))
  assert.equal(sent.status, 200, sent.body)
  assert.equal(await queue.bodies(), 'bare')
})

queryTest('Q21 a bare queue name is taken for a queue URL', async (scene) => {
  const queue = await scene.queue()
  const form = { Action: 'SendMessage', QueueUrl: queue.name, MessageBody: 'bare' }
  const sent = await scene.raw(formRequest(form))
  assert.equal(sent.status, 200, sent.body)
  assert.notEqual(xmlText(sent.body, 'MessageId'), '')
  assert.equal(await new TestQueue(scene.sqs, queue.url).bodies(), 'bare')
})
