/**
 * A real Kafka for tests: one for the process, started when the first test asks for it, on free ports, in a temporary
 * folder that goes with it. `kafka/kafka` does the work and signals only what it started.
 */

import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { promisify } from 'node:util'
import { type HostPort, readKafkaAddress } from '../../src/log/kafka/address.ts'
import { type Kafka, openKafka } from '../../src/log/kafka/kafka.ts'
import { systemClock } from '../../src/runtime/clock.ts'

const SCRIPT = new URL('../../../kafka/kafka', import.meta.url).pathname
const START_MS = 180_000
/** Controllers listen so much higher than nodes do. */
const CONTROLLER_PORTS = 100
const HEAP = '256m'

export type NodeCount = 1 | 3

export class RealKafka {
  readonly bootstrap: readonly HostPort[]
  readonly #directory: string
  readonly #port: number

  constructor(directory: string, port: number, bootstrap: readonly HostPort[]) {
    this.#directory = directory
    this.#port = port
    this.bootstrap = bootstrap
  }

  /** As `--log` takes it. */
  get url(): string {
    return `kafka://${this.bootstrap.map(({ host, port }) => `${host}:${port}`).join(',')}`
  }

  /** `kill`, `pause`, `resume`, `stop` or `start` a node, counted from 1. */
  async node(command: 'kill' | 'pause' | 'resume' | 'stop' | 'start', node: number): Promise<void> {
    await run(this.#directory, this.#port, command, String(node))
  }

  async stop(): Promise<void> {
    await run(this.#directory, this.#port, 'down')
    await rm(this.#directory, { recursive: true, force: true })
  }
}

let running: Promise<RealKafka> | undefined

export interface RealKafkaOptions {
  readonly nodes?: NodeCount
  /** Kafka's own settings, such as `broker.session.timeout.ms=3000`. */
  readonly settings?: readonly string[] | ((port: number) => readonly string[])
}

/** The one of this process; the first call decides what it is like. Ends with the tests of the file. */
export function realKafka(options: RealKafkaOptions = {}): Promise<RealKafka> {
  if (running === undefined) {
    running = startKafka(options)
    after(async () => (await running)?.stop())
  }
  return running
}

/** A client of it, closed when the file's tests are over. */
export async function kafkaClient(): Promise<Kafka> {
  const { bootstrap } = await realKafka()
  const kafka = await openKafka({ bootstrap, clock: systemClock() })
  after(() => kafka.close())
  return kafka
}

export function newTopicName(): string {
  return `test-${randomUUID()}`
}

/** Another one, for a program that is no test: it has to stop it. */
export async function startKafka({ nodes = 1, settings = [] }: RealKafkaOptions): Promise<RealKafka> {
  const directory = await mkdtemp(join(tmpdir(), 'pabal-kafka-'))
  const port = await freePorts()
  const given = typeof settings === 'function' ? settings(port) : settings
  const set = given.flatMap((setting) => ['-c', setting])
  stopWhenKilled(directory)
  const bootstrap = await run(directory, port, ...set, 'up', String(nodes))
  return new RealKafka(directory, port, readKafkaAddress(`kafka://${bootstrap.trim()}`)!.bootstrap)
}

/** A test run that is broken off takes its Kafka with it. */
function stopWhenKilled(directory: string): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      execFileSync(SCRIPT, ['-d', directory, 'down'])
      rmSync(directory, { recursive: true, force: true })
      process.exit(1)
    })
  }
}

async function run(directory: string, port: number, ...command: readonly string[]): Promise<string> {
  const env = { KAFKA_HEAP: HEAP, ...process.env }
  const { stdout } = await promisify(execFile)(SCRIPT, ['-d', directory, '-p', String(port), ...command], {
    env,
    timeout: START_MS,
  })
  return stdout
}

/** A port that is free, as are the two behind it and those of the controllers. */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = await listen(0)
    if (port === undefined || port + CONTROLLER_PORTS + 2 > 65_535) continue
    const others = [1, 2, 0, 1, 2].map((offset, index) => port + offset + (index > 1 ? CONTROLLER_PORTS : 0))
    const free = await Promise.all(others.map(listen))
    if (free.every((found) => found !== undefined)) return port
  }
}

function listen(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined))
    })
  })
}
