/**
 * A cluster of real processes on a real Kafka of three nodes, for what only they can show. With a network between them
 * (network.ts) everything that a broker says to Kafka or to another broker goes through doors that can fail.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { type HostPort, showHostPort } from '../../src/log/kafka/address.ts'
import { newTopicName, type RealKafka, realKafka } from '../kafka/real-kafka.ts'
import type { Network } from './network.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const SOURCE_ADDRESS = new URL('source-address.ts', import.meta.url).href
const KAFKA_NODES = 3
/** Kafka's nodes listen so much higher for those who come through doors. */
const WIRED_PORTS = 50
const CONTROLLER_PORTS = 100

/** What the network calls a Kafka node, whichever. */
export const KAFKA = 'kafka'

export class BrokerProcess implements AsyncDisposable {
  readonly url: string
  /** What the network calls it, both as who connects and as a door. */
  readonly place: string
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown[]>

  constructor(child: ChildProcess, url: string, place: string) {
    this.#child = child
    this.url = url
    this.place = place
    this.#exited = once(child, 'exit')
  }

  /** SIGSTOP and SIGCONT are sent and not waited for. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal)
  }

  /** Resolves when it has ended, however. */
  async ended(): Promise<void> {
    await this.#exited
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
  readonly #log: string
  readonly #flags: readonly string[]
  readonly #network: Network | undefined
  #started = 0

  constructor(
    kafka: RealKafka,
    bootstrap: readonly HostPort[],
    flags: readonly string[],
    network: Network | undefined,
  ) {
    this.kafka = kafka
    this.#log = `kafka://${bootstrap.map(showHostPort).join(',')}/${newTopicName()}`
    this.#flags = flags
    this.#network = network
  }

  /** Starts one broker more: resolves when it serves. */
  async join(): Promise<BrokerProcess> {
    this.#started += 1
    const place = `127.0.1.${this.#started}`
    const flags = ['--log', this.#log, ...this.#flags]
    const broker = await (this.#network === undefined
      ? startBroker(flags, place)
      : startBehindDoor(flags, place, this.#network))
    this.brokers.push(broker)
    return broker
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map((broker) => broker[Symbol.asyncDispose]()))
  }
}

export interface ProcessOptions {
  readonly flags?: readonly string[]
  readonly network?: Network
}

export async function startProcesses(
  brokers: number,
  { flags = [], network }: ProcessOptions = {},
): Promise<ProcessCluster> {
  const session = 'broker.session.timeout.ms=3000'
  let nodes: readonly HostPort[] = []
  const wired = network === undefined ? undefined : await wireKafka(network, (node) => nodes[node]!)
  const kafka = await realKafka({
    nodes: KAFKA_NODES,
    settings: (port) => [session, ...(wired?.settings(port) ?? [])],
  })
  nodes = kafka.bootstrap.map(({ host, port }) => ({ host, port: port + WIRED_PORTS }))
  const cluster = new ProcessCluster(kafka, wired?.doors ?? kafka.bootstrap, flags, network)
  await Promise.all(Array.from({ length: brokers }, () => cluster.join()))
  return cluster
}

interface WiredKafka {
  readonly doors: readonly HostPort[]
  readonly settings: (port: number) => readonly string[]
}

/** Kafka tells everybody where its nodes are: to whom comes through a door it has to name the doors. */
async function wireKafka(network: Network, nodeAt: (index: number) => HostPort): Promise<WiredKafka> {
  const indexes = Array.from({ length: KAFKA_NODES }, (_, index) => index)
  const doors = await Promise.all(indexes.map((index) => network.door(KAFKA, () => nodeAt(index))))
  const settings = (port: number): readonly string[] => [
    'listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,WIRED:PLAINTEXT',
    ...doors.flatMap((door, index) => {
      const at = (ports: number): string => `127.0.0.1:${port + index + ports}`
      const plain = `PLAINTEXT://${at(0)}`
      return [
        `${index + 1}:listeners=${plain},WIRED://${at(WIRED_PORTS)},CONTROLLER://${at(CONTROLLER_PORTS)}`,
        `${index + 1}:advertised.listeners=${plain},WIRED://${showHostPort(door)}`,
      ]
    }),
  ]
  return { doors, settings }
}

/** The others reach it through a door, which goes with it. */
async function startBehindDoor(
  flags: readonly string[],
  place: string,
  network: Network,
): Promise<BrokerProcess> {
  const listen = { host: '127.0.0.1', port: await freePort() }
  const door = await network.door(place, () => listen)
  const reached = ['--peer-host', door.host, '--peer-port', String(door.port)]
  const listens = ['--peer-listen', showHostPort(listen)]
  const broker = await startBroker([...flags, ...reached, ...listens], place, ['--import', SOURCE_ADDRESS])
  void broker.ended().then(door.close)
  return broker
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port is free')
  return address.port
}

async function startBroker(
  flags: readonly string[],
  place: string,
  before: readonly string[] = [],
): Promise<BrokerProcess> {
  const child = spawn(process.execPath, [...before, MAIN, 'serve', '--port', '0', ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PABAL_LOG_LEVEL: 'error', ...process.env, TEST_SOURCE_ADDRESS: place },
  })
  for await (const line of createInterface({ input: child.stdout as Readable })) {
    const [url] = /http:\/\/[\w.:[\]-]+:\d+/.exec(line) ?? []
    if (url === undefined) continue
    child.stdout?.resume()
    return new BrokerProcess(child, url, place)
  }
  throw new Error('the broker ended before it listened')
}
