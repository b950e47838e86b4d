/**
 * The index of live messages: one fixed record of 80 bytes a message in typed arrays, no object a message.
 * A slot is a small integer that names a record while its message lives; 0 is no slot. Bodies are not here:
 * `POSITION` and `LENGTH` say where the log has them.
 *
 *     first 56 bytes    f64  SEQ  POSITION  SENT_AT
 *                       i32  LENGTH LINE RECEIVE_COUNT NEXT PREV AGE_NEXT AGE_PREV FLAGS
 *     other 24 bytes    f64  DUE_AT
 *                       i32  SOURCE FIRST_RECEIVED LEASED PLACE
 *
 * The first parts lie side by side, and so do the other parts: a message that was never received, delayed or
 * dead-lettered has zeros in the other, and where a whole chunk has, it is not there. So a long backlog costs 56 bytes
 * a message, and its start a third fewer fresh pages of memory, each of which took the system 2.5 µs. The table
 * grows by chunks: nothing is ever copied, so growing does not pause the broker.
 */

/** Identity: rises with every message of the shard, and gives the MessageId. */
export const SEQ = 0
/** Where the log has the record with the body. */
export const POSITION = 1
/** When it was sent; retention counts from here. */
export const SENT_AT = 2

/** Length of that record in the log. */
export const LENGTH = 6
/** Its lane or message group: an index into the state's lines. */
export const LINE = 7
export const RECEIVE_COUNT = 8
/** Neighbours in the lane's or group's list; NEXT also chains free slots. */
export const NEXT = 9
export const PREV = 10
/** Neighbours in the queue's list by age; AGE_PREV is the place in the heap of older arrivals instead. */
export const AGE_NEXT = 11
export const AGE_PREV = 12
/**
 * Bits 0–1 the phase, 4–7 the priority, 8 in a returned heap, 9 in the heap of older arrivals, 12–31 how often it
 * had been received before it came to this queue: a dead-letter queue counts from there.
 */
export const FLAGS = 13

/** End of the delay or of the lease; meaningful while delayed or in flight. */
export const DUE_AT = 7

/** The queue that dead-lettered it, as a number of state.sources; 0 for none. */
export const SOURCE = 16
/** First receive and start of the present lease, as milliseconds after SENT_AT. */
export const FIRST_RECEIVED = 17
export const LEASED = 18
/** Place in the one heap it may be in: deadlines, or its lane's returned messages. */
export const PLACE = 19

export const READY = 1
export const DELAYED = 2
export const IN_FLIGHT = 3
export type Phase = typeof READY | typeof DELAYED | typeof IN_FLIGHT

export const IN_RETURNED = 1 << 8
export const IN_OLDER = 1 << 9

export const PRIORITY_SHIFT = 4
const COUNT_BEFORE_SHIFT = 12
const COUNT_BEFORE_MAX = 0xf_ffff

/** Words of four bytes, and numbers of two words, of the first part; a field beyond them is in the other part. */
export const FIRST_WORDS = 14
export const FIRST_NUMBERS = FIRST_WORDS / 2
const OTHER_WORDS = 6
const OTHER_NUMBERS = OTHER_WORDS / 2

const CHUNK_BITS = 13
const CHUNK_SLOTS = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK_SLOTS - 1

/** Bytes of index a message costs here at most, without the look-up by sequence number (slot-index.ts). */
export const RECORD_BYTES = (FIRST_WORDS + OTHER_WORDS) * 4

/** Where in its chunk the first part of a record begins: its numbers, and its ints. */
export function numbersFrom(slot: number): number {
  return (slot & CHUNK_MASK) * FIRST_NUMBERS
}

export function intsFrom(slot: number): number {
  return (slot & CHUNK_MASK) * FIRST_WORDS
}

/** The records' other parts in a chunk, as numbers and as ints, which are the same bytes; none while all are zeros. */
interface OtherParts {
  readonly numbers: Float64Array
  readonly ints: Int32Array
}

export class MessageTable {
  readonly #numbers: Float64Array[] = []
  readonly #ints: Int32Array[] = []
  readonly #others: (OtherParts | undefined)[] = []
  #free = 0
  #fresh = 1
  #size = 0

  /** Live messages. */
  get size(): number {
    return this.#size
  }

