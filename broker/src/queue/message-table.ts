/**
 * The index of live messages: one fixed record of 84 bytes a message in typed arrays, no object a message.
 * A slot is a small integer that names a record while its message lives; 0 is no slot. Bodies are not here:
 * `POSITION` and `LENGTH` say where the log has them.
 *
 *     64 bytes, side by side    f64  SEQ  POSITION  SENT_AT  DUE_AT
 *                               i32  LENGTH LINE RECEIVE_COUNT NEXT PREV AGE_NEXT AGE_PREV FLAGS
 *     20 bytes, elsewhere       i32  SOURCE FIRST_RECEIVED LEASED PLACE OLDER_PLACE
 *
 * Elsewhere is what only messages have that were received, delayed or dead-lettered. Memory that was never written is
 * not there, the system gives it page by page: so a long backlog takes 64 bytes a message, and its start a quarter
 * fewer fresh pages, each of which took the system 2.5 µs. The table grows by chunks: nothing is ever copied, so
 * growing does not pause the broker.
 */

import { TableMemory } from './table-memory.ts'

/** Identity: rises with every message of the shard, and gives the MessageId. */
export const SEQ = 0
/** Where the log has the record with the body. */
export const POSITION = 1
/** When it was sent; retention counts from here. */
export const SENT_AT = 2
/** End of the delay or of the lease; meaningful while delayed or in flight. */
export const DUE_AT = 3

/** Length of that record in the log. */
export const LENGTH = 8
/** Its lane or message group: an index into the state's lines. */
export const LINE = 9
export const RECEIVE_COUNT = 10
/** Neighbours in the lane's or group's list; NEXT also chains free slots. */
export const NEXT = 11
export const PREV = 12
/** Neighbours in the queue's list by age. */
export const AGE_NEXT = 13
export const AGE_PREV = 14
/**
 * Bits 0–1 the phase, 4–7 the priority, 8 in a returned heap, 9 in the heap of older arrivals, 12–31 how often it
 * had been received before it came to this queue: a dead-letter queue counts from there.
 */
export const FLAGS = 15

// What lies elsewhere: see MessageTable.other.
/** The queue that dead-lettered it, as a number of state.sources; 0 for none. */
export const SOURCE = 16
/** First receive and start of the present lease, as milliseconds after SENT_AT. */
export const FIRST_RECEIVED = 17
export const LEASED = 18
/** Place in the one heap it may be in of these: deadlines, or its lane's returned messages. */
export const PLACE = 19
/** Place in its queue's heap of older arrivals. */
export const OLDER_PLACE = 20

export type NumberField = typeof SEQ | typeof POSITION | typeof SENT_AT | typeof DUE_AT
export type OtherField =
  | typeof SOURCE
  | typeof FIRST_RECEIVED
  | typeof LEASED
  | typeof PLACE
  | typeof OLDER_PLACE
export type IntField =
  | typeof LENGTH
  | typeof LINE
  | typeof RECEIVE_COUNT
  | typeof NEXT
  | typeof PREV
  | typeof AGE_NEXT
  | typeof AGE_PREV
  | typeof FLAGS

export const READY = 1
export const DELAYED = 2
export const IN_FLIGHT = 3
export type Phase = typeof READY | typeof DELAYED | typeof IN_FLIGHT

export const IN_RETURNED = 1 << 8
export const IN_OLDER = 1 << 9

export const PRIORITY_SHIFT = 4
const COUNT_BEFORE_SHIFT = 12
const COUNT_BEFORE_MAX = 0xf_ffff

/** Words of four bytes, and numbers of two words, of a record's part in a chunk. */
export const WORDS = 16
export const NUMBERS = WORDS / 2
const OTHERS = 5
const OTHERS_FROM = SOURCE
const CHUNK_BITS = 13
const CHUNK_SLOTS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_SLOTS - 1

/** Bytes of index a message costs here at most, without the look-up by sequence number (slot-index.ts). */
export const RECORD_BYTES = (WORDS + OTHERS) * 4

/** Zeroed records that lie side by side in one chunk. */
export interface FreshRecords {
  /** The first one's slot, and how many there are. */
  readonly slot: number
  readonly room: number
  /** The chunk: record `n` of them has its numbers from `NUMBERS * (at + n)` on, its ints from `WORDS * (at + n)`. */
  readonly numbers: Float64Array
  readonly ints: Int32Array
  readonly at: number
}

export class MessageTable {
  /** The chunks, as numbers and as ints, which are the same bytes; and their other parts. */
  readonly #numbers: Float64Array[] = []
  readonly #ints: Int32Array[] = []
  readonly #others: Int32Array[] = []
  readonly #memory = new TableMemory()
  #free = 0
  #fresh = 1
  #size = 0

  /** Live messages. */
  get size(): number {
    return this.#size
  }

