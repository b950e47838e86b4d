/** A handler whose answers the test gives by hand. */

import type { HttpHandler, HttpRequest, HttpResponse } from '../../src/http/exchange.ts'

interface Held {
  readonly request: HttpRequest
  readonly answer: (response: HttpResponse) => void
}

export class WaitingHandler {
  readonly #held: Held[] = []
  readonly #takers: ((held: Held) => void)[] = []

  readonly handler: HttpHandler = (request) =>
    new Promise((answer) => {
      const held = { request, answer }
      const taker = this.#takers.shift()
      if (taker === undefined) this.#held.push(held)
      else taker(held)
    })

  /** The next request that arrives. */
  next(): Promise<Held> {
    const held = this.#held.shift()
    return held === undefined ? new Promise((resolve) => this.#takers.push(resolve)) : Promise.resolve(held)
  }

  get waiting(): number {
    return this.#held.length
  }
}

export function text(body: string, undelivered?: () => void): HttpResponse {
  return { status: 200, contentType: 'text/plain', body, ...(undelivered && { undelivered }) }
}
