/**
 * A binary heap of messages that knows where each one is, so that any can be taken out in O(log n). The least
 * key comes first, the lower sequence number where keys are equal, so that the order never depends on history.
 */

import { type MessageTable, type NumberField, type OtherField, SEQ } from './message-table.ts'

export class SlotHeap {
  readonly #messages: MessageTable
  readonly #key: NumberField
  readonly #place: OtherField
  #slots = new Int32Array(4)
  #size = 0

  /** `key` is a number field of the record, `place` the field that remembers where in the heap it is. */
  constructor(messages: MessageTable, key: NumberField, place: OtherField) {
    this.#messages = messages
    this.#key = key
    this.#place = place
  }

  get size(): number {
    return this.#size
  }

  /** The slot with the least key, or 0. */
  top(): number {
    return this.#size === 0 ? 0 : this.#slots[0]!
  }

  push(slot: number): void {
    if (this.#size === this.#slots.length) {
      const grown = new Int32Array(this.#size + (this.#size >>> 1))
      grown.set(this.#slots)
      this.#slots = grown
    }
    this.#rise(this.#size++, slot)
  }

  remove(slot: number): void {
    const at = this.#messages.other(slot, this.#place)
    const last = this.#slots[--this.#size]!
    if (last === slot) return
    if (at > 0 && this.#before(last, this.#slots[(at - 1) >>> 1]!)) this.#rise(at, last)
    else this.#sink(at, last)
  }

  #before(a: number, b: number): boolean {
    const left = this.#messages.number(a, this.#key)
    const right = this.#messages.number(b, this.#key)
    return left < right || (left === right && this.#messages.number(a, SEQ) < this.#messages.number(b, SEQ))
  }

  #put(at: number, slot: number): void {
    this.#slots[at] = slot
    this.#messages.setOther(slot, this.#place, at)
  }

  #rise(from: number, slot: number): void {
    let at = from
    while (at > 0) {
      const parent = (at - 1) >>> 1
      if (!this.#before(slot, this.#slots[parent]!)) break
      this.#put(at, this.#slots[parent]!)
      at = parent
    }
    this.#put(at, slot)
  }

  #sink(from: number, slot: number): void {
    let at = from
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && this.#before(this.#slots[child + 1]!, this.#slots[child]!)) child += 1
      if (!this.#before(this.#slots[child]!, slot)) break
      this.#put(at, this.#slots[child]!)
      at = child
    }
    this.#put(at, slot)
  }
}
