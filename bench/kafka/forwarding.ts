/**
 * What does it cost to ask the wrong broker? Two brokers on one Kafka; the same work is given to one and to the other in turns, and the
 * processor time of both is counted. For each queue one of them holds its shard, so the cheaper turn is the one that
 * needed no forwarding. Prints microseconds a message and the ratio.
 *
 *     node bench/kafka/forwarding.ts [--rounds 3]
 */

import { Agent } from 'node:http'
import { parseArgs } from 'node:util'
import { startKafka } from '../../broker/test/kafka/real-kafka.ts'
import { Broker } from './broker.ts'

const QUEUES = ['one', 'two', 'three', 'four']
const BODY = 'x'.repeat(200)
const BATCH = 10
const MESSAGES = 5000
const IN_FLIGHT = 20

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)
const agent = new Agent({ keepAlive: true, maxSockets: 2 * IN_FLIGHT })

interface Received {
  readonly Messages?: readonly { readonly ReceiptHandle: string }[]
}

type Work = (broker: Broker, queue: string) => Promise<void>

const sendOne: Work = (broker, queue) =>
  sideBySide(MESSAGES, () => broker.ask('SendMessage', queue, { MessageBody: BODY }))

const sendBatches: Work = (broker, queue) => {
  const Entries = Array.from({ length: BATCH }, (_, index) => ({ Id: String(index), MessageBody: BODY }))
  return sideBySide(MESSAGES / BATCH, () => broker.ask('SendMessageBatch', queue, { Entries }))
}

const receiveAndDelete: Work = (broker, queue) =>
  sideBySide(MESSAGES / BATCH, async () => {
    const { Messages = [] } = await broker.ask<Received>('ReceiveMessage', queue, {
      MaxNumberOfMessages: BATCH,
    })
    const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
    if (Entries.length > 0) await broker.ask('DeleteMessageBatch', queue, { Entries })
  })

const kafka = await startKafka({ nodes: 1 })
const log = `${kafka.url}/bench`
const brokers = await Promise.all([Broker.start(log, agent), Broker.start(log, agent)])
try {
  for (const queue of QUEUES) await brokers[0]!.ask('CreateQueue', queue, { QueueName: queue })
  await compare('send, one at a time', sendOne)
  await compare('send, tens', sendBatches)
  await compare('receive and delete, tens', receiveAndDelete)
} finally {
  agent.destroy()
  await Promise.all(brokers.map((broker) => broker.stop()))
  await kafka.stop()
}

async function compare(what: string, work: Work): Promise<void> {
  const direct: number[] = []
  const forwarded: number[] = []
  for (let round = -1; round < rounds; round += 1) {
    for (const queue of QUEUES) {
      const costs: number[] = []
      for (const broker of brokers) costs.push(await costOf(() => work(broker, queue)))
      if (round < 0) continue
      direct.push(Math.min(...costs))
      forwarded.push(Math.max(...costs))
    }
  }
  const [near, far] = [median(direct), median(forwarded)]
  console.log(
    `${what}: ${near.toFixed(0)} µs, forwarded ${far.toFixed(0)} µs, ${(far / near).toFixed(1)} times`,
  )
}

/** Microseconds of processor time a message, of all brokers together. */
async function costOf(work: () => Promise<void>): Promise<number> {
  const before = brokers.reduce((sum, { cpuUs }) => sum + cpuUs, 0)
  await work()
  return (brokers.reduce((sum, { cpuUs }) => sum + cpuUs, 0) - before) / MESSAGES
}

async function sideBySide(count: number, run: () => Promise<unknown>): Promise<void> {
  let begun = 0
  const lane = async (): Promise<void> => {
    while (begun++ < count) await run()
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
}
