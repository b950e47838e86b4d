/**
 * When a shard keeps house: once a minute, and sooner where something waits for it. One time after the other, never
 * two at once, and none once it was stopped.
 */

import type { Clock, Timer } from '../runtime/clock.ts'

/** How often expired messages are swept and a spent reserve is looked after, when nothing else happens. */
const EVERY_MS = 60_000
/** The first time comes soon: a new log takes its reserve then, and a disk may be full within a minute. */
const FIRST_MS = 1000
/** While the disk is full. */
const FULL_MS = 1000
/** When a segment was closed: a start should not have to read it whole (log/segment-heads.ts). */
const CLOSED_MS = 5000

export class Housekeeping {
  readonly #clock: Clock
  readonly #work: () => Promise<{ readonly full: boolean }>
  #timer: Timer | undefined
  #dueAt = Number.POSITIVE_INFINITY
  #working = false
  #stopped = false

  /** `work` never rejects; it says whether the disk is full. */
  constructor(clock: Clock, work: () => Promise<{ readonly full: boolean }>) {
    this.#clock = clock
    this.#work = work
  }

  /** A log was opened. */
  begin(): void {
    this.#within(FIRST_MS)
  }

  segmentClosed(): void {
    this.#within(CLOSED_MS)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Later than it is due already it never becomes. */
  #within(ms: number): void {
    const at = this.#clock.now() + ms
    if (at >= this.#dueAt) return
    this.#dueAt = at
    if (!this.#working) this.#arm()
  }

  #arm(): void {
    if (this.#stopped) return
    this.#timer?.cancel()
    this.#timer = this.#clock.schedule(this.#dueAt, () => void this.#keepHouse())
  }

  async #keepHouse(): Promise<void> {
    this.#working = true
    this.#dueAt = Number.POSITIVE_INFINITY
    const { full } = await this.#work()
    this.#within(full ? FULL_MS : EVERY_MS)
    this.#working = false
    this.#arm()
  }
}
