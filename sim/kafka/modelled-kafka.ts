/**
 * A partition of Kafka in virtual time: real record batches, and appends that go wrong in all the ways in which those
 * to a real one do. An append has two moments: when it lands, for everybody to see, and when its writer hears of it.
 * A leader that changes answers nothing for a while; what was under way to it is lost or comes later.
 */

import { crc32c } from '@platformatic/kafka'
import { KafkaUnreachable } from '../../broker/src/log/kafka/kafka-error.ts'
import { type Fetched, OutOfRange, type Partition } from '../../broker/src/log/kafka/partition.ts'
import { type Batch, sealBatch } from '../../broker/src/log/kafka/record-batch.ts'
import type { Dice } from '../dice.ts'
import type { Process } from '../process.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'

const NAME = 'modelled/0'
const PRODUCER = { id: -1n, epoch: -1, sequence: -1 }

/** What becomes of an append, and how likely in bad weather. */
const FATES = {
  lands: 50,
  /** It is not there; an error is answered. */
  lost: 8,
  /** It is there; an error is answered. */
  unanswered: 10,
  /** An error is answered, and then it lands. */
  late: 12,
  /** It lands after a long time, and is answered then. */
  held: 12,
  /** It lands twice; the first offset is answered. */
  twice: 5,
  /** It lands twice; the second offset is answered. */
  repeated: 5,
} as const
type Fate = keyof typeof FATES

export interface Stored {
  readonly base: number
  readonly count: number
  readonly bytes: Buffer
}

/** Told of every batch that lands, before anybody else can see it. */
export type Landed = (batch: Stored) => void

export class ModelledKafka {
  /** How likely an append goes wrong. */
  badness = 0
  readonly counts = new Map<string, number>()
  readonly #scheduler: Scheduler
  readonly #dice: Dice
  readonly #trace: Trace
  readonly #landed: Landed
  readonly #awaiting = new Set<() => void>()
  #batches: Stored[] = []
  #start = 0
  #end = 0
  /** No leader until then. */
  #leaderlessUntilUs = 0

  constructor(scheduler: Scheduler, dice: Dice, trace: Trace, landed: Landed) {
    this.#scheduler = scheduler
    this.#dice = dice
    this.#trace = trace
    this.#landed = landed
  }

  get batches(): readonly Stored[] {
    return this.#batches
  }

  get start(): number {
    return this.#start
  }

  get end(): number {
    return this.#end
  }

  changeLeader(us: number): void {
    this.#leaderlessUntilUs = this.#scheduler.nowUs + us
  }

