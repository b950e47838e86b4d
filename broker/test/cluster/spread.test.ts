/** Queues that are spread over several shards of one broker: one queue to whoever uses them. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { checkParts } from '../../src/cluster/check-parts.ts'
import { othersOf } from '../../src/cluster/others-of.ts'
import { Router } from '../../src/cluster/router.ts'
import { enterShard } from '../../src/cluster/shard-door.ts'
import { homeOf, shardOfPart } from '../../src/cluster/shard-of.ts'
import { memoryLog, memoryStore } from '../../src/log/memory-log.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { openShard, type Shard } from '../../src/shard/shard.ts'
import { bodyOf, Client } from './cluster-scene.ts'

const SHARDS = 4

interface Scene extends AsyncDisposable {
  readonly shards: readonly Shard[]
  readonly clock: ManualClock
  /** Each has a memory of its own of what is spread, as if in a broker of its own. */
  readonly clients: readonly Client[]
  readonly router: Router
}

async function open(): Promise<Scene> {
  const shards: Shard[] = []
  const clock = manualClock(1_800_000_000_000)
  const routers = [0, 1].map(
    () =>
      new Router({
        shards: SHARDS,
        ask: async (shard, command, passage, signal) =>
          (await enterShard(shards[shard]!, command, passage, signal)).answer,
        isLocal: (shard) => shard === 0,
      }),
  )
  const router = routers[0]!
  for (let number = 0; number < SHARDS; number += 1) {
    const store = memoryStore()
    shards.push(
      await openShard({
        openLog: async () => memoryLog({ store }),
        clock,
        random: systemRandom,
        log: silentLogger,
        endOfTurn: (run) => setImmediate(run),
        awsWaits: false,
        others: othersOf(number, router, () => shards[number]),
      }),
    )
  }
  clock.onAdvance(async () => {
    for (const shard of shards) await shard.settled()
  })
  return {
    shards,
    clock,
    router,
    clients: routers.map(({ submit }) => new Client(submit)),
    [Symbol.asyncDispose]: async () => {
      for (const shard of shards) await shard.close()
    },
  }
}

