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
    const see: See = (position, buffer, offset, length, headsOnly) => {
      count += 1
      this.#oracle.replayed(position, buffer.subarray(offset, offset + length), headsOnly)
    }
    await super.replay(from, bothOf(see, visit))
    const expected = this.#oracle.retained(from)
    this.#verdict.hold(count === expected, () => `${count} records were read back, ${expected} were written`)
  }
}

type See = (position: number, buffer: Buffer, offset: number, length: number, headsOnly: boolean) => void

/** Whoever recovers is shown runs, and heads, as without the oracle. */
function bothOf(see: See, visit: Visit): Visit {
  const each: Visit = (position, buffer, offset, length) => {
    see(position, buffer, offset, length, false)
    visit(position, buffer, offset, length)
  }
  if (visit.run === undefined) return each
  return Object.assign(each, {
    run: (run: RecordRun) => {
      for (let at = 0; at < 3 * run.count; at += 3) {
        const [offset, length, place] = run.places.subarray(at, at + 3) as unknown as [number, number, number]
        see(run.base + place, run.buffer, offset, length, run.headsOnly)
      }
      visit.run!(run)
    },
    ...(visit.headsSuffice && { headsSuffice: true as const }),
  })
}
