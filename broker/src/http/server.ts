/**
 * An HTTP/1.1 server that does what SDKs need and nothing else, on node:net: it parses, answers in order, and
 * keeps every client within the limits of limits.ts. It knows nothing of queues; the handler does.
 *
 * One sweep a second looks for connections that have outlived their state, so a thousand idle ones cost a loop
 * over a thousand numbers, and none has a timer.
 */

import type { Socket } from 'node:net'
import type { Clock, Timer } from '../runtime/clock.ts'
import { httpDate } from '../runtime/dates.ts'
import type { Logger } from '../runtime/logger.ts'
import { encodeAnswer, refusalResponse } from './answer.ts'
import { Connection, type Surroundings } from './connection.ts'
import type { HttpHandler } from './exchange.ts'
import { HeadReader } from './head-reader.ts'
import { HTTP_LIMITS, type HttpLimits } from './limits.ts'
import { listen } from './listen.ts'
import { MemoryBudget } from './memory-budget.ts'
import { Refusal } from './refusal.ts'

export interface HttpServerOptions {
  readonly handler: HttpHandler
  /** `localhost` is both loopback addresses. */
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  /** The machine's clock, also where a test moves the broker's: clients and networks live in real time. */
  readonly clock: Clock
  readonly log: Logger
  readonly limits?: Partial<HttpLimits>
}

export interface HttpServer {
  readonly port: number
  /** Open connections. */
  readonly connections: number
  /**
   * Takes no further connection and no further request, lets the answers under way finish for up to `graceMs`
   * milliseconds, then closes what is left. Resolves when every connection is closed.
   */
  close(graceMs: number): Promise<void>
}

const FULL = new Refusal(503, 'There are too many connections: try again.')
const SECOND_MS = 1000

/** Resolves when it listens; rejects with Node's error when it cannot. */
export async function serveHttp(options: HttpServerOptions): Promise<HttpServer> {
  const { handler, host, port, clock, log } = options
  const limits = { ...HTTP_LIMITS, ...options.limits }
  const connections = new Set<Connection>()
  let closing = false
  let emptied: (() => void) | undefined
  let sweeper: Timer | undefined
  let date = ''
  let dateAt = Number.NEGATIVE_INFINITY

  const dateNow = (): string => {
    const nowAt = clock.now()
    if (nowAt - dateAt < SECOND_MS) return date
    dateAt = nowAt - (nowAt % SECOND_MS)
    date = httpDate(nowAt)
    return date
  }
  const sweep = (): void => {
    const nowAt = clock.now()
    for (const connection of connections) connection.expire(nowAt)
    sweeper = connections.size > 0 ? clock.schedule(nowAt + limits.sweepMs, sweep) : undefined
  }
  const surroundings: Surroundings = {
    handler,
    limits,
    budget: new MemoryBudget(limits.memoryBytesMax),
    headReader: new HeadReader(limits),
    now: () => clock.now(),
    date: dateNow,
    closing: () => closing,
    failed: (error) => log.error('request failed', { error }),
    closed: (connection) => {
      connections.delete(connection)
      if (connections.size === 0) emptied?.()
    },
  }
  const connected = (socket: Socket): void => {
    if (connections.size >= limits.connectionsMax) {
      turnAway(socket, dateNow())
      return
    }
    connections.add(new Connection(socket, surroundings))
    sweeper ??= clock.schedule(clock.now() + limits.sweepMs, sweep)
  }

  const listening = await listen(host, port, connected)

  const close = async (graceMs: number): Promise<void> => {
    closing = true
    for (const server of listening.servers) server.close()
    const done = new Promise<void>((resolve) => {
      emptied = resolve
    })
    for (const connection of connections) connection.finish()
    if (connections.size === 0) emptied?.()
    const grace = clock.schedule(clock.now() + graceMs, () => {
      for (const connection of connections) connection.destroy()
    })
    await done
    grace.cancel()
    sweeper?.cancel()
  }

  return {
    port: listening.port,
    get connections() {
      return connections.size
    },
    close,
  }
}

function turnAway(socket: Socket, date: string): void {
  socket.on('error', () => {})
  const options = { date, connection: 'close', headOnly: false } as const
  for (const part of encodeAnswer(refusalResponse(FULL), options)) socket.write(part)
  socket.destroySoon()
}