  /** The partition as one process reaches it. */
  view(process: Process): Partition {
    return {
      name: NAME,
      append: (batch) => this.#append(process, batch),
      fetch: async (from, { bytesMax, waitMs = 0 }) => {
        if (waitMs > 0 && from === this.#end) await this.#landing(process, waitMs)
        return this.#ask(process, () => this.#fetch(from, bytesMax))
      },
      offsets: () => this.#ask(process, () => ({ start: this.#start, end: this.#end })),
      deleteBefore: (offset) => this.#ask(process, () => this.#deleteBefore(offset)),
    }
  }

  /** A copy of it as it is now, with nobody else about and every answer at once. */
  fork(): Partition {
    const copy = new ModelledKafka(this.#scheduler, this.#dice, this.#trace, () => {})
    copy.#batches = this.#batches.slice()
    copy.#start = this.#start
    copy.#end = this.#end
    return {
      name: NAME,
      append: async (batch) => copy.#land(seal(batch), batch.count),
      fetch: async (from, { bytesMax }) => copy.#fetch(from, bytesMax),
      offsets: async () => ({ start: copy.#start, end: copy.#end }),
      deleteBefore: async () => {},
    }
  }

  #append(process: Process, batch: Batch): Promise<number> {
    const bytes = seal(batch)
    const { count } = batch
    const fate = this.#fate()
    this.counts.set(fate, (this.counts.get(fate) ?? 0) + 1)
    if (fate !== 'lands') this.#trace.add(`${this.#scheduler.nowUs} an append is ${fate}`)
    const land = (): number => this.#land(bytes, count)
    return new Promise((resolve, reject) => {
      const answer = (offset: number): void =>
        this.#after('short', () => process.reach(() => resolve(offset)))
      const fail = (): void => this.#after('short', () => process.reach(() => reject(new NoAnswer())))
      switch (fate) {
        case 'lands':
          return this.#after('short', () => answer(land()))
        case 'held':
          return this.#after('long', () => answer(land()))
        case 'lost':
          return this.#after('middling', fail)
        case 'unanswered':
          return this.#after('short', () => {
            land()
            this.#after('middling', fail)
          })
        case 'late':
          this.#after('middling', fail)
          return this.#after('long', land)
        case 'twice':
        case 'repeated':
          return this.#after('short', () => {
            const first = land()
            this.#after('middling', () => {
              const second = land()
              if (fate === 'repeated') answer(second)
            })
            if (fate === 'twice') answer(first)
          })
      }
    })
  }

  #fate(): Fate {
    if (this.#scheduler.nowUs < this.#leaderlessUntilUs) return this.#dice.pick(['lost', 'late', 'held'])
    return this.#dice.chance(this.badness) ? this.#dice.weighted<Fate>(FATES) : 'lands'
  }

  #land(sealed: Buffer, count: number): number {
    const base = this.#end
    const bytes = Buffer.from(sealed)
    bytes.writeBigInt64BE(BigInt(base), 0)
    const stored = { base, count, bytes }
    this.#batches.push(stored)
    this.#end += count
    this.#landed(stored)
    for (const come of [...this.#awaiting]) come()
    return base
  }

  #ask<Answer>(process: Process, answer: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ask = (): void => {
        if (this.#scheduler.nowUs < this.#leaderlessUntilUs || this.#dice.chance(this.badness / 4))
          return process.reach(() => reject(new NoAnswer()))
        try {
          const answered = answer()
          process.reach(() => resolve(answered))
        } catch (error) {
          process.reach(() => reject(error as Error))
        }
      }
      this.#scheduler.after(this.#dice.between(50, 1500), ask)
    })
  }

  #fetch(from: number, bytesMax: number): Fetched {
    if (from < this.#start || from > this.#end) throw new OutOfRange(NAME, from)
    const pieces: Buffer[] = []
    let left = bytesMax
    for (const { bytes } of this.#batches.filter(({ base, count }) => base + count > from)) {
      // Kafka returns the first batch whole, and cuts the last one off where the bytes end.
      const piece = pieces.length === 0 ? bytes : bytes.subarray(0, left)
      pieces.push(piece)
      left -= piece.length
      if (left <= 0) break
    }
    return { start: this.#start, end: this.#end, bytes: Buffer.concat(pieces) }
  }

  #deleteBefore(offset: number): void {
    if (offset > this.#end) throw new OutOfRange(NAME, offset)
    this.#start = Math.max(this.#start, offset)
    this.#batches = this.#batches.filter(({ base, count }) => base + count > this.#start)
  }

  /** Resolves when something lands, or the time is over. */
  #landing(process: Process, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const come = (): void => {
        this.#awaiting.delete(come)
        process.reach(resolve)
      }
      this.#awaiting.add(come)
      this.#scheduler.after(waitMs * 1000, come)
    })
  }

  #after(time: 'short' | 'middling' | 'long', run: () => void): void {
    const [min, max] = { short: [100, 2500], middling: [1000, 400_000], long: [5000, 9_000_000] }[time] as [
      number,
      number,
    ]
    this.#scheduler.after(this.#dice.between(min, max), run)
  }
}

/** Says nothing of what became of it. */
export class NoAnswer extends KafkaUnreachable {
  constructor() {
    super('a modelled Kafka', new Error('no answer'))
    this.name = 'NoAnswer'
  }
}

function seal(batch: Batch): Buffer {
  sealBatch(batch, PRODUCER, 0, crc32c)
  return Buffer.from(batch.buffer.subarray(batch.start, batch.end))
}
