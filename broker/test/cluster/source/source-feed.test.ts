/**
 * A shard that feeds its queue from a topic, on a modelled partition of Kafka as its log: each record is a message once,
 * in its order, whatever becomes of the appends, of the shard and of the topic.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c } from '@platformatic/kafka'
import fc from 'fast-check'
import { Feeds } from '../../../src/cluster/source/feeds.ts'
import { HELD_BACK_MS, LOOK_MS, SLICE_RECORDS } from '../../../src/cluster/source/source-feed.ts'
import { openKafkaLog } from '../../../src/log/kafka/kafka-log.ts'
import { SOURCE_WAITING_MAX } from '../../../src/queue/limits.ts'
import { isProblem } from '../../../src/queue/problem.ts'
import { StoredContent } from '../../../src/sqs/content.ts'
import { type Fate, ModelledPartition } from '../../kafka/modelled-partition.ts'
import { good, openScene, rest, type Scene } from '../../support/shard-scene.ts'
import { ModelledTopics } from './modelled-topics.ts'

const TOPIC = 'shop.orders'
const QUEUE = 'orders.fifo'
const RUNS = Number(process.env['PABAL_RUNS'] ?? 25)
const TURNS_MAX = 400

/** A broker's shard on the partition; whoever opens another one has taken it over. */
function open(model: ModelledPartition, topics: ModelledTopics, node = 'a'): Promise<Scene> {
  const claimant = { node, address: '' }
  return openScene({
    openLog: () =>
      openKafkaLog({ partition: model.view(), claimant, crc32c, segmentBytesMax: 4000, cacheBytesMax: 0 }),
    feeder: (shard, clock, log) => new Feeds({ shard, topics, clock, log }),
  })
}

async function feedFrom(scene: Scene, value: string, name = QUEUE): Promise<void> {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : ({} as Readonly<Record<string, string>>)
  good(await scene.submit({ kind: 'createQueue', name, attributes: fifo, tags: {} }))
  const source = { topic: value.split('@')[0]!, refusal: undefined }
  good(await scene.submit({ kind: 'tagQueue', queue: name, tags: { 'pabal:source': value }, source }))
}

/** Lets time pass until it is so. */
async function until(scene: Scene, holds: () => boolean): Promise<void> {
  for (let turns = 0; turns < TURNS_MAX; turns += 1) {
    await rest()
    if (holds()) return
    await scene.clock.advance(HELD_BACK_MS)
  }
  ok(holds(), `not so after ${TURNS_MAX} turns: ${scene.logged.join(', ')}`)
}

/** How far the partitions have been read. */
function places(scene: Scene, name = QUEUE): readonly number[] {
  const found = scene.shard.state?.queuesByName.get(name)?.places ?? new Map<number, { next: number }>()
  return [...found].sort(([a], [b]) => a - b).map(([, { next }]) => next)
}

function hasRead(scene: Scene, ...nexts: readonly number[]): () => boolean {
  return () => String(places(scene)) === String(nexts)
}

/** Takes and deletes everything that is there. */
async function takeAll(scene: Scene, name = QUEUE): Promise<readonly string[]> {
  const bodies: string[] = []
  for (;;) {
    const messages = await scene.receive(name)
    if (messages.length === 0) return bodies
    bodies.push(...messages.map(({ content }) => new StoredContent(content).body))
    await scene.delete(name, messages)
  }
}

function numbered(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, index) => `r${from + index}`)
}

