/**
 * Several brokers in one process, as a cluster: shards in memory behind a fence as Kafka's claims make it, beats in a
 * list that all of them see, connections over loopback. Brokers can be cut off, and they can vanish.
 */

import { deepEqual, ok } from 'node:assert/strict'
import type { BeatLog } from '../../src/cluster/beat-log.ts'
import { type Cluster, joinCluster } from '../../src/cluster/cluster.ts'
import type { Beat } from '../../src/cluster/members.ts'
import type { SourceTopics } from '../../src/cluster/source/source-topics.ts'
import type { Log } from '../../src/log/log.ts'
import { type MemoryStore, memoryLog, memoryStore } from '../../src/log/memory-log.ts'
import type { Answers, Command, Delivered, Submit } from '../../src/queue/command.ts'
import { isProblem, type Problem } from '../../src/queue/problem.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import type { Network } from './network.ts'

/** All beats of a cluster. Delivered in later turns, to each follower in order. */
class BeatTopic {
  readonly #beats: Beat[] = []
  readonly #followers = new Set<MemoryBeats>()

  append(beat: Beat): void {
    this.#beats.push(structuredClone(beat))
    for (const follower of this.#followers) follower.wake()
  }

  read(from: number): Beat | undefined {
    return this.#beats[from]
  }

  get end(): number {
    return this.#beats.length
  }

  join(follower: MemoryBeats): void {
    this.#followers.add(follower)
  }

  leave(follower: MemoryBeats): void {
    this.#followers.delete(follower)
  }
}

class MemoryBeats implements BeatLog {
  readonly #topic: BeatTopic
  #next: number
  #see: ((beat: Beat) => void) | undefined
  #cut = false
  #closed = false
  #due = false

  constructor(topic: BeatTopic) {
    this.#topic = topic
    this.#next = topic.end
  }

  /** Cut off: nothing is written and nothing is read, until it is mended. */
  set cut(cut: boolean) {
    this.#cut = cut
    this.wake()
  }

