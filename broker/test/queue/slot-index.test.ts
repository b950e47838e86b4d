/** The look-up by sequence number, beside a plain map, through all that can happen to a page. */

import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { MessageTable, SEQ } from '../../src/queue/message-table.ts'
import { SlotIndex } from '../../src/queue/slot-index.ts'

class Pair {
  readonly #messages = new MessageTable()
  readonly #index = new SlotIndex(this.#messages)
  readonly known = new Map<number, number>()

  add(seq: number): void {
    if (this.known.has(seq)) return
    const slot = this.#messages.take(0)
    this.#messages.setNumber(slot, SEQ, seq)
    this.#index.add(seq, slot)
    this.known.set(seq, slot)
  }

  remove(seq: number): void {
    this.#index.remove(seq)
    const slot = this.known.get(seq)
    if (slot === undefined) return
    this.#messages.release(slot)
    this.known.delete(seq)
  }

  check(seq: number): void {
    equal(this.#index.get(seq), this.known.get(seq) ?? 0, `sequence number ${seq}`)
  }
}

describe('the index by sequence number', () => {
  it('finds what a sparse page had left after it was taken apart', () => {
    const pair = new Pair()
    for (let seq = 1; seq <= 5000; seq += 1) pair.add(seq)
    for (let seq = 1; seq <= 5000; seq += 1) if (seq % 100 !== 0) pair.remove(seq)
    for (let seq = 0; seq <= 5001; seq += 1) pair.check(seq)
    for (let seq = 100; seq <= 5000; seq += 200) pair.remove(seq)
    for (let seq = 0; seq <= 5001; seq += 1) pair.check(seq)
  })

  it('takes old messages that come in again behind newer ones, and numbers beyond 2^32', () => {
    const pair = new Pair()
    for (const seq of [2 ** 33, 3, 2 ** 33 + 1, 700, 4, 2 ** 32 + 3]) pair.add(seq)
    for (const seq of [2 ** 33, 3, 2 ** 33 + 1, 700, 4, 2 ** 32 + 3, 0, 5, 2 ** 33 + 2]) pair.check(seq)
  })

  it('agrees with a map whatever is added and removed', () => {
    const step = fc.record({ add: fc.boolean(), from: fc.nat(3000), count: fc.integer({ min: 1, max: 700 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const pair = new Pair()
        for (const { add, from, count } of steps) {
          for (let seq = from; seq < from + count; seq += 1) add ? pair.add(seq) : pair.remove(seq)
        }
        for (let seq = 0; seq < 3800; seq += 1) pair.check(seq)
      }),
      { numRuns: 60 },
    )
  })
})