  number(slot: number, field: number): number {
    if (field < FIRST_NUMBERS) return this.#numbers[slot >>> CHUNK_BITS]![numbersFrom(slot) + field]!
    const other = this.#others[slot >>> CHUNK_BITS]
    if (other === undefined) return 0
    return other.numbers[(slot & CHUNK_MASK) * OTHER_NUMBERS + field - FIRST_NUMBERS]!
  }

  setNumber(slot: number, field: number, value: number): void {
    if (field < FIRST_NUMBERS) {
      this.#numbers[slot >>> CHUNK_BITS]![numbersFrom(slot) + field] = value
      return
    }
    const other = this.#others[slot >>> CHUNK_BITS] ?? this.#makeOther(slot, value)
    if (other !== undefined)
      other.numbers[(slot & CHUNK_MASK) * OTHER_NUMBERS + field - FIRST_NUMBERS] = value
  }

  int(slot: number, field: number): number {
    if (field < FIRST_WORDS) return this.#ints[slot >>> CHUNK_BITS]![intsFrom(slot) + field]!
    const other = this.#others[slot >>> CHUNK_BITS]
    if (other === undefined) return 0
    return other.ints[(slot & CHUNK_MASK) * OTHER_WORDS + field - FIRST_WORDS]!
  }

  setInt(slot: number, field: number, value: number): void {
    if (field < FIRST_WORDS) {
      this.#ints[slot >>> CHUNK_BITS]![intsFrom(slot) + field] = value
      return
    }
    const other = this.#others[slot >>> CHUNK_BITS] ?? this.#makeOther(slot, value)
    if (other !== undefined) other.ints[(slot & CHUNK_MASK) * OTHER_WORDS + field - FIRST_WORDS] = value
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
    const numbers = this.numbersOf(slot)
    const at = numbersFrom(slot)
    numbers[at + SEQ] = seq
    numbers[at + POSITION] = position
    numbers[at + SENT_AT] = sentAt
    this.setInt(slot, LENGTH, length)
  }

  /**
   * How many records lie ready that were never used, one after the other in one chunk, from the slot
   * {@link nextFresh}; 0 while there are used ones to take first. For whoever writes many at once.
   */
  freshRoom(): number {
    if (this.#free !== 0) return 0
    this.#growFor(this.#fresh)
    return CHUNK_SLOTS - (this.#fresh & CHUNK_MASK)
  }

  get nextFresh(): number {
    return this.#fresh
  }

  /** The first `count` of them are in use from now on. */
  takeFresh(count: number): void {
    this.#fresh += count
    this.#size += count
  }

  /** The first parts in the chunk of a record: as numbers and as ints, which are the same bytes. */
  numbersOf(slot: number): Float64Array {
    return this.#numbers[slot >>> CHUNK_BITS]!
  }

  intsOf(slot: number): Int32Array {
    return this.#ints[slot >>> CHUNK_BITS]!
  }

  release(slot: number): void {
    const at = intsFrom(slot)
    this.intsOf(slot).fill(0, at, at + FIRST_WORDS)
    const otherAt = (slot & CHUNK_MASK) * OTHER_WORDS
    this.#others[slot >>> CHUNK_BITS]?.ints.fill(0, otherAt, otherAt + OTHER_WORDS)
    this.setInt(slot, NEXT, this.#free)
    this.#free = slot
    this.#size -= 1
  }

  #takeFresh(): number {
    const slot = this.#fresh++
    this.#growFor(slot)
    return slot
  }

  #growFor(slot: number): void {
    if (slot >>> CHUNK_BITS < this.#ints.length) return
    const bytes = new ArrayBuffer(CHUNK_SLOTS * FIRST_WORDS * 4)
    this.#numbers.push(new Float64Array(bytes))
    this.#ints.push(new Int32Array(bytes))
    this.#others.push(undefined)
  }

  #takeFree(): number {
    const slot = this.#free
    this.#free = this.int(slot, NEXT)
    this.setInt(slot, NEXT, 0)
    return slot
  }

  /** None for a zero, which is there without. */
  #makeOther(slot: number, value: number): OtherParts | undefined {
    if (value === 0) return undefined
    const bytes = new ArrayBuffer(CHUNK_SLOTS * OTHER_WORDS * 4)
    const made = { numbers: new Float64Array(bytes), ints: new Int32Array(bytes) }
    this.#others[slot >>> CHUNK_BITS] = made
    return made
  }
}