describe('a queue that is fed from a topic', () => {
  it('gets what is there and what comes', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, ...numbered(0, 20))
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, TOPIC)
    await until(scene, hasRead(scene, 20))
    topics.append(TOPIC, 0, 'r20')
    await until(scene, hasRead(scene, 21))
    deepEqual(await takeAll(scene), numbered(0, 21))
    await scene.assertRecoverable({ turns: false })
  })

  it('takes a large batch by slices, so that others have their turn, and loses nothing between them', async () => {
    const topics = new ModelledTopics()
    const count = 3 * SLICE_RECORDS + 1
    topics.readMax = count
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, ...numbered(0, count))
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, TOPIC)
    await until(scene, hasRead(scene, count))
    equal(topics.reads, 2)
    deepEqual(await takeAll(scene), numbered(0, count))
  })

  it('wakes who waits for a message', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 1)
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, TOPIC)
    await until(scene, hasRead(scene, 0))
    const waiting = scene.receive(QUEUE, { wait: 20 })
    topics.append(TOPIC, 0, 'come')
    const [message] = await waiting
    equal(new StoredContent(message!.content).body, 'come')
  })

  it('begins at the end where that is asked for, and at the start of what is added later', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 2)
    topics.append(TOPIC, 0, ...numbered(0, 20))
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, `${TOPIC}@latest`)
    await until(scene, hasRead(scene, 20, 0))
    topics.widen(TOPIC)
    topics.append(TOPIC, 2, 'in a new partition')
    await scene.clock.advance(LOOK_MS)
    topics.append(TOPIC, 0, 'r20')
    topics.append(TOPIC, 1, 'other')
    await until(scene, hasRead(scene, 21, 1, 1))
    deepEqual([...(await takeAll(scene))].sort(), ['in a new partition', 'other', 'r20'])
  })

  it('goes on where it was when another broker takes the shard over, whose old owner still reads', async () => {
    const topics = new ModelledTopics()
    const model = new ModelledPartition()
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, ...numbered(0, 9))
    await using sleeper = await open(model, topics, 'sleeper')
    await feedFrom(sleeper, TOPIC)
    await until(sleeper, hasRead(sleeper, 9))
    await using owner = await open(model, topics, 'owner')
    topics.append(TOPIC, 0, ...numbered(9, 30))
    await until(owner, hasRead(owner, 30))
    deepEqual(await takeAll(owner), numbered(0, 30))
  })

  it('waits while enough messages wait, and goes on when they have gone', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, ...numbered(0, 100))
    await using scene = await open(new ModelledPartition(), topics)
    const entry = { content: Buffer.from('x'), size: 1 }
    good(await scene.submit({ kind: 'createQueue', name: 'orders', attributes: {}, tags: {} }))
    const entries = Array.from({ length: SOURCE_WAITING_MAX }, () => entry)
    good(await scene.submit({ kind: 'send', queue: 'orders', entries, batch: true }))
    await feedFrom(scene, TOPIC, 'orders')
    await scene.clock.advance(10 * HELD_BACK_MS)
    equal(topics.reads, 0)
    good(await scene.submit({ kind: 'purgeQueue', queue: 'orders' }))
    await until(scene, () => String(places(scene, 'orders')) === '100')
  })

  it('gives each record its own lease, its retries and its way to the dead letters', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 2)
    await using scene = await open(new ModelledPartition(), topics)
    await scene.queue('dead.fifo')
    await feedFrom(scene, TOPIC)
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead.fifo'
    const attributes = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }) }
    good(await scene.submit({ kind: 'setAttributes', queue: QUEUE, attributes }))
    topics.append(TOPIC, 0, 'bad')
    topics.append(TOPIC, 1, 'good')
    await until(scene, hasRead(scene, 1, 1))
    for (const expected of [['bad', 'good'], ['bad']]) {
      const received = await scene.receive(QUEUE, { visibility: 5 })
      deepEqual(received.map(({ content }) => new StoredContent(content).body).sort(), expected)
      await scene.delete(
        QUEUE,
        received.filter(({ content }) => new StoredContent(content).body === 'good'),
      )
      await scene.clock.advance('6s')
    }
    deepEqual(await scene.receive(QUEUE), [])
    deepEqual(await takeAll(scene, 'dead.fifo'), ['bad'])
  })

  it('stops when the tag goes, and begins anew with another one', async () => {
    const topics = new ModelledTopics()
    for (const topic of [TOPIC, 'others']) topics.make(topic, 1)
    topics.append(TOPIC, 0, 'first')
    topics.append('others', 0, 'second')
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, TOPIC)
    await until(scene, hasRead(scene, 1))
    good(await scene.submit({ kind: 'untagQueue', queue: QUEUE, keys: ['pabal:source'] }))
    topics.append(TOPIC, 0, 'not read')
    await scene.clock.advance(2 * LOOK_MS)
    deepEqual(await takeAll(scene), ['first'])
    await feedFrom(scene, 'others')
    await until(scene, hasRead(scene, 1))
    deepEqual(await takeAll(scene), ['second'])
    good(await scene.submit({ kind: 'deleteQueue', queue: QUEUE }))
    await scene.clock.advance(2 * LOOK_MS)
    equal(topics.open, 0)
    deepEqual(scene.logged, [])
  })

  it('says once that its topic is gone, and reads the one that comes in its place from the start', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, 'old')
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, `${TOPIC}@earliest`)
    await until(scene, hasRead(scene, 1))
    topics.drop(TOPIC)
    await scene.clock.advance(LOOK_MS)
    deepEqual(scene.logged, ['source_gone', 'source_missing'])
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, 'new', 'newer')
    await until(scene, hasRead(scene, 2))
    deepEqual(await takeAll(scene), ['old', 'new', 'newer'])
    equal(topics.open, 1)
  })

  it('goes on behind what Kafka has deleted before it was read, and says so', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 1)
    topics.append(TOPIC, 0, ...numbered(0, 2))
    await using scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, TOPIC)
    await until(scene, hasRead(scene, 2))
    topics.failure = new Error('Kafka cannot be reached')
    topics.append(TOPIC, 0, ...numbered(2, 10))
    await scene.clock.advance(LOOK_MS)
    topics.forget(TOPIC, 0, 8)
    topics.failure = undefined
    await until(scene, hasRead(scene, 10))
    deepEqual(await takeAll(scene), ['r0', 'r1', 'r8', 'r9'])
    deepEqual(new Set(scene.logged), new Set(['source_not_read', 'source_records_gone']))
  })

  it('does not keep its shard from closing while Kafka does not answer', async () => {
    const topics = new ModelledTopics()
    topics.make(TOPIC, 1)
    const scene = await open(new ModelledPartition(), topics)
    await feedFrom(scene, TOPIC)
    await until(scene, hasRead(scene, 0))
    topics.find = () => new Promise(() => {})
    await scene.clock.advance(LOOK_MS)
    await scene.shard.close()
  })
})

