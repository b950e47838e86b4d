/**
 * A port in front of several brokers: every request goes to a random one of them, whichever queue it is about, and the
 * clock is moved in all of them. So a suite that knows one endpoint is run against a cluster.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export class Front implements AsyncDisposable {
  readonly #server: Server
  readonly #brokers: readonly string[]
  /** How many requests each broker got. */
  readonly counts: number[]

  constructor(brokers: readonly string[]) {
    this.#brokers = brokers
    this.counts = brokers.map(() => 0)
    this.#server = createServer((incoming, response) => void this.#answer(incoming, response))
    // A client that tries once must not meet a connection that is being closed because it was idle, here or behind.
    this.#server.keepAliveTimeout = 0
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    await this.#alignClocks()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Each broker began when it was started: all are moved to the latest. */
  async #alignClocks(): Promise<void> {
    const nows = await Promise.all(this.#brokers.map((url) => moveClock(url, '0s')))
    const latest = Math.max(...nows)
    await Promise.all(this.#brokers.map((url, index) => moveClock(url, `${latest - nows[index]!}ms`)))
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const advance = /^\/pabal\/clock\?advance=(.*)$/.exec(incoming.url ?? '')?.[1]
    if (advance !== undefined) {
      const nows = await Promise.all(this.#brokers.map((url) => moveClock(url, advance)))
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ now: nows[0] }))
      return
    }
    const broker = Math.floor(Math.random() * this.#brokers.length)
    this.counts[broker]! += 1
    await forward(this.#brokers[broker]!, incoming, response)
  }
}

async function moveClock(url: string, advance: string): Promise<number> {
  const reply = await fetch(`${url}/pabal/clock?advance=${advance}`, { method: 'POST' })
  if (!reply.ok) throw new Error(`the clock of ${url} cannot be moved: ${reply.status}`)
  return ((await reply.json()) as { now: number }).now
}

/** As it came, so that also what is malformed is seen by a broker; a client that leaves is seen to leave. */
async function forward(broker: string, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await buffer(incoming)
  const { method, url, rawHeaders } = incoming
  const outgoing = request(broker, {
    method: method ?? 'GET',
    path: url ?? '/',
    headers: rawHeaders,
    setHost: false,
    agent: false,
  })
  response.on('close', () => outgoing.destroy())
  outgoing.on('error', () => response.destroy())
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.rawHeaders)
    answer.pipe(response)
  })
  outgoing.end(body)
}
