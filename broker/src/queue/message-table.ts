/**
 * The index of live messages: one fixed record of 80 bytes a message in typed arrays, no object a message.
 * A slot is a small integer that names a record while its message lives; 0 is no slot. Bodies are not here:
 * `POSITION` and `LENGTH` say where the log has them.
 *
 *     f64   SEQ  POSITION  SENT_AT  DUE_AT
 *     i32   LENGTH LINE SOURCE RECEIVE_COUNT FIRST_RECEIVED LEASED NEXT PREV AGE_NEXT AGE_PREV PLACE FLAGS
 *
 * Records lie side by side, so that an operation on a message touches two cache lines. The table grows by
 * chunks: nothing is ever copied, so growing does not pause the broker.
 */

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
/** The queue that dead-lettered it, as a number of state.sources; 0 for none. */
export const SOURCE = 10
export const RECEIVE_COUNT = 11
/** First receive and start of the present lease, as milliseconds after SENT_AT. */
export const FIRST_RECEIVED = 12
export const LEASED = 13
/** Neighbours in the lane's or group's list; NEXT also chains free slots. */
export const NEXT = 14
export const PREV = 15
/** Neighbours in the queue's list by age; AGE_PREV is the place in the heap of older arrivals instead. */
export const AGE_NEXT = 16
export const AGE_PREV = 17
/** Place in the one heap it may be in: deadlines, or its lane's returned messages. */
export const PLACE = 18
/**
 * Bits 0–1 the phase, 4–7 the priority, 8 in a returned heap, 9 in the heap of older arrivals, 12–31 how often it
 * had been received before it came to this queue: a dead-letter queue counts from there.
 */
export const FLAGS = 19

export const READY = 1
export const DELAYED = 2
export const IN_FLIGHT = 3
export type Phase = typeof READY | typeof DELAYED | typeof IN_FLIGHT

export const IN_RETURNED = 1 << 8
export const IN_OLDER = 1 << 9

export const PRIORITY_SHIFT = 4
const COUNT_BEFORE_SHIFT = 12
const COUNT_BEFORE_MAX = 0xf_ffff

const WORDS = 20
const NUMBERS = WORDS / 2
const CHUNK_BITS = 13
const CHUNK_SLOTS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_SLOTS - 1

/** Bytes of index a message costs here, without the look-up by sequence number (slot-index.ts). */
export const RECORD_BYTES = WORDS * 4

/** Where in its chunk a record's numbers begin, and where its ints. */
export function numbersFrom(slot: number): number {
  return (slot & CHUNK_MASK) * NUMBERS
}

export function intsFrom(slot: number): number {
  return (slot & CHUNK_MASK) * WORDS
}

export class MessageTable {
  readonly #numbers: Float64Array[] = []
  readonly #ints: Int32Array[] = []
  #free = 0
  #fresh = 1
  #size = 0

  /** Live messages. */
  get size(): number {
    return this.#size
  }

  number(slot: number, field: number): number {
    return this.#numbers[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * NUMBERS + field]!
  }

  setNumber(slot: number, field: number, value: number): void {
    this.#numbers[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * NUMBERS + field] = value
  }

  int(slot: number, field: number): number {
    return this.#ints[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * WORDS + field]!
  }

  setInt(slot: number, field: number, value: number): void {
    this.#ints[slot >>> CHUNK_BITS]![(slot & CHUNK_MASK) * WORDS + field] = value
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

  /** What a record is made of, in one go: start-up does this for every message there is. */
  fill(slot: number, seq: number, position: number, sentAt: number, length: number): void {
    const numbers = this.#numbers[slot >>> CHUNK_BITS]!
    const at = (slot & CHUNK_MASK) * NUMBERS
    numbers[at + SEQ] = seq
    numbers[at + POSITION] = position
    numbers[at + SENT_AT] = sentAt
    this.setInt(slot, LENGTH, length)
  }

  /** The chunk that holds a record, for whoever writes many: as numbers and as ints, which are the same bytes. */
  numbersOf(slot: number): Float64Array {
    return this.#numbers[slot >>> CHUNK_BITS]!
  }

  intsOf(slot: number): Int32Array {
    return this.#ints[slot >>> CHUNK_BITS]!
  }

  release(slot: number): void {
    const at = (slot & CHUNK_MASK) * WORDS
    this.#ints[slot >>> CHUNK_BITS]!.fill(0, at, at + WORDS)
    this.setInt(slot, NEXT, this.#free)
    this.#free = slot
    this.#size -= 1
  }

  #takeFresh(): number {
    const slot = this.#fresh++
    if (slot >>> CHUNK_BITS === this.#ints.length) {
      const bytes = new ArrayBuffer(CHUNK_SLOTS * RECORD_BYTES)
      this.#numbers.push(new Float64Array(bytes))
      this.#ints.push(new Int32Array(bytes))
    }
    return slot
  }

  #takeFree(): number {
    const slot = this.#free
    this.#free = this.int(slot, NEXT)
    this.setInt(slot, NEXT, 0)
    return slot
  }
}
