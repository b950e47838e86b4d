/**
 * The messages whose neighbours are gone (slot-index.ts): open addressing in 256 small tables, each growing by half
 * on its own, so that growing never pauses the broker for long. 5 to 8 bytes a message.
 */

import { type MessageTable, SEQ } from './message-table.ts'

const TABLES = 256
const CAPACITY_MIN = 8
const LOAD_MAX = 0.8

export class SlotHash {
  readonly #messages: MessageTable
  readonly #tables: Int32Array[]
  readonly #counts = new Int32Array(TABLES)

  constructor(messages: MessageTable) {
    this.#messages = messages
    this.#tables = Array.from({ length: TABLES }, () => new Int32Array(CAPACITY_MIN))
  }

  /** The slot of the live message with this sequence number, or 0. */
  get(seq: number): number {
    const hash = hashOf(seq)
    const table = this.#tables[hash >>> 24]!
    for (let at = home(hash, table.length); ; at = at + 1 === table.length ? 0 : at + 1) {
      const slot = table[at]!
      if (slot === 0 || this.#messages.number(slot, SEQ) === seq) return slot
    }
  }

  add(seq: number, slot: number): void {
    const hash = hashOf(seq)
    const which = hash >>> 24
    const count = this.#counts[which]! + 1
    if (count > this.#tables[which]!.length * LOAD_MAX) this.#grow(which)
    this.#counts[which] = count
    insert(this.#tables[which]!, hash, slot)
  }

  remove(seq: number): void {
    const hash = hashOf(seq)
    const table = this.#tables[hash >>> 24]!
    let at = home(hash, table.length)
    while (table[at] !== 0 && this.#messages.number(table[at]!, SEQ) !== seq) at = (at + 1) % table.length
    if (table[at] === 0) return
    this.#closeGap(table, at)
    this.#counts[hash >>> 24]! -= 1
  }

  /** Moves later entries of the run back, so that a look-up may stop at the first empty place. */
  #closeGap(table: Int32Array, from: number): void {
    const length = table.length
    let gap = from
    for (let at = (gap + 1) % length; table[at] !== 0; at = (at + 1) % length) {
      const wanted = home(hashOf(this.#messages.number(table[at]!, SEQ)), length)
      const distance = (at - wanted + length) % length
      if (distance < (at - gap + length) % length) continue
      table[gap] = table[at]!
      gap = at
    }
    table[gap] = 0
  }

  #grow(which: number): void {
    const old = this.#tables[which]!
    const grown = new Int32Array(old.length + (old.length >>> 1))
    for (const slot of old) {
      if (slot !== 0) insert(grown, hashOf(this.#messages.number(slot, SEQ)), slot)
    }
    this.#tables[which] = grown
  }
}

/** Fibonacci hashing: neighbours, as sequence numbers are, spread evenly. */
function hashOf(seq: number): number {
  const high = Math.floor(seq / 0x1_0000_0000)
  return Math.imul((seq >>> 0) ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1) >>> 0
}

function home(hash: number, length: number): number {
  return Math.floor(((hash & 0xff_ffff) * length) / 0x100_0000)
}

function insert(table: Int32Array, hash: number, slot: number): void {
  let at = home(hash, table.length)
  while (table[at] !== 0) at = at + 1 === table.length ? 0 : at + 1
  table[at] = slot
}
