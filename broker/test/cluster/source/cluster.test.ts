/** A queue that is fed from a topic, in a cluster: any broker takes the tag, and the owner of the queue's shard reads. */

import { deepEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { isProblem } from '../../../src/queue/problem.ts'
import { StoredContent } from '../../../src/sqs/content.ts'
import { type Client, startCluster, until } from '../cluster-scene.ts'
import { ModelledTopics } from './modelled-topics.ts'

const TIMEOUT = { timeout: 30_000 }
const QUEUES = ['a', 'b', 'c', 'd'] as const

function feedFrom(client: Client, name: string, topic: string) {
  const tags = { 'pabal:source': topic }
  return client.ask<'createQueue'>({ kind: 'createQueue', name, attributes: {}, tags })
}

/** So many messages of the queue, each deleted; again where a shard is on its way. */
async function take(client: Client, queue: string, count: number): Promise<readonly string[]> {
  const bodies: string[] = []
  await until(async () => {
    const messages = await client.receive(queue, 1).catch(() => [])
    await until(() =>
      client.delete(queue, messages).then(
        () => true,
        () => false,
      ),
    )
    bodies.push(...messages.map(({ content }) => new StoredContent(content).body))
    return bodies.length >= count
  })
  return bodies.sort()
}

function numbered(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from }, (_, index) => `r${100 + from + index}`)
}

test('feeding goes on at another broker when one has gone, which goes on for itself', TIMEOUT, async () => {
  const topics = new ModelledTopics()
  topics.make('orders', 2)
  await using scene = await startCluster(2, { shards: 4, topics })
  const [gone, left] = scene.brokers
  ok(gone && left)
  for (const queue of QUEUES) ok(!isProblem(await feedFrom(left.client, queue, 'orders')))
  topics.append('orders', 0, ...numbered(0, 20))
  for (const queue of QUEUES) deepEqual(await take(left.client, queue, 20), numbered(0, 20))
  await scene.kill(gone)
  topics.append('orders', 1, ...numbered(20, 50))
  for (const queue of QUEUES) {
    deepEqual(await take(left.client, queue, 30), numbered(20, 50))
    deepEqual(await left.client.receive(queue), [])
  }
})

test('a tag is refused by whichever broker is asked, with the reason', TIMEOUT, async () => {
  await using scene = await startCluster(2, { shards: 4, topics: new ModelledTopics() })
  for (const { client } of scene.brokers) {
    deepEqual(await feedFrom(client, 'orders', 'nowhere'), {
      problem: 'InvalidParameterValue',
      text: "Topic 'nowhere' does not exist in Kafka.",
    })
  }
  deepEqual(await scene.at(0).client.names(), [])
})
