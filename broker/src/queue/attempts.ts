/**
 * What receives with an attempt id were given, for five minutes: a repetition gets the same. Found by the attempt's
 * id, and by a message's number when that one is taken back.
 */

import { ExpiringMap } from './expiring-map.ts'
import { ATTEMPT_MS } from './limits.ts'

/** The messages that one receive with an attempt id was given. */
export interface Attempt {
  readonly at: number
  until: number
  /** Sequence number and receive count of each. */
  readonly messages: { readonly seq: number; readonly receiveCount: number }[]
}

export class Attempts {
  readonly #byId = new ExpiringMap<Attempt>(ATTEMPT_MS)
  /** Ids of the attempts that took a message, by its number. */
  readonly #takersOf = new ExpiringMap<readonly string[]>(ATTEMPT_MS)

  get(attemptId: string, now: number): Attempt | undefined {
    return this.#byId.get(attemptId, now)
  }

  /** An attempt took a first message, or others than a forgotten one of the same id. */
  begin(attemptId: string, attempt: Attempt): void {
    this.#byId.set(attemptId, attempt, attempt.at)
    for (const { seq } of attempt.messages) this.#took(attemptId, attempt, seq)
  }

  /** It took one more. */
  extend(attemptId: string, attempt: Attempt, seq: number, receiveCount: number): void {
    attempt.messages.push({ seq, receiveCount })
    this.#took(attemptId, attempt, seq)
  }

  /** A message that was taken back belongs to no attempt any more, and an attempt without messages is none. */
  release(seq: number, now: number): void {
    const takers = this.#takersOf.get(String(seq), now) ?? []
    this.#takersOf.delete(String(seq))
    for (const attemptId of takers) {
      const messages = this.#byId.get(attemptId, now)?.messages ?? []
      const held = messages.findIndex((message) => message.seq === seq)
      if (held < 0) continue
      messages.splice(held, 1)
      if (messages.length === 0) this.#byId.delete(attemptId)
    }
  }

  /** How many attempts are remembered, or messages of them if those are more. */
  sizeAt(now: number): number {
    return Math.max(this.#byId.sizeAt(now), this.#takersOf.sizeAt(now))
  }

  entries(now: number): Iterable<readonly [string, Attempt, number]> {
    return this.#byId.entries(now)
  }

  clear(): void {
    this.#byId.clear()
    this.#takersOf.clear()
  }

  #took(attemptId: string, { at }: Attempt, seq: number): void {
    const takers = this.#takersOf.get(String(seq), at) ?? []
    const all = takers.includes(attemptId) ? takers : [...takers, attemptId]
    this.#takersOf.set(String(seq), all, at)
  }
}
