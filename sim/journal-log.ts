/** A log that tells the oracle what passes through it, and changes nothing. */

import type { Log, RecordRun, Visit } from '../broker/src/log/log.ts'
import { PassingLog } from '../broker/test/support/passing-log.ts'
import type { Oracle } from './oracle.ts'
import type { Verdict } from './verdict.ts'

export class JournalLog extends PassingLog {
  readonly #oracle: Oracle
  readonly #verdict: Verdict

  constructor(log: Log, oracle: Oracle, verdict: Verdict) {
    super(log)
    this.#oracle = oracle
    this.#verdict = verdict
    oracle.opened(log.end)
  }

  override append(head: Uint8Array, body?: Uint8Array): number {
    // Copied first: the encoder's buffer is used again.
    const record = Buffer.concat(body === undefined ? [head] : [head, body])
    const position = super.append(head, body)
    this.#oracle.appended(position, record, this.full)
    return position
  }

  /** The whole log is read at recovery alone: then nothing may be missing. */
  override async replay(from: number, visit: Visit, before?: number): Promise<void> {
    if (before !== undefined || from !== this.start) return super.replay(from, visit, before)
    let count = 0
    const see: Visit = (position, buffer, offset, length) => {
      count += 1
      this.#oracle.replayed(position, buffer.subarray(offset, offset + length))
    }
    await super.replay(from, bothOf(see, visit))
    const expected = this.#oracle.retained(from)
    this.#verdict.hold(count === expected, () => `${count} records were read back, ${expected} were written`)
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
