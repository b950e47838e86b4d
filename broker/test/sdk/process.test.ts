/**
 * What only a process of its own can show (L): nothing is lost by a stop or a kill, and the switches of `pabal serve`.
 */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test as nodeTest } from 'node:test'
import { dataDirectory, failedStart, startProcess } from './process.ts'
import { EVERY_SYSTEM_ATTRIBUTE, TestQueue } from './queue.ts'
import { begin, formRequest, jsonRequest } from './raw.ts'
import { refusedAsMissing } from './refusal.ts'
import { freshName, onServer, type Scene } from './scene.ts'

const AGAIN = { VisibilityTimeout: 0 }

interface Restart {
  readonly name: string
  /** Runs before the end; what it returns is handed to `after`. */
  readonly before: (scene: Scene) => Promise<readonly TestQueue[]>
  /** The same queues, on the broker that was started again. */
  readonly after: (scene: Scene, ...queues: TestQueue[]) => Promise<void>
}

function restartTest({ name, before, after }: Restart): void {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    nodeTest(`${name} [${signal}]`, { timeout: 30_000 }, async () => {
      await using data = await dataDirectory()
      await using first = await startProcess('--data', data.path)
      const names = await onServer(first, async (scene) => (await before(scene)).map((queue) => queue.name))
      await first.end(signal)
      await using second = await startProcess('--data', data.path)
      await onServer(second, async (scene) => {
        await after(scene, ...(await Promise.all(names.map((queueName) => found(scene, queueName)))))
      })
    })
  }
}

async function found(scene: Scene, QueueName: string): Promise<TestQueue> {
  return new TestQueue(scene.sqs, (await scene.sqs.call('GetQueueUrl', { QueueName })).QueueUrl ?? '')
}

restartTest({
  name: 'L1 unread messages are there in order after a restart, and received ones hidden until their timeout',
  before: async (scene) => {
    const queue = await scene.queue({ VisibilityTimeout: '60' })
    await queue.sendEach('taken 1 2 3')
    await queue.receiveOne()
    await scene.advance('20s')
    return [queue]
  },
  after: async (scene, queue) => {
    assert.ok(queue)
    assert.deepEqual(await queue.counts(), { visible: 3, inFlight: 1, delayed: 0 })
    for (const body of ['1', '2', '3']) assert.equal(await queue.bodies(1), body)
    assert.equal(await queue.bodies(), '')
    await scene.advance('60s')
    assert.ok((await queue.drain()).some((message) => message.Body === 'taken'))
  },
})

restartTest({
  name: 'L2 after a restart deletes, purges, delays and changed visibility hold',
  before: async (scene) => {
    const queue = await scene.queue()
    const purged = await scene.queue()
    await purged.sendEach('1 2')
    await purged.receiveOne()
    await scene.sqs.call('PurgeQueue', { QueueUrl: purged.url })
    await queue.sendEach('deleted hidden')
    await queue.delete(await queue.receiveOne())
    await queue.hide(await queue.receiveOne(), 600)
    await queue.send('delayed', { DelaySeconds: 300 })
    return [queue, purged]
  },
  after: async (scene, queue, purged) => {
    assert.ok(queue && purged)
    assert.deepEqual(await purged.counts(), { visible: 0, inFlight: 0, delayed: 0 })
    assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 1, delayed: 1 })
    await scene.advance('300s')
    assert.equal(await queue.bodies(10, { VisibilityTimeout: 900 }), 'delayed')
    await scene.advance('300s')
    assert.equal(await queue.bodies(), 'hidden')
  },
})

const TAGS = { team: 'a', empty: '' }
/** What a test compares before and after a restart, kept here because nothing else outlives the process. */
let attributesBefore: Record<string, string> = {}

