/**
 * Three brokers on three Kafka nodes, and what happens to them in years, within two minutes: brokers are killed, stopped
 * and put to sleep, and so are Kafka's nodes; one broker loses its way to Kafka (network.cluster.ts has more of that).
 * Programs go on all the while. Prints how long they had to wait. PABAL_SHORT=1 leaves Kafka's nodes alone, which takes
 * about a minute.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Network } from './network.ts'
import { type BrokerProcess, KAFKA, startProcesses } from './processes.ts'
import { PLANS, Traffic } from './traffic.ts'

/** With everything that happens on a busy machine. Alone it is 1.5 to 2.2 s, see docs/cluster.md. */
const KILLED_MS_MAX = 8000
const SHORT = process.env['PABAL_SHORT'] === '1'
const CALM_MS = SHORT ? 1500 : 3000
const ASLEEP_MS = SHORT ? 3500 : 5000
/** Longer than others need to take over. */
const CUT_OFF_MS = 3000

test('nothing acknowledged is lost, doubled or out of order, whatever happens', {
  timeout: 300_000,
}, async (t) => {
  await using network = new Network()
  await using cluster = await startProcesses(3, { network })
  const { brokers, kafka } = cluster
  // A program is led to a broker that answers: by its load balancer, or by trying the next one.
  const away = new Set<BrokerProcess>()
  const traffic = new Traffic(
    () => brokers.filter((broker) => !away.has(broker)).map(({ url }) => url),
    PLANS,
  )
  await traffic.createQueues()

  const happens = async (what: string, fault: () => Promise<void>): Promise<number> => {
    traffic.takeSlowest()
    await fault()
    await sleep(CALM_MS)
    const { slowestMs, failures } = traffic.takeSlowest()
    t.diagnostic(`${what}: the longest request took ${slowestMs} ms, ${failures} were repeated`)
    return slowestMs
  }
  const kill = async (broker: BrokerProcess): Promise<void> => {
    brokers.splice(brokers.indexOf(broker), 1)
    await broker.end('SIGKILL')
    await sleep(CALM_MS)
  }

  await traffic.run(async () => {
    if (!SHORT) await happens('nothing happens', async () => {})
    const killedMs = await happens('a broker is killed', () => kill(brokers[0]!))
    ok(killedMs < KILLED_MS_MAX)
    await happens('a broker joins', async () => void (await cluster.join()))
    await happens('a broker is stopped', async () => {
      const stopped = brokers[0]!
      brokers.splice(0, 1)
      equal(await stopped.end('SIGTERM'), 0)
    })
    if (!SHORT) await happens('a broker joins', async () => void (await cluster.join()))
    await happens('a broker sleeps and wakes', async () => {
      const asleep = brokers[0]!
      away.add(asleep)
      asleep.signal('SIGSTOP')
      await sleep(ASLEEP_MS)
      away.delete(asleep)
      asleep.signal('SIGCONT')
    })
    await happens('a broker is cut off from Kafka', async () => {
      const { place } = brokers[0]!
      network.impose('cut', (from, to) => from === place && to === KAFKA)
      await sleep(CUT_OFF_MS)
      network.heal()
    })
    if (SHORT) return
    await happens('a Kafka node is killed', () => kafka.node('kill', 2))
    await happens('a broker is killed with it', () => kill(brokers[0]!))
    await happens('both are back', async () => {
      await kafka.node('start', 2)
      await cluster.join()
    })
    await happens('a Kafka node sleeps and wakes', async () => {
      await kafka.node('pause', 1)
      await sleep(ASLEEP_MS)
      await kafka.node('resume', 1)
    })
  })
  t.diagnostic(`${traffic.ledger.acknowledged} messages were acknowledged`)
  deepEqual(traffic.ledger.violations(), [])
})
