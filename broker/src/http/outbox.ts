/**
 * What is written to one client, and what the client has not taken yet. Unsent bytes count in the server's budget,
 * and answers among them that took something are remembered, to be given back if they are never read.
 */

import type { Socket } from 'node:net'
import type { MemoryBudget } from './memory-budget.ts'

export class Outbox {
  readonly #socket: Socket
  readonly #budget: MemoryBudget
  #corked = false
  #unsentBytes = 0
  #unread: (() => void)[] = []

  constructor(socket: Socket, budget: MemoryBudget) {
    this.#socket = socket
    this.#budget = budget
  }

  /** The client reads more slowly than it is answered. */
  get behind(): boolean {
    return this.#unsentBytes > 0
  }

  /** `more`: another answer may follow in this turn, and leaves in the same packet. A string is ASCII. */
  write(parts: readonly (string | Uint8Array)[], more: boolean, undelivered?: () => void): void {
    if (!this.#corked && (parts.length > 1 || more)) this.#cork()
    let room = true
    for (const part of parts)
      room = typeof part === 'string' ? this.#socket.write(part, 'latin1') : this.#socket.write(part)
    if (!room) this.#hold(this.#socket.writableLength)
    if (this.behind && undelivered !== undefined) this.#unread.push(undelivered)
  }

  /** The client has taken everything. */
  drained(): void {
    this.#hold(0)
    this.#unread = []
  }

  /** The connection is gone, and with it what was not taken. */
  lost(): void {
    this.#hold(0)
    for (const undelivered of this.#unread.splice(0)) undelivered()
  }

  #cork(): void {
    this.#corked = true
    this.#socket.cork()
    process.nextTick(() => {
      this.#corked = false
      this.#socket.uncork()
    })
  }

  #hold(bytes: number): void {
    this.#budget.force(bytes - this.#unsentBytes)
    this.#unsentBytes = bytes
  }
}
