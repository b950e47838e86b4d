/**
 * How long is a queue without service when its broker is killed? Three brokers on three Kafka nodes; programs send to
 * every queue through the two that will live, and try again as SDKs do; the third is killed with SIGKILL and started
 * again. Prints the longest wait of each kill and their median. With several programs (`--main`, for example of two
 * working trees) each has a cluster of its own on the same Kafka, and they are killed in turns.
 *
 *     node bench/kafka/failover.ts [--kills 7] [--pause-ms 50] [--main broker/dist/main.js]...
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startKafka } from '../../broker/test/kafka/real-kafka.ts'

const MAIN = new URL('../../broker/dist/main.js', import.meta.url).pathname
const BROKERS = 3
const QUEUES = Array.from({ length: 24 }, (_, index) => `queue-${index}`)
const AGAIN_MS = 20
const REQUEST_MS = 15_000
/** From the start of a broker until shards have moved, and from its death until they have been taken over for sure. */
const SETTLE_MS = 4000
const WATCH_MS = 6000

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '7' },
    'pause-ms': { type: 'string', default: '50' },
    main: { type: 'string', multiple: true, default: [MAIN] },
  },
})
const pauseMs = Number(values['pause-ms'])

interface Broker {
  readonly child: ChildProcess
  readonly url: string
}

class Cluster {
  readonly main: string
  readonly waits: number[] = []
  readonly #log: string
  readonly #brokers: Broker[] = []
  /** Those that are asked. */
  #asked: readonly Broker[] = []
  #longestMs = 0
  #stopped = false

  constructor(main: string, log: string) {
    this.main = main
    this.#log = log
  }

  async start(): Promise<void> {
    for (let broker = 0; broker < BROKERS; broker += 1) await this.#join()
    this.#asked = this.#brokers
    for (const QueueName of QUEUES) await this.#ask('CreateQueue', { QueueName })
  }

  /** Kills the eldest while everybody sends, and starts another one. */
  async killOne(): Promise<void> {
    const [victim, ...others] = this.#brokers
    this.#asked = others
    this.#stopped = false
    const lanes = QUEUES.map((queue) => this.#send(queue))
    await sleep(SETTLE_MS / 2)
    this.#longestMs = 0
    victim!.child.kill('SIGKILL')
    await once(victim!.child, 'exit')
    await sleep(WATCH_MS)
    this.#stopped = true
    await Promise.all(lanes)
    this.waits.push(this.#longestMs)
    this.#brokers.shift()
    await this.#join()
    await sleep(SETTLE_MS)
  }

  stop(): void {
    for (const { child } of this.#brokers) child.kill('SIGKILL')
  }

  async #join(): Promise<void> {
    const child = spawn(process.execPath, [this.main, 'serve', '--port', '0', '--log', this.#log], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PABAL_LOG_LEVEL: 'error', ...process.env },
    })
    for await (const line of createInterface({ input: child.stdout as Readable })) {
      const [url] = /http:\/\/[\w.:]+/.exec(line) ?? []
      if (url === undefined) continue
      child.stdout?.resume()
      this.#brokers.push({ child, url })
      return
    }
    throw new Error('a broker ended before it listened')
  }

  async #send(queue: string): Promise<void> {
    while (!this.#stopped) {
      const begunAt = performance.now()
      await this.#ask('SendMessage', { QueueUrl: `http://x/000000000000/${queue}`, MessageBody: 'hello' })
      this.#longestMs = Math.max(this.#longestMs, performance.now() - begunAt)
      await sleep(pauseMs)
    }
  }

  async #ask(action: string, input: object): Promise<void> {
    for (;;) {
      const { url } = this.#asked[Math.floor(Math.random() * this.#asked.length)]!
      const status = await statusOf(url, action, input)
      if (status === 200) return
      if (status !== undefined && status < 500) throw new Error(`${action} was answered with ${status}`)
      await sleep(AGAIN_MS)
    }
  }
}

/** Undefined where there was no answer. */
async function statusOf(url: string, action: string, input: object): Promise<number | undefined> {
  const headers = { 'X-Amz-Target': `AmazonSQS.${action}`, 'Content-Type': 'application/x-amz-json-1.0' }
  const signal = AbortSignal.timeout(REQUEST_MS)
  try {
    const reply = await fetch(url, { method: 'POST', signal, headers, body: JSON.stringify(input) })
    await reply.arrayBuffer()
    return reply.status
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return undefined
    throw error
  }
}

const kafka = await startKafka({ nodes: 3, settings: ['broker.session.timeout.ms=3000'] })
const clusters = values.main.map((main, index) => new Cluster(main, `${kafka.url}/failover-${index}`))
try {
  for (const cluster of clusters) await cluster.start()
  for (let kill = 0; kill < Number(values.kills); kill += 1) {
    for (const cluster of clusters) await cluster.killOne()
  }
  for (const { main, waits } of clusters) {
    const sorted = waits.toSorted((a, b) => a - b).map(Math.round)
    console.log(`${main}: median ${sorted[sorted.length >> 1]} ms of ${sorted.join(' ')}`)
  }
} finally {
  for (const cluster of clusters) cluster.stop()
  await kafka.stop()
}