  // These are so small that they are compiled into their callers. One method for ints here and elsewhere was larger:
  // a message's way through the core took a sixth longer with it.

  number(slot: number, field: NumberField): number {
    return this.#numbers[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * NUMBERS + field]!
  }

  setNumber(slot: number, field: NumberField, value: number): void {
    this.#numbers[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * NUMBERS + field] = value
  }

  int(slot: number, field: IntField): number {
    return this.#ints[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * WORDS + field]!
  }

  setInt(slot: number, field: IntField, value: number): void {
    this.#ints[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * WORDS + field] = value
  }

  other(slot: number, field: OtherField): number {
    return this.#others[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * OTHERS + field - OTHERS_FROM]!
  }

  setOther(slot: number, field: OtherField, value: number): void {
    this.#others[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * OTHERS + field - OTHERS_FROM] = value
  }

  phase(slot: number): Phase {
    return (this.int(slot, FLAGS) & 3) as Phase
  }

  setPhase(slot: number, phase: Phase): void {
    this.setInt(slot, FLAGS, (this.int(slot, FLAGS) & ~3) | phase)
  }

  priority(slot: number): number {
    return (this.int(slot, FLAGS) >>> PRIORITY_SHIFT) & 15
  }

  countBefore(slot: number): number {
    return this.int(slot, FLAGS) >>> COUNT_BEFORE_SHIFT
  }

  setCountBefore(slot: number, count: number): void {
    const kept = this.int(slot, FLAGS) & ((1 << COUNT_BEFORE_SHIFT) - 1)
    this.setInt(slot, FLAGS, kept | (Math.min(count, COUNT_BEFORE_MAX) << COUNT_BEFORE_SHIFT))
  }

  has(slot: number, flag: number): boolean {
    return (this.int(slot, FLAGS) & flag) !== 0
  }

  setFlag(slot: number, flag: number, on: boolean): void {
    const flags = this.int(slot, FLAGS)
    this.setInt(slot, FLAGS, on ? flags | flag : flags & ~flag)
  }

  /** A zeroed record. */
  take(priority: number): number {
    const slot = this.#free === 0 ? this.#takeFresh() : this.#takeFree()
    this.setInt(slot, FLAGS, priority << PRIORITY_SHIFT)
    this.#size += 1
    return slot
  }

  /** What a record is made of, in one go. */
  fill(slot: number, seq: number, position: number, sentAt: number, length: number): void {
    const numbers = this.#numbers[slot >>> CHUNK_BITS]!
    const at = (slot & CHUNK_MASK) * NUMBERS
    numbers[at + SEQ] = seq
    numbers[at + POSITION] = position
    numbers[at + SENT_AT] = sentAt
    this.setInt(slot, LENGTH, length)
  }

  release(slot: number): void {
    const at = (slot & CHUNK_MASK) * WORDS
    this.#ints[slot >>> CHUNK_BITS]!.fill(0, at, at + WORDS)
    const others = this.#others[slot >>> CHUNK_BITS]!
    const othersAt = (slot & CHUNK_MASK) * OTHERS
    for (let other = 0; other < OTHERS; other += 1) others[othersAt + other] = 0
    this.setInt(slot, NEXT, this.#free)
    this.#free = slot
    this.#size -= 1
  }

  /** The records that were never used, for whoever writes many at once; none while there are used ones to take first. */
  fresh(): FreshRecords | undefined {
    if (this.#free !== 0) return undefined
    const slot = this.#fresh
    this.#growFor(slot)
    return {
      slot,
      room: CHUNK_SLOTS - (slot & CHUNK_MASK),
      numbers: this.#numbers[slot >>> CHUNK_BITS]!,
      ints: this.#ints[slot >>> CHUNK_BITS]!,
      at: slot & CHUNK_MASK,
    }
  }

  /** The first `count` of them are in use from now on. */
  claimFresh(count: number): void {
    this.#fresh += count
    this.#size += count
  }

  #takeFresh(): number {
    const slot = this.#fresh++
    this.#growFor(slot)
    return slot
  }

  #growFor(slot: number): void {
    if (slot >>> CHUNK_BITS < this.#ints.length) return
    // One piece of memory, because the system's allocator may write the first 128 KiB of each.
    const bytes = this.#memory.take(CHUNK_SLOTS * RECORD_BYTES)
    this.#numbers.push(new Float64Array(bytes, 0, CHUNK_SLOTS * NUMBERS))
    this.#ints.push(new Int32Array(bytes, 0, CHUNK_SLOTS * WORDS))
    this.#others.push(new Int32Array(bytes, CHUNK_SLOTS * WORDS * 4))
  }

  #takeFree(): number {
    const slot = this.#free
    this.#free = this.int(slot, NEXT)
    this.setInt(slot, NEXT, 0)
    return slot
  }
}
