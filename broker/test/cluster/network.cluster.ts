/**
 * The network between three brokers and three Kafka nodes fails in parts, while programs go on and ask everybody; and a
 * broker sleeps, or is cut off from Kafka, for so long that others own its shards, and its clients go on asking it.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Network, type Ways } from './network.ts'
import { KAFKA, startProcesses } from './processes.ts'
import { Stranded } from './stranded.ts'
import { PLANS, Traffic } from './traffic.ts'
import type { Fault } from './wire.ts'

const FAULT_MS = 6000
/** Longer than others need to take over, and longer than a client waits for a shard that moves. */
const LONG_FAULT_MS = 10_000
const CALM_MS = 4000
const TIMEOUT = { timeout: 300_000 }

const network = new Network()
const cluster = await startProcesses(3, { network })
const { brokers } = cluster
const victim = brokers[0]!
after(async () => {
  await cluster[Symbol.asyncDispose]()
  await network[Symbol.asyncDispose]()
})

const toKafka: Ways = (from, to) => from === victim.place && to === KAFKA
const toPeers: Ways = (from, to) => to !== KAFKA && (from === victim.place || to === victim.place)
const everywhere: Ways = () => true

test(
  'nothing acknowledged is lost, doubled or out of order, whatever the network does',
  TIMEOUT,
  async (t) => {
    const traffic = new Traffic(() => brokers.map(({ url }) => url), PLANS)
    await traffic.createQueues()

    const happens = async (
      what: string,
      begin: () => void,
      end: () => void,
      ms = FAULT_MS,
    ): Promise<void> => {
      traffic.takeSlowest()
      begin()
      await sleep(ms)
      end()
      await sleep(CALM_MS)
      const { slowestMs, failures } = traffic.takeSlowest()
      t.diagnostic(`${what}: the longest request took ${slowestMs} ms, ${failures} were repeated`)
    }
    const fails = (what: string, fault: Fault, ways: Ways, ms?: number): Promise<void> =>
      happens(
        what,
        () => network.impose(fault, ways),
        () => network.heal(),
        ms,
      )

    await traffic.run(async () => {
      await fails('a broker is cut off from Kafka', 'cut', toKafka)
      await fails('a broker hears nothing from Kafka', 'silence', toKafka, LONG_FAULT_MS)
      await fails('a broker is cut off from the others', 'cut', toPeers)
      await fails('a broker hears nothing from the others', 'silence', toPeers)
      await fails('everything takes 300 ms each way', { delayMs: 300 }, everywhere)
      await happens(
        'a broker sleeps, and its clients go on asking it',
        () => victim.signal('SIGSTOP'),
        () => victim.signal('SIGCONT'),
      )
      await happens(
        'the network forgets every connection',
        () => {
          network.impose('loss', everywhere)
          network.heal()
        },
        () => {},
      )
    })
    t.diagnostic(`${traffic.ledger.acknowledged} messages were acknowledged`)
    deepEqual(traffic.ledger.violations(), [])
  },
)

test('an owner that others have replaced, and that hears no beats, asks them', TIMEOUT, async (t) => {
  const stranded = await strand('own')
  await stranded.askStranded()
  network.heal()
  t.diagnostic(`${stranded.answered} questions were answered, ${stranded.refused} refused`)
  equal(stranded.refused, 0)
  deepEqual(stranded.wrong, [])
  deepEqual(await stranded.lostDeletes(), [])
})

test('one that cannot ask them says nothing that is not so', TIMEOUT, async (t) => {
  const stranded = await strand('alone')
  network.impose('silence', (from, to) => toKafka(from, to) || toPeers(from, to))
  await stranded.askStranded()
  network.heal()
  t.diagnostic(`${stranded.answered} questions were answered, ${stranded.refused} refused`)
  ok(stranded.refused > 0)
  deepEqual(stranded.wrong, [])
  deepEqual(await stranded.lostDeletes(), [])
})

/** The others have taken over what the victim still believes to own. */
async function strand(name: string): Promise<Stranded> {
  const stranded = new Stranded(name, victim.url, brokers[1]!.url)
  await stranded.createQueues()
  // Time for the victim to get its share back.
  await sleep(CALM_MS)
  network.impose('silence', toKafka)
  await stranded.othersGoOn()
  return stranded
}
