/** A warm standby on a real Kafka: it keeps up, stops at once when it is to take over, and reads the tail only. */

import { deepEqual, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { pause } from '../../src/log/kafka/pause.ts'
import { ensureTopic } from '../../src/log/kafka/topic-settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { BEGIN_AT } from '../support/shard-scene.ts'
import { live, Node, SHARD } from './followed-scene.ts'
import { kafkaClient, newTopicName } from './real-kafka.ts'

const LOOK_AGAIN_MS = 50
const kafka = await kafkaClient()

it('a shard is taken over by a warm standby, which has little left to read', async (test) => {
  const topic = newTopicName()
  await ensureTopic(kafka, topic, 1)
  const clock = manualClock(BEGIN_AT)
  const [a, b] = [new Node(kafka.partition(topic, 0), 'a'), new Node(kafka.partition(topic, 0), 'b')]
  const first = await a.open(clock)
  b.logs.standBy([SHARD])
  await live(first, 60)
  await first.shard.settled()
  for (let before = -1; before !== b.fetched; ) {
    before = b.fetched
    await pause(systemClock(), LOOK_AGAIN_MS)
  }
  const behind = b.fetched
  const began = performance.now()
  const second = await b.open(clock)
  test.diagnostic(`taken over in ${(performance.now() - began).toFixed(0)} ms`)
  ok(b.fetched - behind < 1000, `${b.fetched - behind} bytes`)
  await second.assertRecoverable({ turns: false })
  deepEqual(await second.counts('orders'), await first.counts('orders'))
  await first.shard.close()
  await second.shard.close()
  await a.logs.close()
  await b.logs.close()
})