restartTest({
  name: 'L2 after a restart dead letters, attributes, policies, tags and timestamps are the same',
  before: async (scene) => {
    const { source, dead } = await scene.deadLettering(1, 'queue', {
      DelaySeconds: '0',
      VisibilityTimeout: '77',
    })
    await scene.sqs.call('TagQueue', { QueueUrl: source.url, Tags: TAGS })
    await scene.sqs.call('AddPermission', {
      QueueUrl: source.url,
      Label: 'one',
      AWSAccountIds: ['111122223333'],
      Actions: ['SendMessage'],
    })
    await source.send('x')
    await source.receiveOne(AGAIN)
    assert.equal(await source.bodies(), '')
    attributesBefore = await source.attributes('All')
    return [source, dead]
  },
  after: async (scene, source, dead) => {
    assert.ok(source && dead)
    assert.deepEqual(await source.attributes('All'), attributesBefore)
    const { Tags } = await scene.sqs.call('ListQueueTags', { QueueUrl: source.url })
    assert.deepEqual(Tags, TAGS)
    const letter = await dead.receiveOne(EVERY_SYSTEM_ATTRIBUTE)
    assert.equal(letter.Body, 'x')
    assert.equal(letter.Attributes?.DeadLetterQueueSourceArn, await source.arn())
    assert.equal(letter.Attributes?.ApproximateReceiveCount, '2')
  },
})

let handle: string | undefined
let lastNumber = ''

restartTest({
  name: 'L3 after a restart FIFO order, locks, numbers, deduplication and handles hold',
  before: async (scene) => {
    const queue = await scene.fifo({ VisibilityTimeout: '600' })
    await queue.send('a1', { MessageDeduplicationId: 'same' })
    const sent = await queue.sendEach('a2 b1 b2')
    lastNumber = sent.at(-1)?.SequenceNumber ?? ''
    const first = await queue.receiveOne()
    assert.equal(first.Body, 'a1')
    handle = first.ReceiptHandle
    return [queue]
  },
  after: async (_scene, queue) => {
    assert.ok(queue)
    await queue.send('c1', { MessageDeduplicationId: 'same' })
    assert.equal(await queue.bodies(10), 'b1 b2')
    await queue.deleteBy(handle)
    assert.equal(await queue.bodies(10), 'a2')
    const next = await queue.send('d1')
    assert.ok((next.SequenceNumber ?? '') > lastNumber)
    assert.deepEqual(await queue.counts(), { visible: 1, inFlight: 3, delayed: 0 })
  },
})

nodeTest('L13 R14 a stop answers the long polls and takes nothing with it', { timeout: 30_000 }, async () => {
  await using data = await dataDirectory()
  await using first = await startProcess('--data', data.path)
  const name = freshName()
  const poll = await onServer(first, async (scene) => {
    const queue = await scene.queue(undefined, { name })
    const request = jsonRequest('ReceiveMessage', { QueueUrl: queue.url, WaitTimeSeconds: 20 })
    const pending = begin(first.url, request)
    await pending.sent
    await queue.hear()
    await queue.hear()
    return pending
  })
  const reply = poll.reply.then(
    ({ status }) => status,
    () => 0,
  )
  assert.equal(await first.end('SIGTERM'), 0)
  assert.notEqual(await reply, 0, 'the poll was answered before its connection was closed')
  await using second = await startProcess('--data', data.path)
  await onServer(second, async (scene) => {
    const queue = await found(scene, name)
    await queue.send('x')
    assert.deepEqual(await queue.counts(), { visible: 1, inFlight: 0, delayed: 0 })
  })
})

nodeTest(
  'L6 a configured public URL is in every queue URL, and calls under its prefix work',
  { timeout: 30_000 },
  async () => {
    await using server = await startProcess('--memory', '--public-url', 'https://mq.example.com/sqs')
    for (const protocol of ['JSON', 'Query'] as const) {
      await onServer(
        server,
        async (scene) => {
          const QueueName = freshName()
          const made = await scene.sqs.call('CreateQueue', { QueueName })
          assert.equal(made.QueueUrl, `https://mq.example.com/sqs/000000000000/${QueueName}`)
          const form = { Action: 'SendMessage', MessageBody: 'x' }
          const path = `/sqs/000000000000/${QueueName}`
          assert.equal((await scene.raw(formRequest(form, { path }))).status, 200)
          const atPrefix = { Action: 'GetQueueUrl', QueueName }
          const reply = await scene.raw(
            formRequest(atPrefix, { path: '/sqs/', headers: { Host: 'other:1' } }),
          )
          assert.ok(reply.body.includes(`<QueueUrl>${made.QueueUrl}</QueueUrl>`), reply.body)
        },
        protocol,
      )
    }
  },
)

