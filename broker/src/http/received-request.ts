/** A request as its handler sees it, for as long as its answer is awaited. */

import type { HttpRequest } from './exchange.ts'
import type { Head } from './head.ts'

export class ReceivedRequest implements HttpRequest {
  readonly head: Head
  readonly body: Buffer
  #hungUp = false
  #abort: AbortController | undefined

  constructor(head: Head, body: Buffer) {
    this.head = head
    this.body = body
  }

  get method(): string {
    return this.head.method
  }

  get target(): string {
    return this.head.target
  }

  /** Whether the client has closed its side, or all of the connection. */
  get hungUp(): boolean {
    return this.#hungUp
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#hungUp) this.#abort.abort()
    return this.#abort.signal
  }

  header(name: string): string | undefined {
    return this.head.header(name)
  }

  hangUp(): void {
    this.#hungUp = true
    this.#abort?.abort()
  }
}
