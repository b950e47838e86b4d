/**
 * The truth on a partition: which records count, by a reader of its own that is six lines long, and what each broker
 * knew when it appended one. Counted records are the oracle's journal. Nothing counts that was decided on another
 * state, and nothing is told that rests on a record which does not count: both are seen by a digest of everything that
 * went before.
 */

import { hash } from 'node:crypto'
import { crc32c } from '@platformatic/kafka'
import { decodeClaimant, newMarks, readMarks } from '../../broker/src/log/kafka/marks.ts'
import { type SeenRecord, visitBatches } from '../../broker/src/log/kafka/record-batch.ts'
import type { Oracle } from '../oracle.ts'
import type { Verdict } from '../verdict.ts'
import type { Stored } from './modelled-kafka.ts'

export const NOTHING = ''

/** The records so far, and one more. */
export function extended(digest: string, position: number, record: Buffer): string {
  return hash('sha1', `${digest} ${position} ${hash('sha1', record)}`)
}

export class Ledger {
  readonly #oracle: Oracle
  readonly #verdict: Verdict
  readonly #marks = newMarks()
  /** Of every record that counts: where it lies, and the digest up to and with it. */
  readonly #positions: number[] = []
  readonly #digests: string[] = []
  /** What brokers have appended, by place and content: the digests of what each knew. */
  readonly #appended = new Map<string, Set<string>>()
  #current: number | undefined
  /** Who claimed last. */
  claimant = ''
  claims = 0
  voids = 0

  constructor(oracle: Oracle, verdict: Verdict) {
    this.#oracle = oracle
    this.#verdict = verdict
  }

  get digest(): string {
    return this.#digests.at(-1) ?? NOTHING
  }

  /** Position of the newest record that counts. */
  get last(): number {
    return this.#positions.at(-1) ?? -1
  }

  /** Of all records that count and lie before a position. */
  digestBefore(position: number): string {
    const after = this.#positions.findLastIndex((at) => at < position)
    return this.#digests[after] ?? NOTHING
  }

  /** A broker appends a record, knowing what the digest says. */
  noted(position: number, record: Buffer, knowing: string): void {
    const key = extended(NOTHING, position, record)
    const known = this.#appended.get(key)
    if (known === undefined) this.#appended.set(key, new Set([knowing]))
    else known.add(knowing)
  }

  landed({ base, count, bytes }: Stored): void {
    visitBatches(bytes, base, base + count, crc32c, (record) => this.#read(record))
  }

  /** A claim counts wherever it lies; a record where it was meant to, under the claim before it; nothing else. */
  #read(seen: SeenRecord): void {
    const marks = this.#marks
    readMarks(marks, seen)
    const { offset } = seen
    if (marks.kind === 'claim') {
      this.#current = offset
      this.claims += 1
      this.claimant = decodeClaimant(seen).node
      this.#oracle.forgetTurns()
    } else if (marks.kind === 'record' && marks.claim === this.#current && marks.at === offset) {
      this.#count(offset, Buffer.from(seen.buffer.subarray(seen.valueAt, seen.valueAt + seen.valueBytes)))
    } else {
      this.#current = undefined
      this.voids += 1
    }
  }

  #count(position: number, record: Buffer): void {
    const known = this.#appended.get(extended(NOTHING, position, record))
    this.#verdict.hold(
      known?.has(this.digest) === true,
      () => `the record at ${position} counts, but was decided on another state`,
    )
    this.#digests.push(extended(this.digest, position, record))
    this.#positions.push(position)
    this.#oracle.appended(position, record, false)
  }
}
