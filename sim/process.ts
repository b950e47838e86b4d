/**
 * A process that runs a broker: its wall clock, its turns of the event loop, and whether it lives. What was planned
 * for a dead one never happens; what comes to a frozen one happens when it wakes, all at once and in order.
 */

import type { Clock, Timer } from '../broker/src/runtime/clock.ts'
import type { EndOfTurn } from '../broker/src/runtime/turn.ts'
import type { Shard } from '../broker/src/shard/shard.ts'
import type { Dice } from './dice.ts'
import type { Scheduler } from './scheduler.ts'

export class Process {
  alive = true
  /** The wall clock as this process sees it, ahead of virtual time. It may jump ahead, never back. */
  aheadMs: number
  shard: Shard | undefined
  readonly clock: Clock
  readonly endOfTurn: EndOfTurn
  readonly #scheduler: Scheduler
  #turn: (() => void)[] = []
  /** While it is frozen: what has come since. */
  #missed: (() => void)[] | undefined

  constructor(scheduler: Scheduler, dice: Dice, aheadMs: number) {
    this.aheadMs = aheadMs
    this.#scheduler = scheduler
    this.clock = {
      now: () => scheduler.nowMs + this.aheadMs,
      schedule: (at, run): Timer => {
        const planned = scheduler.at((at - this.aheadMs) * 1000, () => this.reach(() => planned.run && run()))
        return {
          cancel: () => {
            planned.run = undefined
          },
        }
      },
    }
    this.endOfTurn = (run) => {
      if (this.#turn.push(run) > 1) return
      scheduler.after(dice.between(0, 60), () =>
        this.reach(() => {
          const turn = this.#turn
          this.#turn = []
          for (const run of turn) run()
        }),
      )
    }
  }

  get frozen(): boolean {
    return this.#missed !== undefined
  }

  /** Something comes to the process: a timer, an answer, a request. */
  reach(happen: () => void): void {
    if (!this.alive) return
    if (this.#missed === undefined) happen()
    else this.#missed.push(happen)
  }

  /** As by SIGSTOP. */
  freeze(): void {
    this.#missed ??= []
  }

  /** As by SIGCONT: one thing after the other, each in a step of its own. */
  wake(): void {
    const missed = this.#missed ?? []
    this.#missed = undefined
    for (const happen of missed) this.#scheduler.after(0, () => this.reach(happen))
  }
}
