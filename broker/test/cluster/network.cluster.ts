/** The network between three brokers and three Kafka nodes fails in parts, while programs go on and ask everybody. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Network, type Ways } from './network.ts'
import { KAFKA, startProcesses } from './processes.ts'
import { PLANS, Traffic } from './traffic.ts'
import type { Fault } from './wire.ts'

const FAULT_MS = 6000
const CALM_MS = 4000

test('nothing acknowledged is lost, doubled or out of order, whatever the network does', {
  timeout: 300_000,
}, async (t) => {
  await using network = new Network()
  await using cluster = await startProcesses(3, { network })
  const { brokers } = cluster
  const traffic = new Traffic(() => brokers.map(({ url }) => url), PLANS)
  await traffic.createQueues()
  const places = brokers.map(({ place }) => place)
  const victim = places[0]!

  const happens = async (what: string, fault: Fault, ways: Ways): Promise<void> => {
    traffic.takeSlowest()
    network.impose(fault, ways)
    await sleep(FAULT_MS)
    network.heal()
    await sleep(CALM_MS)
    const { slowestMs, failures } = traffic.takeSlowest()
    t.diagnostic(`${what}: the longest request took ${slowestMs} ms, ${failures} were repeated`)
  }
  const fromKafka: Ways = (from, to) => from === victim && to === KAFKA
  const fromPeers: Ways = (from, to) => to !== KAFKA && (from === victim || to === victim)

  await traffic.run(async () => {
    await happens('nothing happens', 'cut', () => false)
    await happens('a broker is cut off from Kafka', 'cut', fromKafka)
    await happens('a broker hears nothing from Kafka', 'silence', fromKafka)
    await happens('a broker is cut off from the others', 'cut', fromPeers)
    await happens('a broker hears nothing from the others', 'silence', fromPeers)
    await happens('everything takes 300 ms each way', { delayMs: 300 }, () => true)
  })
  t.diagnostic(`${traffic.ledger.acknowledged} messages were acknowledged`)
  deepEqual(traffic.ledger.violations(), [])
})