nodeTest('L10 with --create-missing a send to a missing queue makes it', { timeout: 30_000 }, async () => {
  await using server = await startProcess('--memory', '--create-missing')
  for (const protocol of ['JSON', 'Query'] as const) {
    await onServer(
      server,
      async (scene) => {
        const standard = new TestQueue(scene.sqs, `${server.url}/000000000000/${freshName()}`)
        await standard.send('x')
        assert.equal(await standard.bodies(), 'x')
        const fifo = new TestQueue(scene.sqs, `${server.url}/000000000000/${freshName('.fifo')}`)
        await fifo.send('a1')
        assert.equal(await fifo.bodies(), 'a1')
        const unread = new TestQueue(scene.sqs, `${server.url}/000000000000/${freshName()}`)
        await refusedAsMissing(protocol, unread.receive())
      },
      protocol,
    )
  }
})

const CONFIGURED = `
queues:
  cfg-orders:
    attributes: { VisibilityTimeout: 60, DelaySeconds: 0 }
    tags: { team: shop }
    deadLetter: { queue: cfg-failed, maxReceiveCount: 5 }
  cfg-failed:
  cfg-steps.fifo:
    attributes: { ContentBasedDeduplication: true }
`

async function assertConfigured(scene: Scene): Promise<TestQueue> {
  const orders = await found(scene, 'cfg-orders')
  const failed = await found(scene, 'cfg-failed')
  const steps = await found(scene, 'cfg-steps.fifo')
  const { VisibilityTimeout, RedrivePolicy = '' } = await orders.attributes('All')
  assert.equal(VisibilityTimeout, '60')
  const deadLetterTargetArn = await failed.arn()
  assert.deepEqual(JSON.parse(RedrivePolicy), { deadLetterTargetArn, maxReceiveCount: 5 })
  const { Tags } = await scene.sqs.call('ListQueueTags', { QueueUrl: orders.url })
  assert.deepEqual(Tags, { team: 'shop' })
  assert.equal(await steps.attribute('ContentBasedDeduplication'), 'true')
  const { QueueUrls } = await scene.sqs.call('ListQueues', {})
  assert.deepEqual(QueueUrls?.toSorted(), [failed.url, orders.url, steps.url])
  return orders
}

nodeTest(
  'L4 queues of a config file are there after start, and the same file again harms nothing',
  async () => {
    await using data = await dataDirectory()
    const file = join(data.path, 'pabal.yaml')
    await writeFile(file, CONFIGURED)
    const flags = ['--data', join(data.path, 'data'), '--config', file]
    await using first = await startProcess(...flags)
    await onServer(first, async (scene) => {
      const orders = await assertConfigured(scene)
      await orders.send('kept')
      await scene.sqs.call('TagQueue', { QueueUrl: orders.url, Tags: { team: 'shop' } })
    })
    await first.end('SIGTERM')
    await using second = await startProcess(...flags)
    await onServer(second, async (scene) => {
      assert.equal(await (await assertConfigured(scene)).bodies(), 'kept')
    })
  },
)

for (const [what, config, said] of [
  ['an unknown key', 'prot: 9324\n', /prot\b/],
  ['a bad value', 'queues: { a: { attributes: { DelaySeconds: 901 } } }\n', /DelaySeconds/],
  ['a missing target', 'queues: { a: { deadLetter: { queue: gone, maxReceiveCount: 1 } } }\n', /gone/],
  ['no YAML', 'queues: [\n', /pabal\.yaml/],
] as const) {
  nodeTest(`L5 a config file with ${what} is a plain sentence and no start`, async () => {
    await using data = await dataDirectory()
    const file = join(data.path, 'pabal.yaml')
    await writeFile(file, config)
    const start = await failedStart('--data', join(data.path, 'data'), '--config', file)
    assert.notEqual(start.code, 0)
    assert.match(start.said, said)
    assert.doesNotMatch(start.said, /\n\s+at /)
  })
}
