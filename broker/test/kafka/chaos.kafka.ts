/**
 * Processes that all believe they own one partition of a real Kafka, stopped and let go on in the midst of it. What one
 * of them answered for must be there, once, and nothing may count that was decided on another state.
 * PABAL_CHAOS_SECONDS makes more of it.
 */

import { equal, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { it, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { pause } from '../../src/log/kafka/pause.ts'
import { ensureTopic } from '../../src/log/kafka/topic-settings.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { checkChain, type Read, read } from './chain.ts'
import { kafkaClient, newTopicName, realKafka } from './real-kafka.ts'

const SECONDS = Number(process.env['PABAL_CHAOS_SECONDS'] ?? 15)
const OWNERS = 3
const STOPPED_MS_MAX = 3000
const RUNNING_MS_MAX = 1500
const SCRIPT = fileURLToPath(new URL('./owner-process.ts', import.meta.url))

const { bootstrap } = await realKafka()
const kafka = await kafkaClient()

interface Outcome {
  readonly acknowledged: readonly string[]
  readonly records: readonly Read[]
  readonly stops: number
}

async function run(seconds: number, ...mode: readonly string[]): Promise<Outcome> {
  const topic = newTopicName()
  await ensureTopic(kafka, topic, 1)
  const acknowledged: string[] = []
  const nodes = bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')
  const owners = Array.from({ length: OWNERS }, (_, index) =>
    spawn(process.execPath, [SCRIPT, nodes, topic, `owner${index}`, ...mode], {
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  )
  const read = owners.map(async ({ stdout }) => {
    for await (const line of createInterface({ input: stdout! })) acknowledged.push(line)
  })
  const stops = await stopAndGo(owners, seconds)
  await Promise.all([...owners.map(kill), ...read])
  return { acknowledged, records: await recordsOf(topic), stops }
}

/** Stops one after the other for a while. Returns how often. */
async function stopAndGo(owners: readonly ChildProcess[], seconds: number): Promise<number> {
  const clock = systemClock()
  const until = clock.now() + seconds * 1000
  let stops = 0
  for (; clock.now() < until; stops++) {
    const owner = owners[randomInt(OWNERS)]!
    await pause(clock, randomInt(RUNNING_MS_MAX))
    owner.kill('SIGSTOP')
    await pause(clock, randomInt(STOPPED_MS_MAX))
    owner.kill('SIGCONT')
  }
  return stops
}

async function kill(owner: ChildProcess): Promise<void> {
  const ended = once(owner, 'close')
  owner.kill('SIGKILL')
  await ended
}

async function recordsOf(topic: string): Promise<readonly Read[]> {
  const claimant = { node: 'reader', address: '' }
  const log = await openKafkaLog({ partition: kafka.partition(topic, 0), claimant, crc32c: kafka.crc32c })
  return read(log)
}

it('owners that never ask anybody lose nothing, double nothing, and decide on nothing but the truth', async (test: TestContext) => {
  const { acknowledged, records, stops } = await run(SECONDS)
  const seen = new Set(checkChain(records).seen)
  test.diagnostic(`${acknowledged.length} answered, ${seen.size} count, ${stops} stops`)
  ok(acknowledged.length > 0)
  equal(acknowledged.filter((name) => !seen.has(name)).join(), '')
})

it('owners that answer without comparing offsets are seen: the check is not blind', async (test: TestContext) => {
  const { acknowledged, records } = await run(3, 'blind')
  const seen = new Set(checkChain(records).seen)
  const lost = acknowledged.filter((name) => !seen.has(name))
  test.diagnostic(`${lost.length} of ${acknowledged.length} answered do not count`)
  ok(lost.length > 0)
})
