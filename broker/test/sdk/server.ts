/**
 * The one door to the server under test: a broker in this process with a clock that the test moves, or, where
 * PABAL_TEST_ENDPOINT names one, a server that runs already with `--test-clock` (a cluster, another build). An
 * outside server has one clock for all, so the files must then run one after the other (--test-concurrency=1).
 */

import { startBroker } from '../../src/test.ts'

export interface Server extends AsyncDisposable {
  readonly url: string
  readonly clock: VirtualClock
}

export interface VirtualClock {
  /** Moves time, runs everything that falls due on the way; resolves when that is done. `advance('31s')`. */
  advance(length: string): Promise<void>
  /** Milliseconds since 1970. */
  now(): Promise<number>
}

export interface ServerOptions {
  readonly awsWaits?: boolean
  /** Several shards in one broker; absent: one. */
  readonly shards?: number
}

const external = process.env.PABAL_TEST_ENDPOINT

export function startServer(options: ServerOptions): Promise<Server> {
  return external === undefined ? startInProcess(options) : Promise.resolve(outsideServer(external))
}

/** Always in this process: an outside server cannot be given options, nor be stopped. */
export async function startInProcess(options: ServerOptions): Promise<Server> {
  const broker = await startBroker({ storage: 'memory', http: true, ...options })
  return {
    url: broker.url,
    clock: {
      advance: async (length) => void (await broker.clock.advance(length)),
      now: async () => broker.clock.now(),
    },
    [Symbol.asyncDispose]: () => broker.close(),
  }
}

/** `POST /pabal/clock?advance=31s` moves the clock and answers `{"now": <milliseconds since 1970>}`. */
export function outsideServer(url: string): Server {
  const move = async (length: string): Promise<number> => {
    const reply = await fetch(`${url}/pabal/clock?advance=${length}`, { method: 'POST' })
    if (!reply.ok) throw new Error(`the clock of ${url} cannot be moved: ${reply.status}`)
    return ((await reply.json()) as { now: number }).now
  }
  return {
    url,
    clock: { advance: async (length) => void (await move(length)), now: () => move('0s') },
    [Symbol.asyncDispose]: async () => {},
  }
}
