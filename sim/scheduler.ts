/**
 * Virtual time: everything that will happen, in the order of its time. A step runs what is next and then lets every
 * promise settle that can, so the same things happen in the same order in every run.
 */

export interface Planned {
  readonly atUs: number
  readonly order: number
  run: (() => void) | undefined
}

export class Scheduler {
  /** Microseconds since the run began. */
  nowUs = 0
  steps = 0
  #heap: Planned[] = []
  #order = 0

  get nowMs(): number {
    return Math.floor(this.nowUs / 1000)
  }

  /** Runs once, when time has come to `atUs`; at once (in the next step) where it has passed. */
  at(atUs: number, run: () => void): Planned {
    const planned: Planned = { atUs: Math.max(atUs, this.nowUs), order: this.#order++, run }
    this.#push(planned)
    return planned
  }

  after(us: number, run: () => void): Planned {
    return this.at(this.nowUs + us, run)
  }

  /** False when nothing is planned any more. */
  async step(): Promise<boolean> {
    const next = this.#pop()
    if (next === undefined) return false
    if (next.run === undefined) return true
    this.nowUs = next.atUs
    this.steps += 1
    next.run()
    await settle()
    return true
  }

  #push(planned: Planned): void {
    const heap = this.#heap
    let at = heap.push(planned) - 1
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!before(planned, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = planned
  }

  #pop(): Planned | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || last === first) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1
      if (!before(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function before(a: Planned, b: Planned): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order)
}

/** Every promise that can settle has settled when this resolves: nothing in here waits for the real world. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
