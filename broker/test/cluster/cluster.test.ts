/** Several brokers as one: any of them answers anything, and any of them may go. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { BEAT_MS, GONE_MS } from '../../src/cluster/members.ts'
import { homeOf } from '../../src/cluster/shard-of.ts'
import { type Broker, type ClusterScene, startCluster, until } from './cluster-scene.ts'
import { Network } from './network.ts'

const TIMEOUT = { timeout: 30_000 }
const QUEUES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const

test('shards are shared out, and any broker answers for all queues', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  for (const [index, queue] of QUEUES.entries()) await scene.at(index % 3).client.queue(queue)
  for (const { client } of scene.brokers) deepEqual(await client.names(), QUEUES)
  for (const queue of QUEUES) {
    await scene.at(0).client.send(queue, 'hello')
    const [message] = await scene.at(1).client.receive(queue)
    ok(message)
    await scene.at(2).client.delete(queue, [message])
    for (const { client } of scene.brokers) deepEqual(await client.counts(queue), [0, 0])
  }
})

test('a broker is reached where it says, wherever it listens', TIMEOUT, async () => {
  await using network = new Network()
  await using scene = await startCluster(2, { network })
  for (const queue of QUEUES) await scene.at(0).client.queue(queue)
  deepEqual(await scene.at(1).client.names(), QUEUES)
  network.impose('cut', () => true)
  await rejects(scene.at(0).client.names(), { name: 'Unavailable' })
})

test('what a broker had acknowledged is there when it has vanished', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  const [gone, ...left] = scene.brokers
  ok(gone)
  for (const queue of QUEUES) {
    await gone.client.queue(queue)
    for (const body of ['1', '2', '3']) await gone.client.send(queue, body)
  }
  await scene.kill(gone)
  for (const queue of QUEUES) {
    let bodies: readonly string[] | undefined
    // As an SDK does: again where the answer is that it should be tried again.
    await until(async () => {
      bodies = await left[0]!.client.drain(queue).catch(() => undefined)
      return bodies !== undefined
    })
    deepEqual(bodies, ['1', '2', '3'])
  }
  await scene.balanced(left)
})

test('a planned stop is not noticed by the clients of the others', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  const [stopped, other, third] = scene.brokers
  ok(stopped && other && third)
  for (const queue of QUEUES) await other.client.queue(queue)
  let sent = 0
  let stopping = true
  const done = stopped.cluster.close().then(() => {
    stopping = false
  })
  while (stopping || sent < 20) {
    await Promise.all(QUEUES.map((queue) => other.client.send(queue, String(sent))))
    sent += 1
  }
  await done
  scene.forget(stopped)
  for (const queue of QUEUES) equal((await third.client.drain(queue)).length, sent)
})

test('a broker that stops answers until others have its shards', TIMEOUT, async () => {
  await using scene = await startCluster(2)
  const [stopped, other] = scene.brokers
  ok(stopped && other)
  for (const queue of QUEUES) await stopped.client.queue(queue)
  const stop = stopped.cluster.handOver()
  for (const queue of QUEUES) await stopped.client.send(queue, 'while it stops')
  await stop
  await stopped.client.send('a', 'when it has nothing left')
  await stopped.cluster.close()
  scene.forget(stopped)
  deepEqual(await other.client.bodies('a'), ['while it stops', 'when it has nothing left'])
  for (const queue of QUEUES.slice(1)) deepEqual(await other.client.bodies(queue), ['while it stops'])
})

test('a long poll goes on where its queue has gone', TIMEOUT, async () => {
  await using scene = await startCluster(2)
  const [stopped, other] = scene.brokers
  ok(stopped && other)
  const queue = QUEUES.find((name) => stopped.cluster.open.includes(homeOf(name, scene.shards)))
  ok(queue)
  await other.client.queue(queue)
  const polled = other.client.bodies(queue, 20)
  await stopped.cluster.close()
  scene.forget(stopped)
  await other.client.send(queue, 'late')
  deepEqual(await polled, ['late'])
})

test('a broker that joins gets its share', TIMEOUT, async () => {
  await using scene = await startCluster(1)
  for (const queue of QUEUES) {
    await scene.at(0).client.queue(queue)
    await scene.at(0).client.send(queue, 'before')
  }
  await scene.join()
  await scene.balanced()
  for (const queue of QUEUES) deepEqual(await scene.at(1).client.bodies(queue), ['before'])
})

test('a shard stays where it is until its next owner has read its log along', TIMEOUT, async () => {
  await using scene = await startCluster(1)
  const { cluster } = scene.at(0)
  let read: readonly number[] = []
  const second = await scene.join(() => read)
  const until = Date.now() + 5 * BEAT_MS
  while (Date.now() < until) await new Promise((resolve) => setImmediate(resolve))
  equal(cluster.open.length, scene.shards)
  read = cluster.open
  await scene.balanced()
  equal(second.cluster.open.length, scene.shards / 2)
})

/** One broker hears and says no beats any more, and another one has taken over the queue's shard. */
async function replaceOwner(scene: ClusterScene): Promise<{
  readonly cut: Broker
  readonly left: readonly Broker[]
  readonly queue: string
}> {
  const [cut, ...left] = scene.brokers
  ok(cut)
  const queue = QUEUES.find((name) => cut.cluster.open.includes(homeOf(name, scene.shards)))
  ok(queue)
  await cut.client.queue(queue)
  await cut.client.send(queue, 'before')
  cut.beats.cut = true
  await until(() => left.some(({ cluster }) => cluster.open.includes(homeOf(queue, scene.shards))))
  return { cut, left, queue }
}