const BY_GROUP = { FifoQueue: 'true', ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup' }

test('a queue that was not spread can be, and its handles stay good', async () => {
  await using scene = await open()
  const [one, other] = scene.clients
  ok(one && other)
  await one.queue('q')
  await other.send('q', 'before')
  const before = await other.receive('q')
  equal(
    (await one.ask<'tagQueue'>({ kind: 'tagQueue', queue: 'q', tags: { 'pabal:shards': '3' } })) !==
      undefined,
    true,
  )
  for (let index = 0; index < 6; index += 1) await other.send('q', String(index))
  const parts = [0, 1, 2].map(
    (part) => scene.shards[shardOfPart('q', part, SHARDS)]!.state!.queuesByName.get('q')!,
  )
  deepEqual(
    parts.map(({ visible }) => visible),
    [2, 2, 2],
  )
  await other.delete('q', before)
  deepEqual(await one.counts('q'), [6, 0])
  deepEqual(await one.names(), ['q'])
})

test('spread over fewer shards, it is still received from all', async () => {
  await using scene = await open()
  const [one, other] = scene.clients
  ok(one && other)
  await one.queue('q', {}, { 'pabal:shards': '4' })
  for (let index = 0; index < 8; index += 1) await other.send('q', String(index))
  await one.ask<'tagQueue'>({ kind: 'tagQueue', queue: 'q', tags: { 'pabal:shards': '1' } })
  for (let index = 0; index < 4; index += 1) await other.send('q', `later ${index}`)
  const home = scene.shards[homeOf('q', SHARDS)]!.state!.queuesByName.get('q')!
  equal(home.visible, 6)
  equal((await other.drain('q')).length, 12)
})

test('more shards than there are is all of them', async () => {
  await using scene = await open()
  const [one] = scene.clients
  ok(one)
  await one.queue('q', {}, { 'pabal:shards': '256' })
  for (let index = 0; index < 8; index += 1) await one.send('q', String(index))
  for (const shard of scene.shards) equal(shard.state!.queuesByName.get('q')!.visible, 2)
})

test('attributes hold in all parts', async () => {
  await using scene = await open()
  const [one, other] = scene.clients
  ok(one && other)
  await one.queue('q', {}, { 'pabal:shards': '4' })
  await other.ask<'setAttributes'>({ kind: 'setAttributes', queue: 'q', attributes: { DelaySeconds: '60' } })
  for (let index = 0; index < 4; index += 1) await one.send('q', String(index))
  deepEqual(await one.bodies('q'), [])
  await scene.clock.advance('60s')
  equal((await one.drain('q')).length, 4)
})

test('a purge and a deletion reach all parts, and a queue of that name begins anew', async () => {
  await using scene = await open()
  const [one, other] = scene.clients
  ok(one && other)
  await one.queue('q', {}, { 'pabal:shards': '4' })
  for (let index = 0; index < 8; index += 1) await one.send('q', String(index))
  await other.ask<'purgeQueue'>({ kind: 'purgeQueue', queue: 'q' })
  deepEqual(await one.counts('q'), [0, 0])
  await other.ask<'deleteQueue'>({ kind: 'deleteQueue', queue: 'q' })
  deepEqual(await one.ask<'describeQueue'>({ kind: 'describeQueue', queue: 'q' }), {
    problem: 'QueueDoesNotExist',
  })
  await scene.clock.advance('1s')
  await other.queue('q')
  await one.send('q', 'new')
  deepEqual(await one.bodies('q'), ['new'])
})

test('a part whose queue is no more goes; one that is behind catches up', async () => {
  await using scene = await open()
  const [one] = scene.clients
  ok(one)
  await one.queue('q', {}, { 'pabal:shards': '2' })
  const home = scene.shards[homeOf('q', SHARDS)]!
  const part = scene.shards[shardOfPart('q', 1, SHARDS)]!
  // A broker died in the middle: the home knows, the part was not told.
  await home.submit<'setAttributes'>({ kind: 'setAttributes', queue: 'q', attributes: { DelaySeconds: '9' } })
  await checkParts(part, scene.router)
  equal(part.state!.queuesByName.get('q')!.settings.delayMs, 9000)
  await home.submit<'deleteQueue'>({ kind: 'deleteQueue', queue: 'q' })
  await checkParts(part, scene.router)
  equal(part.state!.queuesByName.get('q'), undefined)
})

test('a batch to a FIFO queue is answered in its order, whichever parts it went to', async () => {
  await using scene = await open()
  const [one] = scene.clients
  ok(one)
  await one.queue('q.fifo', BY_GROUP, { 'pabal:shards': '4' })
  const entries = Array.from({ length: 10 }, (_, index) => ({
    content: Buffer.from(String(index)),
    size: 1,
    contentHash: String(index % 5),
    group: `g${index % 5}`,
  }))
  const sent = await one.ask<'send'>({ kind: 'send', queue: 'q.fifo', entries, batch: true })
  ok('results' in sent)
  const ids = sent.results.map((result) => ('messageId' in result ? result.messageId : 'refused'))
  deepEqual(ids.slice(5), ids.slice(0, 5))
  deepEqual(await one.drain('q.fifo'), ['0', '1', '2', '3', '4'])
})

test('a receive with an attempt id that is repeated brings the same messages, wherever they were', async () => {
  await using scene = await open()
  const [one, other] = scene.clients
  ok(one && other)
  await one.queue('q.fifo', BY_GROUP, { 'pabal:shards': '4' })
  for (const group of ['a', 'b', 'c', 'd', 'e', 'f']) await one.send('q.fifo', group, group)
  const command = { kind: 'receive', queue: 'q.fifo', max: 10, attemptId: 'attempt' } as const
  const first = await one.ask<'receive'>(command)
  ok('messages' in first && first.messages.length > 0)
  for (const client of [other, one]) {
    const again = await client.ask<'receive'>(command)
    ok('messages' in again)
    deepEqual(again.messages.map(bodyOf), first.messages.map(bodyOf))
  }
})

test('a handle of no part that can be is invalid', async () => {
  await using scene = await open()
  const [one] = scene.clients
  ok(one)
  await one.queue('q', {}, { 'pabal:shards': '2' })
  const answer = await one.ask<'delete'>({ kind: 'delete', queue: 'q', receipts: ['9.x', '1.x', 'x'] })
  ok('results' in answer)
  deepEqual(
    answer.results.map((result) => result?.problem),
    ['ReceiptHandleIsInvalid', 'ReceiptHandleIsInvalid', 'ReceiptHandleIsInvalid'],
  )
})

test('dead letters of a spread queue, and of a FIFO one group by group, all arrive', async () => {
  await using scene = await open()
  const [one] = scene.clients
  ok(one)
  await one.queue('dead')
  await one.queue('dead.fifo', BY_GROUP, { 'pabal:shards': '4' })
  const policy = (name: string) =>
    JSON.stringify({ deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${name}`, maxReceiveCount: 1 })
  const atOnce = { VisibilityTimeout: '0' }
  await one.queue('q', { RedrivePolicy: policy('dead'), ...atOnce }, { 'pabal:shards': '4' })
  const byGroup = { ...BY_GROUP, ...atOnce, RedrivePolicy: policy('dead.fifo') }
  await one.queue('q.fifo', byGroup, { 'pabal:shards': '4' })
  for (let index = 0; index < 8; index += 1) {
    await one.send('q', String(index))
    await one.send('q.fifo', String(index), `g${index % 4}`)
  }
  for (let turn = 0; turn < 40; turn += 1) {
    await one.receive('q')
    await one.receive('q.fifo')
  }
  await scene.clock.advance('1s')
  equal((await one.drain('dead')).length, 8)
  const bodies: number[] = []
  for (let got = await one.receive('dead.fifo'); got.length > 0; got = await one.receive('dead.fifo')) {
    bodies.push(...got.map((message) => Number(bodyOf(message))))
    await one.delete('dead.fifo', got)
  }
  equal(bodies.length, 8)
  for (let group = 0; group < 4; group += 1) {
    const [first = 0, second = 0] = bodies.filter((body) => body % 4 === group)
    ok(first < second)
  }
})

test('a message for a spread queue that was deleted is refused by its home, which remembers it', async () => {
  await using scene = await open()
  const [one, other] = scene.clients
  ok(one && other)
  await one.queue('dead.fifo', BY_GROUP, { 'pabal:shards': '4' })
  const travellers = ['a', 'b', 'c', 'd', 'e'].map((group, index) => ({
    number: 100 + index,
    fifo: true,
    source: 'q.fifo',
    redrive: false,
    messageId: '11111111-1111-4111-8111-111111111111',
    sentAt: scene.clock.now(),
    receiveCount: 2,
    firstReceivedAt: scene.clock.now(),
    priority: 0,
    group,
    dedupId: group,
    content: Buffer.from(group),
  }))
  const arrive = (traveller: (typeof travellers)[number]) =>
    one.ask<'arrive'>({ kind: 'arrive', queue: 'dead.fifo', from: 9, travellers: [traveller] })
  deepEqual(await arrive(travellers[0]!), { upTo: 100, refused: undefined })
  await other.ask<'deleteQueue'>({ kind: 'deleteQueue', queue: 'dead.fifo' })
  for (const traveller of travellers.slice(1)) {
    const { number } = traveller
    deepEqual(await arrive(traveller), { upTo: 0, refused: { problem: 'QueueDoesNotExist' } })
    const home = scene.shards[homeOf('dead.fifo', SHARDS)]!
    equal(home.state!.arrivals.of('dead.fifo')?.get(9)?.refused, number)
  }
})
