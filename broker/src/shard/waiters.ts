/**
 * Long polls that wait for a message: per queue in the order in which they came. They hold nothing but their
 * place. One that hangs up or whose time is over is gone before anything is decided for it.
 */

import type { ReceiveCommand } from '../queue/command.ts'
import type { Problem } from '../queue/problem.ts'
import type { ReceiveDecision } from '../queue/receive.ts'
import type { Clock, Timer } from '../runtime/clock.ts'

export interface Waiter {
  readonly command: ReceiveCommand
  /** Something came, or there is a reason to wait no longer. */
  readonly serve: (decision: ReceiveDecision | Problem) => void
  /** Nothing came in time, or the client left. */
  readonly giveUp: () => void
}

interface Place {
  readonly waiter: Waiter
  readonly timer: Timer
  readonly signal: AbortSignal | undefined
  readonly leave: () => void
}

export class Waiters {
  readonly #clock: Clock
  readonly #byQueue = new Map<string, Set<Place>>()
  #size = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#size
  }

  /** Waits until `untilAt` on the clock; `signal` ends the wait earlier. */
  add(waiter: Waiter, untilAt: number, signal: AbortSignal | undefined): void {
    const { queue } = waiter.command
    const leave = (): void => {
      this.#remove(queue, place)
      waiter.giveUp()
    }
    const place: Place = { waiter, signal, leave, timer: this.#clock.schedule(untilAt, leave) }
    signal?.addEventListener('abort', leave, { once: true })
    const places = this.#byQueue.get(queue)
    if (places === undefined) this.#byQueue.set(queue, new Set([place]))
    else places.add(place)
    this.#size += 1
  }

  /** The first waiter of a queue, which stays. */
  first(queue: string): Waiter | undefined {
    return this.#firstPlace(queue)?.waiter
  }

  /** Takes out the first waiter of a queue: it was served. */
  shift(queue: string): void {
    const place = this.#firstPlace(queue)
    if (place !== undefined) this.#remove(queue, place)
  }

  /** Ends every wait with nothing. */
  endAll(): void {
    for (const places of [...this.#byQueue.values()]) for (const place of [...places]) place.leave()
  }

  #firstPlace(queue: string): Place | undefined {
    return this.#byQueue.get(queue)?.values().next().value
  }

  #remove(queue: string, place: Place): void {
    const places = this.#byQueue.get(queue)
    if (places?.delete(place) !== true) return
    if (places.size === 0) this.#byQueue.delete(queue)
    place.timer.cancel()
    place.signal?.removeEventListener('abort', place.leave)
    this.#size -= 1
  }
}