test('a broker that is cut off says nothing that rests on what it remembers', TIMEOUT, async () => {
  await using network = new Network()
  await using scene = await startCluster(3, { network })
  const { cut, left, queue } = await replaceOwner(scene)
  const [before] = await left[0]!.client.receive(queue)
  ok(before)
  await left[0]!.client.send(queue, 'after')
  const [after] = await left[1]!.client.receive(queue)
  ok(after)
  // It knows nothing of this message and would find nothing to delete.
  network.impose('cut', () => true)
  await rejects(cut.client.delete(queue, [after]), { name: 'Unavailable' })
  network.heal()
  cut.beats.cut = false
  await scene.balanced()
  deepEqual(await cut.client.counts(queue), [0, 2])
  await cut.client.delete(queue, [before, after])
  deepEqual(await left[0]!.client.counts(queue), [0, 0])
})

test('a broker that is cut off from the beats asks whoever has replaced it', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  const { cut, left, queue } = await replaceOwner(scene)
  equal(cut.cluster.open.includes(homeOf(queue, scene.shards)), true)
  await cut.client.send(queue, 'after')
  deepEqual([...(await left[0]!.client.bodies(queue))].sort(), ['after', 'before'])
  deepEqual(await cut.client.counts(queue), [0, 2])
  deepEqual(await cut.client.receive(queue), [])
  cut.beats.cut = false
  await scene.balanced()
})

test('when nobody hears beats, owners go on with what needs no proof', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  for (const queue of QUEUES) await scene.at(0).client.queue(queue)
  for (const { beats } of scene.brokers) beats.cut = true
  const cutAt = Date.now()
  await until(() => Date.now() > cutAt + GONE_MS)
  for (const queue of QUEUES) {
    await scene.at(1).client.send(queue, 'meanwhile')
    deepEqual(await scene.at(2).client.bodies(queue), ['meanwhile'])
  }
  for (const { beats } of scene.brokers) beats.cut = false
})

test('dead letters go to another broker, once each', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  const { client } = scene.at(0)
  await client.queue('dead')
  const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead'
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 })
  for (const queue of QUEUES) {
    await client.queue(queue, { RedrivePolicy, VisibilityTimeout: '0' })
    await client.send(queue, queue)
    equal((await client.receive(queue)).length, 1)
    equal((await client.receive(queue)).length, 0)
  }
  deepEqual(await scene.at(1).client.drain('dead'), QUEUES)
})

test('a queue spread over all brokers is one queue to each of them', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  await scene.at(0).client.queue('wide', {}, { 'pabal:shards': '6' })
  const bodies = Array.from({ length: 30 }, (_, index) => String(index).padStart(2, '0'))
  for (const [index, body] of bodies.entries()) await scene.at(index % 3).client.send('wide', body)
  for (const { client } of scene.brokers) deepEqual(await client.counts('wide'), [30, 0])
  deepEqual(await scene.at(1).client.drain('wide'), bodies)
  const polled = scene.at(2).client.bodies('wide', 20)
  await scene.at(0).client.send('wide', 'late')
  deepEqual(await polled, ['late'])
})

test('a FIFO queue that is spread keeps the order of each group', TIMEOUT, async () => {
  await using scene = await startCluster(3)
  const attributes = {
    FifoQueue: 'true',
    ContentBasedDeduplication: 'true',
    DeduplicationScope: 'messageGroup',
  }
  await scene.at(0).client.queue('wide.fifo', attributes, { 'pabal:shards': '6' })
  for (let index = 0; index < 40; index += 1) {
    await scene.at(index % 3).client.send('wide.fifo', String(index), `g${index % 8}`)
    await scene.at((index + 1) % 3).client.send('wide.fifo', String(index), `g${index % 8}`)
  }
  const seen: number[] = []
  for (let turn = 0; seen.length < 40; turn += 1) {
    const { client } = scene.at(turn % 3)
    const got = await client.receive('wide.fifo')
    seen.push(...got.map(({ content }) => Number(content)))
    await client.delete('wide.fifo', got)
  }
  for (let group = 0; group < 8; group += 1) {
    const own = seen.filter((index) => index % 8 === group)
    deepEqual(
      own,
      [...own].sort((a, b) => a - b),
    )
  }
})
