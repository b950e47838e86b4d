/**
 * What is remembered of messages from other shards (arrivals.ts), for each target queue and each source shard: the
 * highest number that came, and the last one that was refused. A queue's own memory is in the queue; here is that of
 * names that have no queue now. It outlives them: a queue may be made again while a message is on its way to it.
 *
 * Beyond NAMES_WITH_ARRIVALS_MAX the oldest name is forgotten, and what remains is one number a shard: whatever is not
 * above it is refused where nothing else is known. That may send a message back without need, and never doubles one.
 */

import { NAMES_WITH_ARRIVALS_MAX } from './limits.ts'

/** Of one source shard, to one queue. 0: none. */
export interface Known {
  readonly arrived: number
  readonly refused: number
}

/** By the number of the source shard. */
export type Arrivals = Map<number, Known>

export class ArrivalMemory {
  /** By the queue's name; the one that is forgotten first is the first. */
  readonly #names = new Map<string, Arrivals>()
  readonly #floors = new Map<number, number>()

  of(name: string): Arrivals | undefined {
    return this.#names.get(name)
  }

  names(): IterableIterator<[string, Arrivals]> {
    return this.#names.entries()
  }

  floors(): IterableIterator<[number, number]> {
    return this.#floors.entries()
  }

  floor(from: number): number {
    return this.#floors.get(from) ?? 0
  }

  raiseFloor(from: number, number: number): void {
    if (number > this.floor(from)) this.#floors.set(from, number)
  }

  /** The queue of this name is no more, or never was here. */
  keep(name: string, arrivals: Arrivals): void {
    this.#names.set(name, arrivals)
    if (this.#names.size <= NAMES_WITH_ARRIVALS_MAX) return
    const [oldest, forgotten] = this.#names.entries().next().value!
    this.#names.delete(oldest)
    for (const [from, { arrived, refused }] of forgotten) this.raiseFloor(from, Math.max(arrived, refused))
  }

  /** A queue of this name is made. */
  take(name: string): Arrivals {
    const arrivals = this.#names.get(name) ?? new Map()
    this.#names.delete(name)
    return arrivals
  }
}

export function remember(arrivals: Arrivals, from: number, { arrived, refused }: Known): void {
  const known = arrivals.get(from)
  arrivals.set(from, {
    arrived: Math.max(known?.arrived ?? 0, arrived),
    refused: Math.max(known?.refused ?? 0, refused),
  })
}
