/**
 * From a sequence number to a message's slot. Numbers are given out one after the other, so live messages lie
 * densely: they are found in pages of 512 numbers each, a slot a number. A page of which a quarter is left is taken
 * apart and the rest kept in a hash table (slot-hash.ts). 4 bytes a message where all live, never more than 16,
 * so that a message's index is at most 100 bytes with its record of 84.
 *
 * Pages, because the hash table alone was a third of the time to start: with ten million messages every look into
 * it is a look into memory that no cache has, and start-up adds them all. Pages share arrays, 64 to each, because an
 * array a page was a tenth of the time to start, most of it the garbage collector's.
 */

import type { MessageTable } from './message-table.ts'
import { SlotHash } from './slot-hash.ts'

const PAGE_SEQS = 512
/** A page with no more messages than this, and no new ones to come, is taken apart. */
const PAGE_COUNT_MIN = PAGE_SEQS / 4
const ARRAY_PAGES = 64

/** The numbers from `start` up to `end`: the slot of number `seq` is `slots[seq - origin]`. */
export interface Page {
  readonly start: number
  readonly end: number
  readonly slots: Int32Array
  readonly origin: number
  count: number
}

export class SlotIndex {
  readonly #sparse: SlotHash
  readonly #pages = new Map<number, Page>()
  readonly #room = new PageRoom()
  /** The page that new messages go to: all others only lose some. */
  #newest: Page

  constructor(messages: MessageTable) {
    this.#sparse = new SlotHash(messages)
    this.#newest = this.#room.take(0)
    this.#pages.set(0, this.#newest)
  }

  /** The slot of the live message with this sequence number, or 0. */
  get(seq: number): number {
    const page = this.#pageOf(seq)
    return page === undefined ? this.#sparse.get(seq) : page.slots[seq - page.origin]!
  }

  add(seq: number, slot: number): void {
    const page = seq >= this.#newest.end ? this.begin(seq) : this.#pageOf(seq)
    // An older message that comes in again, at recovery: its neighbours were gone.
    if (page === undefined) return this.#sparse.add(seq, slot)
    page.slots[seq - page.origin] = slot
    page.count += 1
  }

  remove(seq: number): void {
    const page = this.#pageOf(seq)
    if (page === undefined) return this.#sparse.remove(seq)
    const at = seq - page.origin
    if (page.slots[at] === 0) return
    page.slots[at] = 0
    page.count -= 1
    if (page.count <= PAGE_COUNT_MIN && page !== this.#newest) this.#takeApart(page)
  }

  /** The page that new messages go to. Whoever adds to it counts in it. */
  get newest(): Page {
    return this.#newest
  }

  /** Begins the page of a number that is behind the newest one. */
  begin(seq: number): Page {
    const closed = this.#newest
    const number = Math.floor(seq / PAGE_SEQS)
    this.#newest = this.#room.take(number)
    this.#pages.set(number, this.#newest)
    if (closed.count <= PAGE_COUNT_MIN) this.#takeApart(closed)
    return this.#newest
  }

  #pageOf(seq: number): Page | undefined {
    const newest = this.#newest
    if (seq >= newest.start && seq < newest.end) return newest
    return this.#pages.get(Math.floor(seq / PAGE_SEQS))
  }

  #takeApart(page: Page): void {
    this.#pages.delete(page.start / PAGE_SEQS)
    const from = page.start - page.origin
    for (const [at, slot] of page.slots.subarray(from, from + PAGE_SEQS).entries()) {
      if (slot !== 0) this.#sparse.add(page.start + at, slot)
    }
    this.#room.giveBack(page)
  }
}

/** Where pages lie: arrays of many, and the places that are free again. */
class PageRoom {
  #slots = new Int32Array(0)
  #used = 0
  readonly #free: { readonly slots: Int32Array; readonly at: number }[] = []

  /** A page of zeros. */
  take(number: number): Page {
    const { slots, at } = this.#free.pop() ?? this.#takeFresh()
    const start = number * PAGE_SEQS
    return { start, end: start + PAGE_SEQS, slots, origin: start - at, count: 0 }
  }

  giveBack({ slots, start, origin }: Page): void {
    const at = start - origin
    slots.fill(0, at, at + PAGE_SEQS)
    this.#free.push({ slots, at })
  }

  #takeFresh(): { readonly slots: Int32Array; readonly at: number } {
    if (this.#used === this.#slots.length) {
      this.#slots = new Int32Array(ARRAY_PAGES * PAGE_SEQS)
      this.#used = 0
    }
    const at = this.#used
    this.#used += PAGE_SEQS
    return { slots: this.#slots, at }
  }
}
