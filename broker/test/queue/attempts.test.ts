/** The memory of receive attempts, beside a plain list of them that is searched for everything. */

import { deepEqual, equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Attempt, Attempts } from '../../src/queue/attempts.ts'
import { ATTEMPT_MS } from '../../src/queue/limits.ts'

const step = fc.record({
  do: fc.constantFrom('take' as const, 'take' as const, 'release' as const),
  id: fc.constantFrom('a', 'b', 'c'),
  seq: fc.nat(6),
  pauseMs: fc.constantFrom(0, 0, 1, ATTEMPT_MS / 2, ATTEMPT_MS),
})

class Pair {
  readonly attempts = new Attempts()
  #listed: { readonly id: string; readonly attempt: Attempt }[] = []
  now = 0

  /** As a receive does: a message more for an attempt of this moment, else a new one. */
  take(id: string, seq: number): void {
    const entry = { seq, receiveCount: 1 }
    const known = this.attempts.get(id, this.now)
    if (known?.at === this.now) {
      if (known.messages.some((message) => message.seq === seq)) return
      this.attempts.extend(id, known, seq, 1)
      this.#listed.find((one) => one.id === id)!.attempt.messages.push(entry)
      return
    }
    this.attempts.begin(id, { at: this.now, until: this.now, messages: [entry] })
    this.#listed = this.#listed.filter((one) => one.id !== id)
    this.#listed.push({ id, attempt: { at: this.now, until: this.now, messages: [{ ...entry }] } })
  }

  release(seq: number): void {
    this.attempts.release(seq, this.now)
    for (const { attempt } of this.#listed) {
      const held = attempt.messages.findIndex((message) => message.seq === seq)
      if (held >= 0) attempt.messages.splice(held, 1)
    }
    this.#listed = this.#listed.filter(({ attempt }) => attempt.messages.length > 0)
  }

  check(): void {
    this.#listed = this.#listed.filter(({ attempt }) => attempt.at + ATTEMPT_MS > this.now)
    const known = [...this.attempts.entries(this.now)].map(([id, attempt]) => ({ id, attempt }))
    deepEqual(sorted(known), sorted(this.#listed))
  }
}

function sorted<One extends { readonly id: string }>(all: readonly One[]): readonly One[] {
  return all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

describe('the memory of receive attempts', () => {
  it('agrees with a list of them, whatever is taken and taken back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const pair = new Pair()
        for (const { do: what, id, seq, pauseMs } of steps) {
          pair.now += pauseMs
          if (what === 'take') pair.take(id, seq)
          else pair.release(seq)
          pair.check()
        }
      }),
      { numRuns: 200 },
    )
  })

  it('counts messages where they are more than attempts, and forgets them after five minutes', () => {
    const attempts = new Attempts()
    const messages = [1, 2, 3].map((seq) => ({ seq, receiveCount: 1 }))
    attempts.begin('a', { at: 0, until: 0, messages })
    equal(attempts.sizeAt(1), 3)
    equal(attempts.sizeAt(ATTEMPT_MS), 0)
  })
})
