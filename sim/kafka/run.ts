/**
 * One run of several brokers on one partition of Kafka: a safety phase, in which each may believe that it owns the
 * shard and appends land late, twice or after an error, and a liveness phase, in which one broker is left and
 * everything must come right.
 */

import { crc32c } from '@platformatic/kafka'
import type { State } from '../../broker/src/queue/state.ts'
import { assertSound } from '../../broker/test/support/sound.ts'
import { Client, drawHabits } from '../client.ts'
import { Dice } from '../dice.ts'
import { Letters } from '../letters.ts'
import { Oracle } from '../oracle.ts'
import { loadProduct, type Product } from '../product.ts'
import type { Report, RunOptions } from '../run.ts'
import { Scheduler } from '../scheduler.ts'
import { Trace } from '../trace.ts'
import { Verdict } from '../verdict.ts'
import { difference, viewOfModel, viewOfState } from '../views.ts'
import { Fleet } from './fleet.ts'
import { Ledger } from './ledger.ts'
import { Mischief } from './mischief.ts'
import { ModelledKafka } from './modelled-kafka.ts'

/** Few in a cluster, so that a run's steps are as many seconds as it takes to notice something. */
const CLIENTS = { cluster: 2, lawless: 5 }
const LOOK_STEPS = 50
const REBUILD_STEPS = 500
const LIVENESS_STEPS_MAX = 60_000
/** Appends that were held back have landed by then. */
const SETTLE_US = 12_000_000
/** Questions are answered from memory, ahead of what counts: they are the other simulator's. */
const LEFT_OUT = ['rescope', 'allow', 'permit', 'look', 'count'] as const

export async function runOnKafka(options: RunOptions): Promise<Report> {
  return new KafkaRun(options, await loadProduct(options.defect)).play()
}

class KafkaRun {
  readonly #options: RunOptions
  readonly #product: Product
  readonly #verdict = new Verdict()
  readonly #scheduler = new Scheduler()
  readonly #trace: Trace
  readonly #oracle: Oracle
  readonly #ledger: Ledger
  readonly #kafka: ModelledKafka
  readonly #fleet: Fleet
  readonly #clients: readonly Client[]
  readonly #mischief: Mischief
  /** A cluster's beats say who owns the shard. */
  readonly #beats: boolean
  #rebuildAt = 0
  #recoveries = 0

