/** Which records of a shard's partition count, by a reader of its own, and who claimed it last. */

import { crc32c } from '@platformatic/kafka'
import { decodeClaimant, newMarks, readMarks } from '../../broker/src/log/kafka/marks.ts'
import { type SeenRecord, visitBatches } from '../../broker/src/log/kafka/record-batch.ts'
import { decodeEvent, isFirst } from '../../broker/src/queue/event-codec.ts'
import { evolve } from '../../broker/src/queue/evolve.ts'
import { State } from '../../broker/src/queue/state.ts'
import type { Stored } from '../kafka/modelled-kafka.ts'
import type { Trace } from '../trace.ts'
import type { Truth } from './truth.ts'

interface Entry {
  readonly position: number
  readonly record: Buffer
}

export class Journal {
  /** Who claimed last. */
  claimant = ''
  claims = 0
  voids = 0
  readonly #shard: number
  readonly #truth: Truth
  readonly #trace: Trace
  readonly #marks = newMarks()
  readonly #entries: Entry[] = []
  #current: number | undefined

  constructor(shard: number, truth: Truth, trace: Trace) {
    this.#shard = shard
    this.#truth = truth
    this.#trace = trace
  }

  /** Position of the newest record that counts. */
  get last(): number {
    return this.#entries.at(-1)?.position ?? -1
  }

  get records(): number {
    return this.#entries.length
  }

  landed({ base, count, bytes }: Stored): void {
    visitBatches(bytes, base, base + count, crc32c, (record) => this.#read(record))
  }

  /** The state that follows from what counts before a position. */
  stateAt(before: number): State {
    const state = new State()
    state.space.begin(0)
    for (const { position, record } of this.#entries) {
      if (position >= before) break
      const event = decodeEvent(record, 0, record.length)
      if (isFirst(record, 0)) state.advance(event.at)
      evolve(state, event, position, record.length)
    }
    return state
  }

  #read(seen: SeenRecord): void {
    const marks = this.#marks
    readMarks(marks, seen)
    const { offset } = seen
    if (marks.kind === 'claim') {
      this.#current = offset
      this.claims += 1
      this.claimant = decodeClaimant(seen).node
    } else if (marks.kind === 'record' && marks.claim === this.#current && marks.at === offset) {
      this.#count(offset, Buffer.from(seen.buffer.subarray(seen.valueAt, seen.valueAt + seen.valueBytes)))
    } else {
      this.#current = undefined
      this.voids += 1
    }
  }

  #count(position: number, record: Buffer): void {
    this.#entries.push({ position, record })
    const event = decodeEvent(record, 0, record.length)
    const number = 'number' in event ? ` ${event.number}` : ''
    this.#trace.add(
      `  ${this.#shard}/${position} ${event.kind}${'seq' in event ? ` ${event.seq}` : ''}${number}`,
    )
    this.#truth.counted(this.#shard, event)
  }
}
