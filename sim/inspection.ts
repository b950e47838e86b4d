/**
 * Looks into the broker between two steps: its state agrees with itself and with the truth, and so does the state
 * that a recovery would make of what is on the disk now.
 */

import type { State } from '../broker/src/queue/state.ts'
import { SimDisk } from '../broker/test/support/sim-disk.ts'
import { assertSound } from '../broker/test/support/sound.ts'
import { DIRECTORY, type LogSizes, type Machine } from './machine.ts'
import type { Model } from './model.ts'
import type { Oracle } from './oracle.ts'
import type { Product } from './product.ts'
import type { Verdict } from './verdict.ts'
import { difference, type View, viewOfModel, viewOfState } from './views.ts'

const PATIENCE_MS = 1500

export class Inspection {
  readonly #machine: Machine
  readonly #oracle: Oracle
  readonly #verdict: Verdict
  readonly #product: Product
  readonly #sizes: LogSizes
  #seen = -1
  #viewed: { readonly model: Model; readonly moment: string; readonly view: View } | undefined
  recoveries = 0

  constructor(machine: Machine, oracle: Oracle, verdict: Verdict, product: Product, sizes: LogSizes) {
    this.#machine = machine
    this.#oracle = oracle
    this.#verdict = verdict
    this.#product = product
    this.#sizes = sizes
  }

  /** After every step: each queue has as many messages as there truly are. */
  count(): void {
    const { shard } = this.#machine
    const state = shard?.state
    if (shard !== undefined) this.#oracle.latest = Math.max(this.#oracle.latest, shard.now())
    if (state === undefined || this.#seen === this.#oracle.journal.length) return
    this.#seen = this.#oracle.journal.length
    const { model } = this.#oracle
    let counted = 0
    for (const { visible, inFlight, delayed } of state.queues.values())
      counted += visible + inFlight + delayed
    this.#verdict.hold(
      counted === model.messages.size,
      () => `the broker counts ${counted} messages, in truth there are ${model.messages.size}`,
    )
    this.#verdict.hold(state.nextSeq === model.nextSeq, () => 'the next number is wrong')
  }

  /** With no faults about: a long poll is not kept waiting while there is something for it. */
  waits(): void {
    const shard = this.#machine.shard
    if (shard === undefined) return
    const { model, pending } = this.#oracle
    const before = shard.now() - PATIENCE_MS
    for (const { action, startedAt } of pending) {
      if (action.kind !== 'receive' || startedAt > before) continue
      for (const message of model.messages.values()) {
        if (message.queue.definition.name !== action.queue || message.queue.definition.fifo) continue
        const since = message.phase === 'ready' ? message.sentAt : message.dueAt
        this.#verdict.hold(since > before, () => `a long poll waits while ${message.token} is there`)
      }
    }
  }

  /** Now and then: everything. */
  look(): void {
    const state = this.#machine.shard?.state
    if (state === undefined) return
    try {
      assertSound(state)
    } catch (error) {
      this.#verdict.hold(false, () => `the state does not agree with itself: ${String(error)}`)
    }
    const now = this.#machine.shard!.now()
    const truth = this.#viewOfTruth(this.#oracle.model, now)
    const wrong = difference(viewOfState(state, now, this.#oracle.latest), truth, ['broker', 'truth'])
    this.#verdict.hold(wrong === undefined, () => `the state is not the truth.\n  ${wrong}`)
  }

  /** What if the power went now? Tried on a copy of the disk: nothing acknowledged is lost, and all is as it was. */
  async crash(seed: number): Promise<void> {
    const shard = this.#machine.shard
    if (shard === undefined) return
    const disk = this.#machine.disk.fork()
    disk.capacityBytes = Number.POSITIVE_INFINITY
    disk.crash(seed)
    const now = shard.now()
    const { latest } = this.#oracle
    await this.#open(disk, (end, state) => {
      const truth = this.#viewOfTruth(this.#oracle.survivors(end), now)
      return difference(viewOfState(state, now, latest), truth, ['recovered', 'truth'])
    })
  }

  /** Kept until something happens: two looks at the same moment ask for it. */
  #viewOfTruth(model: Model, now: number): View {
    const { latest } = this.#oracle
    const moment = `${model.events} ${now} ${latest}`
    if (model !== this.#viewed?.model || moment !== this.#viewed.moment) {
      this.#viewed = { model, moment, view: viewOfModel(model, now, latest) }
    }
    return this.#viewed.view
  }

  /** The state rebuilt from a copy of the disk is the one in memory. False while
   * something is under way, so that the two differ. */
  async rebuild(): Promise<boolean> {
    const shard = this.#machine.shard
    const state = shard?.state
    if (state === undefined || shard?.log === undefined || shard.log.durable !== shard.log.end) {
      return false
    }
    const disk = new SimDisk()
    for (const path of this.#machine.disk.paths()) disk.place(path, this.#machine.disk.contents(path))
    const now = shard.now()
    const { latest } = this.#oracle
    await this.#open(disk, (_end, again) =>
      difference(viewOfState(again, now, latest), viewOfState(state, now, latest), ['log', 'memory']),
    )
    return true
  }

  /** Recovers from a disk of its own, and says what is wrong with the outcome. */
  async #open(disk: SimDisk, wrongWith: (end: number, state: State) => string | undefined): Promise<void> {
    const { openFileLog, recover } = this.#product
    const random = { bytes: (count: number) => new Uint8Array(count), uuid: () => '' }
    try {
      const log = await openFileLog({ directory: DIRECTORY, disk, random, ...this.#sizes })
      const { state } = await recover(log)
      this.recoveries += 1
      const wrong = wrongWith(log.end, state)
      this.#verdict.hold(wrong === undefined, () => `the log does not say what it should.\n  ${wrong}`)
    } catch (error) {
      const rotten = error instanceof Error && error.name === 'LogDamage' && this.#machine.onDamage(error)
      this.#verdict.hold(rotten, () => `the log cannot be read back: ${String(error)}`)
    }
  }
}