  constructor(options: RunOptions, product: Product) {
    this.#options = options
    this.#product = product
    const scheduler = this.#scheduler
    const verdict = this.#verdict
    const dice = new Dice(options.seed)
    const trace = new Trace(options.print === true)
    const oracle = new Oracle(verdict, trace, false)
    const ledger = new Ledger(oracle, verdict)
    const kafka = new ModelledKafka(scheduler, dice.fork('kafka'), trace, (batch) => ledger.landed(batch))
    const beats = dice.fork('beats').chance(0.5)
      ? new ModelledKafka(scheduler, dice.fork('beats topic'), trace, () => {})
      : undefined
    this.#beats = beats !== undefined
    const sizes = dice.fork('sizes')
    const fleet = new Fleet({
      ...{ product, kafka, beats, ledger, oracle, verdict, scheduler, trace },
      dice: dice.fork('fleet'),
      segmentBytesMax: sizes.pick([8 * 1024, 16 * 1024, 64 * 1024]),
      cacheBytesMax: sizes.pick([4 * 1024, 64 * 1024]),
    })
    const habits = drawHabits(dice.fork('habits'), LEFT_OUT)
    const letters = new Letters()
    this.#clients = Array.from(
      { length: beats === undefined ? CLIENTS.lawless : CLIENTS.cluster },
      (_, index) => {
        const parts = {
          server: fleet,
          oracle,
          scheduler,
          letters,
          habits,
          dice: dice.fork(`client ${index}`),
        }
        return new Client(parts, index % 2 === 0 ? 'json' : 'query')
      },
    )
    const clients = this.#clients
    this.#mischief = new Mischief({
      fleet,
      kafka,
      beats,
      clients,
      scheduler,
      dice: dice.fork('mischief'),
      trace,
    })
    this.#trace = trace
    this.#oracle = oracle
    this.#ledger = ledger
    this.#kafka = kafka
    this.#fleet = fleet
  }

  async play(): Promise<Report> {
    for (const client of this.#clients) client.begin()
    this.#mischief.begin()
    await this.#steps(this.#options.steps, () => false)
    if (this.#verdict.violation === undefined) await this.#converge()
    const { claims, voids } = this.#ledger
    return {
      seed: this.#options.seed,
      steps: this.#scheduler.steps,
      violation: this.#verdict.violation,
      tail: this.#trace.tail(40),
      hash: this.#trace.digest(),
      records: this.#oracle.journal.length,
      starts: this.#fleet.starts,
      recoveries: claims + this.#recoveries,
      virtualMs: this.#scheduler.nowMs,
      mishaps: new Map([...this.#mischief.counts, ...this.#kafka.counts]),
      events: new Map([...this.#oracle.counts, ['claims', claims], ['void records', voids]]),
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
    this.#mischief.appoint(last)
    const left = (): number => this.#oracle.model.messages.size
    // What landed in between the last broker finds out by its next append, if it has any reason for one.
    const isUp = (): boolean =>
      last.shard?.healthy === true && (left() === 0 || last.log?.durable === this.#kafka.end)
    await this.#steps(LIVENESS_STEPS_MAX, isUp)
    this.#verdict.hold(isUp(), () => 'the last broker does not come up again')
    this.#trace.add('calm')
    this.#oracle.calm = true
    await this.#steps(LIVENESS_STEPS_MAX, () => left() === 0)
    this.#verdict.hold(left() === 0, () => `${left()} messages are never received`)
    this.#rebuildAt = 0
    await this.#look()
  }

  async #steps(max: number, isOver: () => boolean): Promise<void> {
    const until = this.#scheduler.steps + max
    while (this.#scheduler.steps < until && !isOver() && this.#verdict.violation === undefined) {
      if (!(await this.#scheduler.step())) return
      for (const { shard } of this.#fleet.owners) {
        this.#oracle.latest = Math.max(this.#oracle.latest, shard?.now() ?? 0)
      }
      const sure = this.#beats ? this.#fleet.owners.filter((owner) => owner.sure) : []
      this.#verdict.hold(
        sure.length <= 1,
        () => `${sure.map(({ name }) => name).join(' and ')} are both sure`,
      )
      if (this.#scheduler.steps % LOOK_STEPS === 0) await this.#look()
    }
  }

  /** Whoever knows exactly what counts has exactly the state that follows from it. */
  async #look(): Promise<void> {
    for (const { name, shard, log } of this.#fleet.owners) {
      if (shard?.state === undefined || log?.digest !== this.#ledger.digest) continue
      this.#compare(name, shard.state, shard.now())
    }
    if (this.#scheduler.steps < this.#rebuildAt || this.#kafka.end === 0) return
    this.#rebuildAt = this.#scheduler.steps + REBUILD_STEPS
    await this.#rebuild()
  }

  /** A new owner would find what counts, wherever it comes in. */
  async #rebuild(): Promise<void> {
    const open = this.#product.kafkaLogOpener({
      partition: this.#kafka.fork(),
      claimant: { node: 'nobody', address: '' },
      crc32c,
    })
    const { state } = await this.#product.recover(await open())
    this.#recoveries += 1
    this.#compare('a new owner', state, this.#fleet.now())
  }

  #compare(name: string, state: State, now: number): void {
    const { model, latest } = this.#oracle
    const at = Math.max(now, model.now)
    try {
      assertSound(state)
    } catch (error) {
      this.#verdict.hold(false, () => `${name} does not agree with itself: ${String(error)}`)
    }
    const wrong = difference(viewOfState(state, at, latest), viewOfModel(model, at, latest), [name, 'truth'])
    this.#verdict.hold(wrong === undefined, () => `the state is not the truth.\n  ${wrong}`)
  }
}
