/** The log on three Kafka nodes of which one dies, hangs or is stopped: a wait, and no recovery. */

import { deepEqual, ok } from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Kafka } from '../../src/log/kafka/kafka.ts'
import { openKafka } from '../../src/log/kafka/kafka.ts'
import { type KafkaLog, openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { pause } from '../../src/log/kafka/pause.ts'
import { ensureTopic } from '../../src/log/kafka/topic-settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { replayed, text } from '../log/conformance.ts'
import { newTopicName, realKafka } from './real-kafka.ts'

const NODES = 3
/** Records before the fault, and after the first answer that came behind it. */
const BEFORE = 50
const AFTER = 50
const LOOK_AGAIN_MS = 100

const server = await realKafka({ nodes: NODES, settings: ['broker.session.timeout.ms=3000'] })

/** Connects to nodes in this order: the one that will fail comes first. */
async function open(
  topic: string,
  first: number,
): Promise<{ readonly kafka: Kafka; readonly log: KafkaLog }> {
  const bootstrap = Array.from(
    { length: NODES },
    (_, index) => server.bootstrap[(first - 1 + index) % NODES]!,
  )
  const kafka = await openKafka({ bootstrap, clock: systemClock() })
  await ensureTopic(kafka, topic, 1)
  const claimant = { node: 'tester', address: '' }
  const log = await openKafkaLog({ partition: kafka.partition(topic, 0), claimant, crc32c: kafka.crc32c })
  return { kafka, log }
}

/** Which node leads, counted from 1 as the script does. */
async function leaderOf(topic: string): Promise<number> {
  const kafka = await openKafka({ bootstrap: server.bootstrap, clock: systemClock() })
  await ensureTopic(kafka, topic, 1)
  const { name } = (await kafka.topic(topic)).partitions[0]!.leader!
  await kafka.close()
  return server.bootstrap.findIndex(({ host, port }) => `${host}:${port}` === name) + 1
}

/** Resolves when every node sees all of them again. */
async function whole(): Promise<void> {
  for (const node of server.bootstrap) {
    const kafka = await openKafka({ bootstrap: [node], clock: systemClock() })
    while ((await kafka.nodeCount()) < NODES) await pause(systemClock(), LOOK_AGAIN_MS)
    await kafka.close()
  }
}

describe('the log on three Kafka nodes', () => {
  const faults: readonly ['kill' | 'pause' | 'stop', 'start' | 'resume', 'leader' | 'follower'][] = [
    ['kill', 'start', 'leader'],
    ['kill', 'start', 'follower'],
    ['pause', 'resume', 'leader'],
    ['stop', 'start', 'leader'],
  ]
  for (const [fault, repair, victim] of faults) {
    it(`goes on after a ${fault} of the ${victim}, also where that node is the first to be asked`, async (test) => {
      const topic = newTopicName()
      const leader = await leaderOf(topic)
      const node = victim === 'leader' ? leader : (leader % NODES) + 1
      const { kafka, log } = await open(topic, node)
      try {
        await appendThrough(test, log, () => server.node(fault, node))
      } finally {
        await server.node(repair, node)
        await whole()
        await log.close()
        await kafka.close()
      }
    })
  }
})

async function appendThrough(test: TestContext, log: KafkaLog, fail: () => Promise<void>): Promise<void> {
  const expected: string[] = []
  let gapMs = 0
  const put = async (): Promise<void> => {
    const began = performance.now()
    const record = `record ${expected.length}`
    log.append(text(record))
    await log.flush()
    expected.push(record)
    gapMs = Math.max(gapMs, performance.now() - began)
  }
  for (let count = 0; count < BEFORE; count++) await put()
  const failing = fail()
  // While it fails, and after it has.
  let failed = false
  void failing.finally(() => {
    failed = true
  })
  while (!failed) await put()
  await failing
  for (let count = 0; count < AFTER; count++) await put()
  test.diagnostic(`longest gap ${(gapMs / 1000).toFixed(2)} s`)
  deepEqual(await replayed(log), expected)
  ok(expected.length > BEFORE + AFTER)
}
