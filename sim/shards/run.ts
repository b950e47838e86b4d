/**
 * One run of several brokers that hold several shards, between which messages cross: a safety phase, in which shards
 * change hands, lawfully or not, and what brokers send each other comes late, twice or not at all; and a liveness
 * phase, in which one broker is left and every message must be received.
 */

import { crc32c } from '@platformatic/kafka'
import type { ArriveCommand, Command } from '../../broker/src/queue/command.ts'
import type { State } from '../../broker/src/queue/state.ts'
import { Unavailable } from '../../broker/src/shard/unavailable.ts'
import { assertSound } from '../../broker/test/support/sound.ts'
import { Dice } from '../dice.ts'
import { ModelledKafka } from '../kafka/modelled-kafka.ts'
import type { Process } from '../process.ts'
import { loadProduct, type Product } from '../product.ts'
import type { Report, RunOptions } from '../run.ts'
import { Scheduler } from '../scheduler.ts'
import { Trace } from '../trace.ts'
import { Verdict } from '../verdict.ts'
import { difference } from '../views.ts'
import { BEGIN_MS, Broker, linesOf, SKEW_MS } from './broker.ts'
import { Client, drawDeeds, makeQueue } from './client.ts'
import { Journal } from './journal.ts'
import { homeOf, QUEUES, SHARDS } from './layout.ts'
import { Mischief } from './mischief.ts'
import { type ArriveAnswer, Network } from './network.ts'
import { Truth } from './truth.ts'

const BROKERS = 3
const CLIENTS = 4
const LOOK_STEPS = 100
const REBUILD_STEPS = 300
const LIVENESS_STEPS_MAX = 60_000
/** What was held back has landed by then. */
const SETTLE_US = 12_000_000

export async function runOnShards(options: RunOptions): Promise<Report> {
  return new ShardsRun(options, await loadProduct(options.defect)).play()
}

class ShardsRun {
  readonly #options: RunOptions
  readonly #product: Product
  readonly #verdict = new Verdict()
  readonly #scheduler = new Scheduler()
  readonly #dice: Dice
  readonly #trace: Trace
  readonly #truth: Truth
  readonly #journals: readonly Journal[]
  readonly #partitions: readonly ModelledKafka[]
  readonly #network: Network
  readonly #brokers: readonly Broker[]
  readonly #clients: readonly Client[]
  readonly #mischief: Mischief

