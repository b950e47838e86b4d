/** A cluster of real processes on a real Kafka of three nodes, for what only they can show. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { newTopicName, type RealKafka, realKafka } from '../kafka/real-kafka.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

export class BrokerProcess implements AsyncDisposable {
  readonly url: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown[]>

  constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
    this.#exited = once(child, 'exit')
  }

  /** SIGSTOP and SIGCONT are sent and not waited for. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Ends it; resolves with its exit code, null where the signal killed it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal)
    const [code] = await this.#exited
    return code as number | null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGCONT')
    await this.end('SIGKILL')
  }
}

export class ProcessCluster implements AsyncDisposable {
  readonly brokers: BrokerProcess[] = []
  readonly kafka: RealKafka
  readonly #flags: readonly string[]

  constructor(kafka: RealKafka, flags: readonly string[]) {
    this.kafka = kafka
    this.#flags = ['--log', `${kafka.url}/${newTopicName()}`, ...flags]
  }

  /** Starts one broker more: resolves when it serves. */
  async join(): Promise<BrokerProcess> {
    const broker = await startBroker(this.#flags)
    this.brokers.push(broker)
    return broker
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker[Symbol.asyncDispose]()))
  }
}

export async function startProcesses(
  brokers: number,
  flags: readonly string[] = [],
): Promise<ProcessCluster> {
  const kafka = await realKafka({ nodes: 3, settings: ['broker.session.timeout.ms=3000'] })
  const cluster = new ProcessCluster(kafka, flags)
  await Promise.all(Array.from({ length: brokers }, () => cluster.join()))
  return cluster
}

async function startBroker(flags: readonly string[]): Promise<BrokerProcess> {
  const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, PABAL_LOG_LEVEL: 'error' },
  })
  for await (const line of createInterface({ input: child.stdout as Readable })) {
    const [url] = /http:\/\/[\w.:[\]-]+:\d+/.exec(line) ?? []
    if (url === undefined) continue
    child.stdout?.resume()
    return new BrokerProcess(child, url)
  }
  throw new Error('the broker ended before it listened')
}
