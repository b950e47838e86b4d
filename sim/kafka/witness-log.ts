/** A log on Kafka that tells the ledger what is appended and what its broker knows by then, and changes nothing. */

import type { KafkaLog } from '../../broker/src/log/kafka/kafka-log.ts'
import type { Log, Segment, Visit } from '../../broker/src/log/log.ts'
import type { Verdict } from '../verdict.ts'
import { extended, type Ledger } from './ledger.ts'

export class WitnessLog implements Log {
  readonly full = false
  /** Of everything that the broker knows. */
  digest: string
  readonly #log: KafkaLog
  readonly #ledger: Ledger
  readonly #verdict: Verdict

  constructor(log: KafkaLog, ledger: Ledger, verdict: Verdict) {
    this.#log = log
    this.#ledger = ledger
    this.#verdict = verdict
    this.digest = ledger.digestBefore(log.start)
  }

  /** The claim by which it was opened. */
  get claim(): number {
    return this.#log.claim
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

  append(head: Uint8Array, body?: Uint8Array): number {
    const record = Buffer.concat(body === undefined ? [head] : [head, body])
    const position = this.#log.append(head, body)
    this.#ledger.noted(position, record, this.digest)
    this.digest = extended(this.digest, position, record)
    return position
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  /** The whole log is read at recovery alone: it must be what counts up to the claim. */
  async replay(from: number, visit: Visit, before?: number): Promise<void> {
    if (before !== undefined || from !== this.#log.start) return this.#log.replay(from, visit, before)
    await this.#log.replay(from, (position, buffer, offset, length) => {
      const record = Buffer.from(buffer.subarray(offset, offset + length))
      this.digest = extended(this.digest, position, record)
      visit(position, buffer, offset, length)
    })
    this.#verdict.hold(
      this.digest === this.#ledger.digestBefore(this.#log.end),
      () => `what is read up to ${this.#log.end} is not what counts`,
    )
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
