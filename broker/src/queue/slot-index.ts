/**
 * From a sequence number to a message's slot. Numbers are given out one after the other, so live messages lie
 * densely: they are found in pages of 512 numbers each, a slot a number. A page of which a quarter is left is taken
 * apart and the rest kept in a hash table (slot-hash.ts). 4 bytes a message where all live, never more than 16,
 * so that a message's index stays below 100 bytes with its record of 80.
 *
 * Pages, because the hash table alone was a third of the time to start: with ten million messages every look into
 * it is a look into memory that no cache has, and start-up adds them all.
 */

import type { MessageTable } from './message-table.ts'
import { SlotHash } from './slot-hash.ts'

const PAGE_SEQS = 512
/** A page with no more messages than this, and no new ones to come, is taken apart. */
const PAGE_COUNT_MIN = PAGE_SEQS / 4

interface Page {
  readonly number: number
  readonly slots: Int32Array
  count: number
}

export class SlotIndex {
  readonly #sparse: SlotHash
  readonly #pages = new Map<number, Page>()
  /** The page that new messages go to: all others only lose some. */
  #newest: Page = newPage(0)

  constructor(messages: MessageTable) {
    this.#sparse = new SlotHash(messages)
    this.#pages.set(0, this.#newest)
  }

  /** The slot of the live message with this sequence number, or 0. */
  get(seq: number): number {
    const page = this.#pageOf(seq)
    return page === undefined ? this.#sparse.get(seq) : page.slots[seq - page.number * PAGE_SEQS]!
  }

  add(seq: number, slot: number): void {
    if (seq >= (this.#newest.number + 1) * PAGE_SEQS) this.#beginPage(Math.floor(seq / PAGE_SEQS))
    const page = this.#pageOf(seq)
    // An older message that comes in again, at recovery: its neighbours were gone.
    if (page === undefined) return this.#sparse.add(seq, slot)
    page.slots[seq - page.number * PAGE_SEQS] = slot
    page.count += 1
  }

  remove(seq: number): void {
    const page = this.#pageOf(seq)
    if (page === undefined) return this.#sparse.remove(seq)
    const at = seq - page.number * PAGE_SEQS
    if (page.slots[at] === 0) return
    page.slots[at] = 0
    page.count -= 1
    if (page.count <= PAGE_COUNT_MIN && page !== this.#newest) this.#takeApart(page)
  }

  #pageOf(seq: number): Page | undefined {
    const number = Math.floor(seq / PAGE_SEQS)
    return number === this.#newest.number ? this.#newest : this.#pages.get(number)
  }

  #beginPage(number: number): void {
    const closed = this.#newest
    this.#newest = newPage(number)
    this.#pages.set(number, this.#newest)
    if (closed.count <= PAGE_COUNT_MIN) this.#takeApart(closed)
  }

  #takeApart(page: Page): void {
    this.#pages.delete(page.number)
    for (const [at, slot] of page.slots.entries()) {
      if (slot !== 0) this.#sparse.add(page.number * PAGE_SEQS + at, slot)
    }
  }
}

function newPage(number: number): Page {
  return { number, slots: new Int32Array(PAGE_SEQS), count: 0 }
}
