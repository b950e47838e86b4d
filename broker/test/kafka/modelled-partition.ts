/**
 * A partition of Kafka as a model: real record batches in memory, and appends that go wrong in all the ways in which
 * those to a real one do. Everybody who is handed {@link ModelledPartition.view} shares the same log.
 */

import { crc32c } from '@platformatic/kafka'
import { KafkaUnreachable } from '../../src/log/kafka/kafka-error.ts'
import {
  type Fetched,
  type FetchOptions,
  type Offsets,
  OutOfRange,
  type Partition,
} from '../../src/log/kafka/partition.ts'
import { type Batch, sealBatch } from '../../src/log/kafka/record-batch.ts'

/** What becomes of an append. */
export type Fate =
  /** It is there, and answered. */
  | 'lands'
  /** It is not there; an error is answered. */
  | 'lost'
  /** It is there; an error is answered. */
  | 'unanswered'
  /** An error is answered; it lands when it is released. */
  | 'late'
  /** Nothing is answered until it is released, and then it lands. */
  | 'held'
  /** It is there twice; the offset of the first one is answered. */
  | 'twice'
  /** It is there twice; the offset of the second one is answered, as by a repeat without sequence numbers. */
  | 'repeated'

interface Stored {
  readonly base: number
  readonly count: number
  readonly bytes: Buffer
}

const PRODUCER = { id: -1n, epoch: -1, sequence: -1 }

export class ModelledPartition {
  readonly #batches: Stored[] = []
  readonly #fates: Fate[] = []
  #released: (() => void)[] = []
  readonly #whoWaits: (() => void)[] = []
  #start = 0
  #end = 0

  /** What becomes of the next appends, in order; those after them land. */
  fate(...fates: readonly Fate[]): void {
    this.#fates.push(...fates)
  }

  /** From now on every append lands. */
  forgetFates(): void {
    this.#fates.length = 0
  }

  /** Lets land what is late or held, in the order in which it was appended. */
  release(): void {
    const released = this.#released
    this.#released = []
    for (const land of released) land()
  }

  /** Of all batches. */
  get bytes(): number {
    return this.#batches.reduce((sum, { bytes }) => sum + bytes.length, 0)
  }

  get end(): number {
    return this.#end
  }

  /** Somebody's access to it. */
  view(): Partition {
    return {
      name: 'modelled/0',
      append: (batch) => this.#append(batch),
      fetch: (from, options) => this.#fetch(from, options),
      offsets: async (): Promise<Offsets> => ({ start: this.#start, end: this.#end }),
      deleteBefore: async (offset) => {
        if (offset > this.#end) throw new OutOfRange('modelled/0', offset)
        this.#start = Math.max(this.#start, offset)
        while (this.#batches.length > 0 && this.#batches[0]!.base + this.#batches[0]!.count <= this.#start)
          this.#batches.shift()
      },
    }
  }

  /** Damages a byte of the batch that holds `offset`. */
  damage(offset: number): void {
    const { bytes } = this.#batches.find(({ base, count }) => base + count > offset)!
    bytes[bytes.length - 3]! ^= 1
  }

  async #append(batch: Batch): Promise<number> {
    sealBatch(batch, PRODUCER, 0, crc32c)
    const bytes = Buffer.from(batch.buffer.subarray(batch.start, batch.end))
    const fate = this.#fates.shift() ?? 'lands'
    await Promise.resolve()
    switch (fate) {
      case 'lands':
        return this.#land(bytes, batch.count)
      case 'lost':
        throw new Error('no answer')
      case 'unanswered':
        this.#land(bytes, batch.count)
        throw new Error('no answer')
      case 'late':
        this.#released.push(() => this.#land(bytes, batch.count))
        throw new Error('no answer')
      case 'held':
        return new Promise((resolve) => this.#released.push(() => resolve(this.#land(bytes, batch.count))))
      case 'twice': {
        const first = this.#land(bytes, batch.count)
        this.#land(bytes, batch.count)
        return first
      }
      case 'repeated':
        this.#land(bytes, batch.count)
        return this.#land(bytes, batch.count)
    }
  }

  /** Resolves when something lands, rejects when the signal says so. */
  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(new KafkaUnreachable('modelled/0', 'the wait was ended'))
      if (signal.aborted) return stop()
      signal.addEventListener('abort', stop)
      this.#whoWaits.push(() => {
        signal.removeEventListener('abort', stop)
        resolve()
      })
    })
  }

  #land(sealed: Buffer, count: number): number {
    for (const wake of this.#whoWaits.splice(0)) wake()
    const base = this.#end
    const bytes = Buffer.from(sealed)
    bytes.writeBigInt64BE(BigInt(base), 0)
    this.#batches.push({ base, count, bytes })
    this.#end += count
    return base
  }

  async #fetch(from: number, { bytesMax, waitMs = 0, signal }: FetchOptions): Promise<Fetched> {
    await Promise.resolve()
    if (from < this.#start || from > this.#end) throw new OutOfRange('modelled/0', from)
    if (from === this.#end && waitMs > 0 && signal !== undefined) await this.#more(signal)
    const batches = this.#batches.filter(({ base, count }) => base + count > from)
    const pieces: Buffer[] = []
    let left = bytesMax
    for (const { bytes } of batches) {
      // Kafka returns the first batch whole, and cuts the last one off where the bytes end.
      const piece = pieces.length === 0 ? bytes : bytes.subarray(0, left)
      pieces.push(piece)
      left -= piece.length
      if (left <= 0) break
    }
    return { start: this.#start, end: this.#end, bytes: Buffer.concat(pieces) }
  }
}
