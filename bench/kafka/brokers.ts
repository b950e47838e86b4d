/**
 * Do more brokers carry more? One, two and three brokers on one Kafka, each held to the same small part of a core, so
 * that neither Kafka nor the client nor this machine is what ends first. Prints messages a second, from send to
 * delete, as ratios to one broker's, for three ways to use a cluster.
 *
 *     npm run build && node bench/kafka/brokers.ts [--rounds 3] [--ms 4000] [--percent 20]
 *
 * Needs the right to make control groups (cgroup v1 or v2 with the cpu controller): that is how a broker is held.
 */

import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { homeOf } from '../../broker/src/cluster/shard-of.ts'
import { startKafka } from '../../broker/test/kafka/real-kafka.ts'
import { median } from '../measure/statistics.ts'
import { Broker } from './broker.ts'
import { CpuShare } from './cpu-share.ts'

const SHARDS = 12
const COUNTS = [1, 2, 3] as const
/** More brokers are for more programs: with the same few, each broker would only have smaller batches to write. */
const LANES_PER_BROKER = 64
const WARM_MS = 1500
const BATCH = 10
const ENTRIES = Array.from({ length: BATCH }, (_, index) => ({
  Id: String(index),
  MessageBody: 'x'.repeat(200),
}))
const QUEUES = Array.from({ length: 24 }, (_, index) => `queue-${index}`)

type Choose = (brokers: readonly Broker[], queue: string) => Broker

const any: Choose = (brokers) => brokers[Math.floor(Math.random() * brokers.length)]!
const holder: Choose = (brokers, queue) =>
  brokers.find(({ shards }) => shards.has(homeOf(queue, SHARDS))) ?? any(brokers, queue)

const WAYS: readonly {
  readonly name: string
  readonly queues: readonly string[]
  readonly choose: Choose
}[] = [
  { name: '24 queues, each asked where it is held', queues: QUEUES, choose: holder },
  { name: '24 queues, any broker asked', queues: QUEUES, choose: any },
  { name: 'one queue over 12 shards, any broker asked', queues: ['wide'], choose: any },
]

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    ms: { type: 'string', default: '4000' },
    percent: { type: 'string', default: '20' },
  },
})
const agent = new Agent({ keepAlive: true, maxSockets: LANES_PER_BROKER * COUNTS.length })
const kafka = await startKafka({ nodes: 1 })
const share = new CpuShare(Number(values.percent))
const log = `${kafka.url}/bench`
const brokers: Broker[] = []
const rates = WAYS.map(() => COUNTS.map((): number[] => []))
try {
  await useBrokers(1)
  for (const queue of QUEUES) await brokers[0]!.ask('CreateQueue', queue, { QueueName: queue })
  const tags = { 'pabal:shards': String(SHARDS) }
  await brokers[0]!.ask('CreateQueue', 'wide', { QueueName: 'wide', tags })
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [index, count] of COUNTS.entries()) {
      await useBrokers(count)
      for (const [way, { queues, choose }] of WAYS.entries()) {
        // Compiling what is hot would take most of a small part of a core.
        await rate(queues, choose, WARM_MS)
        rates[way]![index]!.push(await share.during(brokers, () => rate(queues, choose, Number(values.ms))))
      }
    }
    await useBrokers(1)
  }
  for (const [way, { name }] of WAYS.entries()) print(name, rates[way]!)
} finally {
  agent.destroy()
  await Promise.all(brokers.map((broker) => broker.stop()))
  await kafka.stop()
}

/** Starts or stops as many as it takes, and waits until each has its share of the shards. */
async function useBrokers(count: number): Promise<void> {
  while (brokers.length < count) brokers.push(await Broker.start(log, agent))
  while (brokers.length > count) {
    await brokers.pop()!.stop()
  }
  const most = Math.ceil(SHARDS / count)
  const even = (): boolean =>
    brokers.every(({ shards }) => shards.size > 0 && shards.size <= most) &&
    brokers.reduce((sum, { shards }) => sum + shards.size, 0) === SHARDS
  while (!even()) await sleep(100)
}

/** Messages a second that were sent, received and deleted. */
async function rate(queues: readonly string[], choose: Choose, ms: number): Promise<number> {
  const begunAt = performance.now()
  let deleted = 0
  const lane = async (number: number): Promise<void> => {
    const queue = queues[number % queues.length]!
    while (performance.now() - begunAt < ms) {
      const count = await lifecycles(queue, choose)
      deleted += count
    }
  }
  await Promise.all(Array.from({ length: LANES_PER_BROKER * brokers.length }, (_, number) => lane(number)))
  return (1000 * deleted) / (performance.now() - begunAt)
}

interface Received {
  readonly Messages?: readonly { readonly ReceiptHandle: string }[]
}

async function lifecycles(queue: string, choose: Choose): Promise<number> {
  const ask = <Answer>(action: string, input: object): Promise<Answer> =>
    choose(brokers, queue).ask<Answer>(action, queue, input)
  await ask('SendMessageBatch', { Entries: ENTRIES })
  const { Messages = [] } = await ask<Received>('ReceiveMessage', { MaxNumberOfMessages: BATCH })
  if (Messages.length === 0) return 0
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
  await ask('DeleteMessageBatch', { Entries })
  return Messages.length
}

function print(name: string, byCount: readonly (readonly number[])[]): void {
  console.log(`${name}:`)
  const one = byCount[0]!
  for (const [index, count] of COUNTS.entries()) {
    const ratios = byCount[index]!.map((rate, round) => rate / one[round]!)
    const aSecond = Math.round(median(byCount[index]!)).toLocaleString('en')
    console.log(
      `  ${count} broker${count > 1 ? 's' : ''}: ${median(ratios).toFixed(2)} × (${aSecond} a second)`,
    )
  }
}
