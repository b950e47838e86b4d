/** The black-box suite on three brokers on three Kafka nodes: every request goes to a random broker. */

import { ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import '../sdk/suite.ts'
import { runOn } from '../sdk/scene.ts'
import { outsideServer } from '../sdk/server.ts'
import { Front } from './front.ts'
import { startProcesses } from './processes.ts'

const cluster = await startProcesses(3, { flags: ['--test-clock'] })
const front = new Front(cluster.brokers.map(({ url }) => url))
await front.listen()
after(async () => {
  await front[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
})

runOn(outsideServer(front.url), 'JSON')

test('every broker was asked', () => {
  ok(front.counts.every((count) => count > 100))
})
