/**
 * Tenants in the order of their turns: the lowest ticket is served next, and of equal tickets the one that was
 * served longer ago. A heap, so that a change is O(log n).
 */

import type { Lane } from './lanes.ts'

export class Turns {
  readonly #lanes: Lane[] = []

  /** The lane whose turn it is. */
  first(): Lane | undefined {
    return this.#lanes[0]
  }

  add(lane: Lane): void {
    this.#lanes.push(lane)
    this.#rise(this.#lanes.length - 1, lane)
  }

  remove(lane: Lane): void {
    const at = lane.turnPlace
    const last = this.#lanes.pop()!
    if (last !== lane) this.#settle(at, last)
  }

  /** The lane's ticket rose: it goes behind those that waited longer. */
  delayed(lane: Lane): void {
    this.#sink(lane.turnPlace, lane)
  }

  #settle(at: number, lane: Lane): void {
    if (at > 0 && before(lane, this.#lanes[(at - 1) >>> 1]!)) this.#rise(at, lane)
    else this.#sink(at, lane)
  }

  #put(at: number, lane: Lane): void {
    this.#lanes[at] = lane
    lane.turnPlace = at
  }

  #rise(from: number, lane: Lane): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!before(lane, this.#lanes[parent]!)) break
      this.#put(at, this.#lanes[parent]!)
      at = parent
    }
    this.#put(at, lane)
  }

  #sink(from: number, lane: Lane): void {
    const size = this.#lanes.length
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= size) break
      if (child + 1 < size && before(this.#lanes[child + 1]!, this.#lanes[child]!)) child += 1
      if (!before(this.#lanes[child]!, lane)) break
      this.#put(at, this.#lanes[child]!)
      at = child
    }
    this.#put(at, lane)
  }
}

function before(a: Lane, b: Lane): boolean {
  return a.ticket < b.ticket || (a.ticket === b.ticket && a.servedTurn < b.servedTurn)
}
