/**
 * One run: a safety phase, in which everything goes wrong that may, and a liveness phase, in which the faults have
 * stopped and everything must come right: the broker is healthy, every message that is left is received and
 * deleted, and the log gives its space back.
 */

import { Client, drawHabits } from './client.ts'
import { Dice } from './dice.ts'
import { Inspection } from './inspection.ts'
import { Letters } from './letters.ts'
import { type LogSizes, Machine } from './machine.ts'
import { Mishaps } from './mishaps.ts'
import { Oracle } from './oracle.ts'
import { loadProduct } from './product.ts'
import { Scheduler } from './scheduler.ts'
import { Trace } from './trace.ts'
import { Verdict } from './verdict.ts'

export interface RunOptions {
  readonly seed: number
  /** Of the safety phase. */
  readonly steps: number
  readonly defect?: string
  readonly print?: boolean
}

export interface Report {
  readonly seed: number
  readonly steps: number
  readonly violation: string | undefined
  /** The end of the trace. */
  readonly tail: readonly string[]
  readonly hash: string
  readonly records: number
  readonly starts: number
  /** Of the log, by the broker itself and on copies of its disk. */
  readonly recoveries: number
  readonly virtualMs: number
  /** How often each mishap and each kind of event happened. */
  readonly mishaps: ReadonlyMap<string, number>
  readonly events: ReadonlyMap<string, number>
}

const CLIENTS = 6
/** Steps between two looks at everything, and between two recoveries of a copy. */
const LOOK_STEPS = 50
const REBUILD_STEPS = 500
const LIVENESS_STEPS_MAX = 60_000

export async function run(options: RunOptions): Promise<Report> {
  return new Run(options, await loadProduct(options.defect)).play()
}

class Run {
  readonly #options: RunOptions
  readonly #verdict = new Verdict()
  readonly #scheduler = new Scheduler()
  readonly #trace: Trace
  readonly #oracle: Oracle
  readonly #machine: Machine
  readonly #clients: readonly Client[]
  readonly #mishaps: Mishaps
  readonly #inspection: Inspection
  readonly #dice: Dice
  #rebuildAt = 0

  constructor(options: RunOptions, product: Awaited<ReturnType<typeof loadProduct>>) {
    this.#options = options
    const dice = new Dice(options.seed)
    const verdict = this.#verdict
    const scheduler = this.#scheduler
    const trace = new Trace(options.print === true)
    const oracle = new Oracle(verdict, trace, dice.fork('waits').chance(0.5))
    const sizes = drawSizes(dice.fork('sizes'))
    const machine = new Machine({
      product,
      scheduler,
      oracle,
      verdict,
      trace,
      dice: dice.fork('machine'),
      sizes,
    })
    const letters = new Letters()
    const habits = drawHabits(dice.fork('habits'))
    this.#clients = Array.from({ length: CLIENTS }, (_, index) => {
      const parts = {
        server: machine,
        oracle,
        scheduler,
        letters,
        habits,
        dice: dice.fork(`client ${index}`),
      }
      return new Client(parts, index % 2 === 0 ? 'json' : 'query')
    })
    this.#mishaps = new Mishaps({
      machine,
      clients: this.#clients,
      scheduler,
      dice: dice.fork('mishaps'),
      trace,
    })
    this.#inspection = new Inspection(machine, oracle, verdict, product, sizes)
    this.#dice = dice.fork('inspection')
    this.#trace = trace
    this.#oracle = oracle
    this.#machine = machine
  }

  async play(): Promise<Report> {
    this.#machine.start()
    for (const client of this.#clients) client.begin()
    this.#mishaps.begin()
    await this.#steps(this.#options.steps, () => false)
    if (this.#verdict.violation === undefined) await this.#converge()
    return {
      seed: this.#options.seed,
      steps: this.#scheduler.steps,
      violation: this.#verdict.violation,
      tail: this.#trace.tail(40),
      hash: this.#trace.digest(),
      records: this.#oracle.journal.length,
      starts: this.#machine.starts,
      recoveries: this.#machine.starts + this.#inspection.recoveries,
      virtualMs: this.#scheduler.nowMs,
      mishaps: this.#mishaps.counts,
      events: this.#oracle.counts,
    }
  }

  /** The faults stop; clients take what is left. */
  async #converge(): Promise<void> {
    this.#mishaps.end()
    for (const client of this.#clients) {
      client.draining = true
      client.restingUntilUs = 0
    }
    const isUp = (): boolean => this.#machine.healthy && this.#machine.shard?.log?.full === false
    await this.#steps(LIVENESS_STEPS_MAX, isUp)
    this.#verdict.hold(isUp(), () => 'the broker does not come up again')
    this.#trace.add('calm')
    const settleUntil = this.#scheduler.nowUs + 1_000_000
    await this.#steps(LIVENESS_STEPS_MAX, () => this.#scheduler.nowUs > settleUntil)
    this.#oracle.calm = true
    const isEmpty = (): boolean => this.#oracle.model.messages.size === 0
    await this.#steps(LIVENESS_STEPS_MAX, isEmpty)
    const left = [...this.#oracle.model.messages.values()]
    this.#verdict.hold(isEmpty(), () => `${left.length} messages are never received: ${left[0]?.token}`)
    const shrinkUntil = this.#scheduler.nowUs + 8 * 60_000_000
    for (const client of this.#clients) client.restingUntilUs = shrinkUntil
    await this.#steps(LIVENESS_STEPS_MAX, () => this.#scheduler.nowUs > shrinkUntil)
    const segments = this.#machine.shard?.log?.segments().length ?? 0
    this.#verdict.hold(segments <= 2, () => `nothing is left, but the log has ${segments} segments`)
    this.#rebuildAt = 0
    await this.#look()
  }

  async #steps(max: number, isOver: () => boolean): Promise<void> {
    const until = this.#scheduler.steps + max
    while (this.#scheduler.steps < until && !isOver() && this.#verdict.violation === undefined) {
      if (!(await this.#scheduler.step())) return
      this.#inspection.count()
      if (this.#oracle.calm) this.#inspection.waits()
      const { steps } = this.#scheduler
      if (steps % LOOK_STEPS === 0) await this.#look()
    }
  }

  async #look(): Promise<void> {
    this.#inspection.look()
    await this.#inspection.crash(this.#dice.between(0, 2 ** 31))
    if (this.#scheduler.steps < this.#rebuildAt) return
    if (await this.#inspection.rebuild()) this.#rebuildAt = this.#scheduler.steps + REBUILD_STEPS
  }
}

function drawSizes(dice: Dice): LogSizes {
  return {
    segmentBytesMax: dice.pick([8 * 1024, 16 * 1024, 64 * 1024]),
    cacheBytesMax: dice.pick([4 * 1024, 64 * 1024]),
    reserveBytes: dice.pick([0, 16 * 1024, 64 * 1024]),
    allocateBytes: dice.pick([4 * 1024, 32 * 1024]),
  }
}
