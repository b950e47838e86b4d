/**
 * What does it cost to ask the wrong broker? Two brokers on one Kafka; the same work is given to one and to the other in turns, and the
 * processor time of both is counted. For each queue one of them holds its shard, so the cheaper turn is the one that
 * needed no forwarding. Prints microseconds a message and the ratio.
 *
 *     node bench/kafka/forwarding.ts [--rounds 3]
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { startKafka } from '../../broker/test/kafka/real-kafka.ts'

const MAIN = new URL('../../broker/dist/main.js', import.meta.url).pathname
const QUEUES = ['one', 'two', 'three', 'four']
const BODY = 'x'.repeat(200)
const BATCH = 10
const MESSAGES = 5000
const IN_FLIGHT = 20
/** Of a tick in /proc, as Linux has them. */
const TICK_US = 10_000

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const rounds = Number(values.rounds)
const agent = new Agent({ keepAlive: true, maxSockets: 2 * IN_FLIGHT })

class Broker {
  readonly url: string
  readonly #child: ChildProcess

  constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(log: string): Promise<Broker> {
    const flags = ['serve', '--port', '0', '--log', log]
    const child = spawn(process.execPath, [MAIN, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, PABAL_LOG_LEVEL: 'error' },
    })
    for await (const line of createInterface({ input: child.stdout as Readable })) {
      const [url] = /http:\/\/[\w.:]+/.exec(line) ?? []
      if (url === undefined) continue
      child.stdout?.resume()
      return new Broker(child, url)
    }
    throw new Error('a broker ended before it listened')
  }

  get cpuUs(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_US
  }

  async ask<Answer>(action: string, queue: string, input: object): Promise<Answer> {
    const body = JSON.stringify({ QueueUrl: `http://x/000000000000/${queue}`, ...input })
    const headers = {
      'X-Amz-Target': `AmazonSQS.${action}`,
      'Content-Type': 'application/x-amz-json-1.0',
      'Content-Length': Buffer.byteLength(body),
    }
    return new Promise((resolve, reject) => {
      const asked = request(this.url, { method: 'POST', agent, headers }, (answer) => {
        json(answer).then((value) => resolve(value as Answer), reject)
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  stop(): void {
    this.#child.kill()
  }
}

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
const brokers = await Promise.all([Broker.start(log), Broker.start(log)])
try {
  for (const queue of QUEUES) await brokers[0]!.ask('CreateQueue', queue, { QueueName: queue })
  await compare('send, one at a time', sendOne)
  await compare('send, tens', sendBatches)
  await compare('receive and delete, tens', receiveAndDelete)
} finally {
  agent.destroy()
  for (const broker of brokers) broker.stop()
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
