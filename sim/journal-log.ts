/** A log that tells the oracle what passes through it, and changes nothing. */

import type { Log, RecordRun, Segment, Visit } from '../broker/src/log/log.ts'
import type { Oracle } from './oracle.ts'
import type { Verdict } from './verdict.ts'

export class JournalLog implements Log {
  readonly #log: Log
  readonly #oracle: Oracle
  readonly #verdict: Verdict

  constructor(log: Log, oracle: Oracle, verdict: Verdict) {
    this.#log = log
    this.#oracle = oracle
    this.#verdict = verdict
    oracle.opened(log.end)
  }

  get start(): number {
    return this.#log.start
  }

  get durable(): number {
    return this.#log.durable
  }

  get end(): number {
    return this.#log.end
  }

  get stagedBytes(): number {
    return this.#log.stagedBytes
  }

  get newestStart(): number {
    return this.#log.newestStart
  }

  get full(): boolean {
    return this.#log.full
  }

  append(head: Uint8Array, body?: Uint8Array): number {
    // Copied first: the encoder's buffer is used again.
    const record = Buffer.concat(body === undefined ? [head] : [head, body])
    const position = this.#log.append(head, body)
    this.#oracle.appended(position, record, this.#log.full)
    return position
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  /** The whole log is read at recovery alone: then nothing may be missing. */
  async replay(from: number, visit: Visit, before?: number): Promise<void> {
    if (before !== undefined || from !== this.#log.start) return this.#log.replay(from, visit, before)
    let count = 0
    const see: Visit = (position, buffer, offset, length) => {
      count += 1
      this.#oracle.replayed(position, buffer.subarray(offset, offset + length))
    }
    await this.#log.replay(from, bothOf(see, visit))
    const expected = this.#oracle.retained(from)
    this.#verdict.hold(count === expected, () => `${count} records were read back, ${expected} were written`)
  }

  readAt(position: number, length: number): Uint8Array | Promise<Uint8Array> {
    return this.#log.readAt(position, length)
  }

  segments(): readonly Segment[] {
    return this.#log.segments()
  }

  roll(): void {
    this.#log.roll()
  }

  trim(before: number): Promise<void> {
    return this.#log.trim(before)
  }

  maintain(): Promise<void> {
    return this.#log.maintain()
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}

/** Whoever recovers is shown runs, as without the oracle. */
function bothOf(see: Visit, visit: Visit): Visit {
  const each: Visit = (position, buffer, offset, length) => {
    see(position, buffer, offset, length)
    visit(position, buffer, offset, length)
  }
  if (visit.run === undefined) return each
  return Object.assign(each, {
    run: (run: RecordRun) => {
      for (let at = 0; at < 2 * run.count; at += 2) {
        const offset = run.places[at]!
        see(run.shift + offset, run.buffer, offset, run.places[at + 1]!)
      }
      visit.run!(run)
    },
  })
}