  async append(beat: Beat): Promise<void> {
    if (this.#closed || this.#cut) throw new Error('the beats cannot be reached')
    this.#topic.append(beat)
  }

  follow(see: (beat: Beat) => void): void {
    this.#see = see
    this.#topic.join(this)
  }

  wake(): void {
    if (this.#due) return
    this.#due = true
    setImmediate(() => {
      this.#due = false
      while (!this.#cut && !this.#closed && this.#next < this.#topic.end) {
        this.#see?.(this.#topic.read(this.#next++)!)
      }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#topic.leave(this)
  }
}

interface FencedStore {
  readonly store: MemoryStore
  claim: number
}

/** A log in memory of which only the newest opener's appends count. */
function fencedLog(fenced: FencedStore): Log {
  fenced.claim += 1
  const { claim, store } = fenced
  const log = memoryLog({ store })
  const isOvertaken = (): boolean => fenced.claim !== claim
  let beyond = 0
  return new Proxy(log, {
    get: (target, property: keyof Log) => {
      if (property === 'append' && isOvertaken()) return () => target.durable + ++beyond
      if (property === 'flush' && isOvertaken()) return () => Promise.reject(new Error('overtaken'))
      if (property === 'close' && isOvertaken()) return () => Promise.resolve()
      const value = target[property]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

export interface Broker {
  readonly cluster: Cluster
  readonly beats: { cut: boolean }
  /** Events of its own log. */
  readonly logged: string[]
  readonly client: Client
}

export interface SceneOptions {
  readonly shards?: number
  /** For the shards; the machine's unless given. */
  readonly clock?: Clock
  readonly topics?: SourceTopics
  /** Through which the brokers reach each other. */
  readonly network?: Network
}

export class ClusterScene implements AsyncDisposable {
  readonly brokers: Broker[] = []
  readonly #killed: Broker[] = []
  readonly #topic = new BeatTopic()
  readonly #stores: readonly FencedStore[]
  readonly #clock: Clock
  readonly #topics: SourceTopics | undefined
  readonly #network: Network | undefined

  constructor({ shards = 6, clock = systemClock(), topics, network }: SceneOptions = {}) {
    this.#stores = Array.from({ length: shards }, () => ({ store: memoryStore(), claim: 0 }))
    this.#clock = clock
    this.#topics = topics
    this.#network = network
  }

  get shards(): number {
    return this.#stores.length
  }

  /** Broker number `index`. */
  at(index: number): Broker {
    const broker = this.brokers[index]
    ok(broker)
    return broker
  }

  /** `reads`: the shards whose logs it says it has read along. */
  async join(reads?: () => readonly number[]): Promise<Broker> {
    let joined: Broker | undefined
    const door = await this.#network?.door('a broker', () => ({
      host: '127.0.0.1',
      port: joined!.cluster.port,
    }))
    const beats = new MemoryBeats(this.#topic)
    const logged: string[] = []
    const cluster = await joinCluster({
      shards: this.shards,
      openLog: async (shard) => fencedLog(this.#stores[shard]!),
      beats,
      ...(reads === undefined ? {} : { reads }),
      host: '127.0.0.1',
      port: door?.port ?? 0,
      listen: { host: '127.0.0.1', port: 0 },
      secret: 'of the scene',
      ...(this.#topics === undefined ? {} : { topics: this.#topics }),
      clock: this.#clock,
      machineClock: systemClock(),
      random: systemRandom,
      log: recorder(logged),
      endOfTurn: (run) => setImmediate(run),
      awsWaits: false,
    })
    joined = { cluster, beats, logged, client: new Client(cluster.submit) }
    this.brokers.push(joined)
    return joined
  }

  /** Resolves when every shard is open at exactly one of these. */
  async balanced(brokers: readonly Broker[] = this.brokers): Promise<void> {
    const share = Math.ceil(this.shards / brokers.length)
    await until(() => {
      const open = brokers.flatMap(({ cluster }) => cluster.open)
      const even = brokers.every(({ cluster }) => cluster.open.length <= share)
      return even && open.length === this.shards && new Set(open).size === this.shards
    })
  }

  /** Kills a broker: it goes on for itself, and nobody hears of it. */
  async kill(broker: Broker): Promise<void> {
    await broker.cluster.vanish()
    this.forget(broker)
    this.#killed.push(broker)
  }

  /** It was closed. */
  forget(broker: Broker): void {
    this.brokers.splice(this.brokers.indexOf(broker), 1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.brokers.map(({ cluster }) => cluster.close()))
    await Promise.all(this.#killed.map(({ cluster }) => cluster.releaseAll()))
  }
}

export async function startCluster(brokers: number, options: SceneOptions = {}): Promise<ClusterScene> {
  const scene = new ClusterScene(options)
  await Promise.all(Array.from({ length: brokers }, () => scene.join()))
  await scene.balanced()
  return scene
}

/** What a program asks of one broker. */
export class Client {
  readonly #submit: Submit

  constructor(submit: Submit) {
    this.#submit = submit
  }

  async queue(
    name: string,
    attributes: Readonly<Record<string, string>> = {},
    tags: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    good(await this.#submit({ kind: 'createQueue', name, attributes, tags }))
  }

  ask<Kind extends Command['kind']>(
    command: Extract<Command, { kind: Kind }>,
    signal?: AbortSignal,
  ): Promise<Answers[Kind] | Problem> {
    return this.#submit<Kind>(command, signal)
  }

  async send(queue: string, body: string, group?: string): Promise<void> {
    const content = Buffer.from(body)
    const entry = { content, size: body.length, contentHash: body, ...(group === undefined ? {} : { group }) }
    const { results } = good(await this.#submit({ kind: 'send', queue, entries: [entry], batch: false }))
    ok(!isProblem(results[0]!), JSON.stringify(results))
  }

  async receive(queue: string, waitSeconds = 0, signal?: AbortSignal): Promise<readonly Delivered[]> {
    return good(await this.#submit({ kind: 'receive', queue, max: 10, waitSeconds }, signal)).messages
  }

  async bodies(queue: string, waitSeconds = 0): Promise<readonly string[]> {
    return (await this.receive(queue, waitSeconds)).map(bodyOf)
  }

  /** Receives and deletes until nothing comes. */
  async drain(queue: string): Promise<readonly string[]> {
    const bodies: string[] = []
    for (let got = await this.receive(queue); got.length > 0; got = await this.receive(queue)) {
      bodies.push(...got.map(bodyOf))
      await this.delete(queue, got)
    }
    return bodies.sort()
  }

  async delete(queue: string, messages: readonly Delivered[]): Promise<void> {
    const receipts = messages.map(({ receipt }) => receipt)
    const { results } = good(await this.#submit({ kind: 'delete', queue, receipts }))
    deepEqual(
      results,
      receipts.map(() => undefined),
    )
  }

  async names(): Promise<readonly string[]> {
    return good(await this.#submit({ kind: 'listQueues', prefix: '', limit: 1000 })).names
  }

  async counts(queue: string): Promise<readonly [visible: number, inFlight: number]> {
    const { visible, inFlight } = good(await this.#submit({ kind: 'describeQueue', queue }))
    return [visible, inFlight]
  }
}

export function bodyOf({ content }: Delivered): string {
  return Buffer.from(content).toString()
}

function good<Answer extends object>(answer: Answer | Problem): Answer {
  ok(!isProblem(answer), JSON.stringify(answer))
  return answer
}

/** Lets the world go on until something is so. The test's own time limit ends what never becomes so. */
export async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await so())) await new Promise((resolve) => setImmediate(resolve))
}

function recorder(events: string[]): Logger {
  const log = (event: string): void => {
    events.push(event)
  }
  return { debug: log, info: log, warn: log, error: log }
}