const fate = fc.constantFrom<Fate>(
  'lands',
  'lands',
  'lands',
  'lost',
  'unanswered',
  'late',
  'twice',
  'repeated',
)
const life = fc.record({
  appended: fc.array(fc.tuple(fc.nat(1), fc.integer({ min: 1, max: 20 })), { minLength: 1, maxLength: 8 }),
  fates: fc.array(fate, { maxLength: 25, size: 'max' }),
  takeOverAt: fc.nat(8),
})

it('each record is a message once and in its order, whatever becomes of the appends to the log', async () => {
  await fc.assert(
    fc.asyncProperty(life, async ({ appended, fates, takeOverAt }) => {
      const topics = new ModelledTopics()
      const model = new ModelledPartition()
      topics.make(TOPIC, 2)
      const sleeper = await open(model, topics, 'sleeper')
      await feedFrom(sleeper, TOPIC)
      const ends = [0, 0]
      model.fate(...fates)
      for (const [index, [partition, count]] of appended.entries()) {
        const from = ends[partition]!
        ends[partition] = from + count
        topics.append(TOPIC, partition, ...numbered(from, from + count).map((name) => `${partition} ${name}`))
        await rest()
        await sleeper.clock.advance(1000)
        if (index === takeOverAt) model.release()
      }
      model.forgetFates()
      model.release()
      const owner = await open(model, topics, 'owner')
      await until(owner, hasRead(owner, ends[0]!, ends[1]!))
      await owner.assertRecoverable({ turns: false })
      const bodies = await takeAll(owner)
      for (const partition of [0, 1]) {
        const own = bodies.filter((body) => body.startsWith(`${partition} `))
        deepEqual(
          own,
          numbered(0, ends[partition]!).map((name) => `${partition} ${name}`),
        )
      }
      await owner.shard.close()
      await sleeper.shard.close()
    }),
    { numRuns: RUNS },
  )
})

it('a tag for a topic that the broker has not seen is refused', async () => {
  await using scene = await open(new ModelledPartition(), new ModelledTopics())
  const tags = { 'pabal:source': TOPIC }
  ok(isProblem(await scene.submit({ kind: 'createQueue', name: 'orders', attributes: {}, tags })))
})
