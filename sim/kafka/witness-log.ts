/** A log on Kafka that tells the ledger what is appended and what its broker knows by then, and changes nothing. */

import type { KafkaLog } from '../../broker/src/log/kafka/kafka-log.ts'
import type { Visit } from '../../broker/src/log/log.ts'
import { PassingLog } from '../../broker/test/support/passing-log.ts'
import type { Verdict } from '../verdict.ts'
import { extended, type Ledger } from './ledger.ts'

export class WitnessLog extends PassingLog {
  /** Of everything that the broker knows. */
  digest: string
  readonly #log: KafkaLog
  readonly #ledger: Ledger
  readonly #verdict: Verdict

  constructor(log: KafkaLog, ledger: Ledger, verdict: Verdict) {
    super(log)
    this.#log = log
    this.#ledger = ledger
    this.#verdict = verdict
    this.digest = ledger.digestBefore(log.start)
  }

  /** The claim by which it was opened. */
  get claim(): number {
    return this.#log.claim
  }

  override append(head: Uint8Array, body?: Uint8Array): number {
    const record = Buffer.concat(body === undefined ? [head] : [head, body])
    const position = super.append(head, body)
    this.#ledger.noted(position, record, this.digest)
    this.digest = extended(this.digest, position, record)
    return position
  }

  /** The whole log is read at recovery alone: it must be what counts up to the claim. */
  override async replay(from: number, visit: Visit, before?: number): Promise<void> {
    if (before !== undefined || from !== this.start) return super.replay(from, visit, before)
    await super.replay(from, (position, buffer, offset, length) => {
      const record = Buffer.from(buffer.subarray(offset, offset + length))
      this.digest = extended(this.digest, position, record)
      visit(position, buffer, offset, length)
    })
    this.#verdict.hold(
      this.digest === this.#ledger.digestBefore(this.end),
      () => `what is read up to ${this.end} is not what counts`,
    )
  }
}
