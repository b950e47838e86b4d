/**
 * One partition of a topic, as far as Pabal needs it: an ordered sequence of record batches to which anybody may
 * append, and which says after the fact where a batch has landed. The real one is kafka-partition.ts; a modelled one,
 * whose appends land late, twice or after an error, is in broker/test/kafka/modelled-partition.ts.
 *
 *     start          end
 *     │ 7 8 9 │ 10 │ 11 12 │        offsets; a batch has several, records of all writers lie between each other
 */

import type { Batch } from './record-batch.ts'

export interface Offsets {
  /** The oldest offset that can be read. */
  readonly start: number
  /** After the newest record that every in-sync replica has: what a reader can see. */
  readonly end: number
}

export interface FetchOptions {
  /** About how much to return; one batch comes whole, however large. */
  readonly bytesMax: number
  /** How long to wait where there is nothing yet; 0 answers at once. */
  readonly waitMs?: number
  /** Ends the wait, with a rejection. */
  readonly signal?: AbortSignal
}

export interface Fetched extends Offsets {
  /**
   * Whole batches one after the other, from the one that holds the offset asked for; records before that offset are
   * to be skipped. Empty at the end of the partition. `visitBatches` (record-batch.ts) reads them.
   */
  readonly bytes: Buffer
}

export interface Partition {
  /** `topic/3`, for messages. */
  readonly name: string

  /**
   * Appends the batch, and resolves with the offset of its first record when every in-sync replica has it. Repeats by
   * itself what can be repeated without writing twice, until a deadline. A rejection says nothing: the batch may be
   * there, or not, or come later. Owns `batch` until it settles. One at a time: the next one only after an answer.
   */
  append(batch: Batch): Promise<number>

  /** Rejects with {@link OutOfRange} where `from` lies before the start or beyond the end. */
  fetch(from: number, options: FetchOptions): Promise<Fetched>

  offsets(): Promise<Offsets>

  /** Forgets every record before `offset`. */
  deleteBefore(offset: number): Promise<void>
}

/** The offset asked for is not in the partition: it was trimmed, or the partition lost its end. */
export class OutOfRange extends RangeError {
  constructor(partition: string, offset: number) {
    super(`offset ${offset} is not in ${partition}`)
    this.name = 'OutOfRange'
  }
}
