/** Several brokers on one partition, each of which may believe that it owns the shard; clients reach any of them. */

import type { Dice } from '../dice.ts'
import type { Exchange, Server } from '../exchange.ts'
import type { Scheduler } from '../scheduler.ts'
import { Owner, type OwnerParts } from './owner.ts'

const OWNERS = 3
/** Clocks differ by so much at most. */
const SKEW_MS = 2000

export class Fleet implements Server {
  readonly owners: readonly Owner[]
  readonly #dice: Dice
  readonly #scheduler: Scheduler

  constructor(parts: OwnerParts) {
    this.#dice = parts.dice
    this.#scheduler = parts.scheduler
    this.owners = Array.from({ length: OWNERS }, (_, index) => new Owner(`broker ${index + 1}`, parts))
  }

  /** Before anybody's clock. */
  now(): number {
    return 1_700_000_000_000 + this.#scheduler.nowMs - SKEW_MS
  }

  get starts(): number {
    return this.owners.reduce((sum, { starts }) => sum + starts, 0)
  }

  /** Mostly to the newest owner, but also to whoever still thinks it is one. */
  request(exchange: Exchange): void {
    const running = this.owners.filter(({ process }) => process !== undefined)
    const newest = running.find(({ isNewest }) => isNewest)
    const owner =
      newest !== undefined && this.#dice.chance(0.8)
        ? newest
        : running.length > 0
          ? this.#dice.pick(running)
          : undefined
    if (owner === undefined) this.#scheduler.after(1000, () => exchange.done({ kind: 'lost' }))
    else owner.request(exchange)
  }
}