  constructor(options: RunOptions, product: Product) {
    this.#options = options
    this.#product = product
    const scheduler = this.#scheduler
    const verdict = this.#verdict
    const dice = new Dice(options.seed)
    const trace = new Trace(options.print === true)
    const truth = new Truth(SHARDS.length, verdict)
    const journals = SHARDS.map((shard) => new Journal(shard, truth, trace))
    const partitions = SHARDS.map((shard) => {
      const landed = journals[shard]!.landed.bind(journals[shard])
      return new ModelledKafka(scheduler, dice.fork(`partition ${shard}`), trace, landed)
    })
    const network = new Network(scheduler, dice.fork('network'), trace, (command) => this.#deliver(command))
    const segmentBytesMax = dice.fork('sizes').pick([6 * 1024, 16 * 1024])
    const arrive = (process: Process, command: ArriveCommand): Promise<ArriveAnswer> =>
      network.arrive(process, command)
    const common = { verdict, scheduler, trace }
    this.#brokers = Array.from({ length: BROKERS }, (_, index) => {
      const name = `broker ${index + 1}`
      const parts = { ...common, product, partitions, journals, arrive, segmentBytesMax }
      return new Broker(name, { ...parts, dice: dice.fork(name) })
    })
    const deeds = drawDeeds(dice.fork('deeds'))
    this.#clients = Array.from({ length: CLIENTS }, (_, index) => {
      const parts = {
        ...common,
        truth,
        deeds,
        ask: (command: Command, shard: number) => this.#ask(command, shard),
      }
      return new Client(`c${index}`, { ...parts, dice: dice.fork(`client ${index}`) })
    })
    this.#mischief = new Mischief({
      ...{ partitions, journals, network, scheduler, trace },
      brokers: this.#brokers,
      clients: this.#clients,
      dice: dice.fork('mischief'),
    })
    this.#dice = dice.fork('ways')
    this.#trace = trace
    this.#truth = truth
    this.#journals = journals
    this.#partitions = partitions
    this.#network = network
  }

  async play(): Promise<Report> {
    this.#mischief.begin()
    await this.#begin()
    this.#mischief.strike()
    for (const client of this.#clients) client.begin()
    await this.#steps(this.#options.steps, () => false)
    if (this.#verdict.violation === undefined) await this.#converge()
    const sum = (of: (journal: Journal) => number): number =>
      this.#journals.reduce((all, one) => all + of(one), 0)
    const warm = this.#brokers.reduce((all, one) => all + one.warm, 0)
    return {
      seed: this.#options.seed,
      steps: this.#scheduler.steps,
      violation: this.#verdict.violation,
      tail: this.#trace.tail(40),
      hash: this.#trace.digest(),
      records: sum(({ records }) => records),
      starts: this.#brokers.reduce((all, { starts }) => all + starts, 0),
      recoveries: sum(({ claims }) => claims),
      virtualMs: this.#scheduler.nowMs,
      mishaps: new Map([...this.#mischief.counts, ...this.#network.counts, ['warm takeovers', warm]]),
      events: new Map([...this.#truth.counts, ['void records', sum(({ voids }) => voids)]]),
    }
  }

  /** Every queue is there before anybody uses one. */
  async #begin(): Promise<void> {
    for (const name of [...QUEUES].reverse()) {
      let made = false
      const make = (): void => {
        this.#ask(makeQueue(name), homeOf(name)).then(
          () => {
            made = true
          },
          () => this.#scheduler.after(20_000, make),
        )
      }
      make()
      await this.#steps(LIVENESS_STEPS_MAX, () => made)
    }
  }

  async #converge(): Promise<void> {
    const last = this.#mischief.end()
    const wakeAt = this.#scheduler.nowUs + SETTLE_US
    for (const client of this.#clients) {
      client.draining = true
      client.restingUntilUs = wakeAt
    }
    await this.#steps(LIVENESS_STEPS_MAX, () => this.#scheduler.nowUs > wakeAt)
    // What landed in between it finds out by its next append, if it has any reason for one.
    last.kill()
    last.start()
    for (const shard of SHARDS) last.take(shard)
    this.#trace.add('calm')
    await this.#steps(LIVENESS_STEPS_MAX, () => this.#truth.left === 0)
    this.#verdict.hold(this.#truth.left === 0, () => `${this.#truth.left} messages are never received`)
    this.#look()
    await this.#rebuild()
  }

  async #steps(max: number, isOver: () => boolean): Promise<void> {
    const until = this.#scheduler.steps + max
    while (this.#scheduler.steps < until && !isOver() && this.#verdict.violation === undefined) {
      if (!(await this.#scheduler.step())) return
      if (this.#scheduler.steps % LOOK_STEPS === 0) this.#look()
      if (this.#scheduler.steps % REBUILD_STEPS === 0) await this.#rebuild()
    }
  }

  /** To who claimed the shard last, mostly, or to somebody else who believes that it is his. */
  #brokerOf(shard: number): Broker | undefined {
    const believers = this.#brokers.filter((broker) => broker.shard(shard) !== undefined)
    const newest = believers.find(({ name }) => name === this.#journals[shard]!.claimant)
    if (newest !== undefined && this.#dice.chance(0.8)) return newest
    return believers.length === 0 ? undefined : this.#dice.pick(believers)
  }

  async #ask(command: Command, shard: number): Promise<unknown> {
    const broker = this.#brokerOf(shard)
    if (broker === undefined) throw new Unavailable('Nobody holds the shard.')
    return broker.ask(shard, command)
  }

  async #deliver(command: ArriveCommand): Promise<ArriveAnswer> {
    return (await this.#ask(command, homeOf(command.queue))) as ArriveAnswer
  }

  /** Whoever has seen and written everything that counts has the state that follows from it. */
  #look(): void {
    for (const broker of this.#brokers) {
      for (const [number, { state, log }] of broker.open()) {
        const { end } = this.#partitions[number]!
        if (state === undefined || log?.end !== end || log.stagedBytes > 0 || log.durable !== end) continue
        if (this.#journals[number]!.claimant !== broker.name) continue
        this.#compare(broker.name, number, state, end)
      }
    }
  }

  /** Whoever reads a shard from its start as it is now finds what counts. */
  async #rebuild(): Promise<void> {
    const claimant = { node: 'nobody', address: '' }
    for (const number of SHARDS) {
      const partition = this.#partitions[number]!.fork()
      const log = await this.#product.kafkaLogOpener({ partition, claimant, crc32c })()
      const { state } = await this.#product.recover(log)
      this.#compare('a new owner', number, state, log.end)
    }
  }

  #compare(name: string, number: number, state: State, end: number): void {
    try {
      assertSound(state)
    } catch (error) {
      const what = `shard ${number} of ${name} does not agree with itself: ${String(error)}`
      this.#verdict.hold(false, () => what)
    }
    const truth = this.#journals[number]!.stateAt(end)
    const at = Math.max(state.now, truth.now)
    state.advance(at)
    truth.advance(at)
    const latest = BEGIN_MS + this.#scheduler.nowMs + SKEW_MS
    const wrong = difference(linesOf(state, latest), linesOf(truth, latest), [name, 'truth'])
    this.#verdict.hold(
      wrong === undefined,
      () => `the state of shard ${number} is not the truth.\n  ${wrong}`,
    )
  }
}
