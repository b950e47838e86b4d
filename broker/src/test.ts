/**
 * Pabal in a test: `import { startBroker } from 'pabal/test'`. In memory, with a clock that the test moves, and an
 * HTTP endpoint for the AWS SDK where one is wanted.
 *
 *     await using broker = await startBroker({ http: true })
 *     const sqs = new SQSClient({ endpoint: broker.url, … })
 *     await broker.clock.advance('31s')
 */

import { openBroker, type Storage } from './broker.ts'
import { router } from './http/routes.ts'
import { type HttpServer, serveHttp } from './http/server.ts'
import { InProcessBroker } from './in-process/in-process-broker.ts'
import { systemClock } from './runtime/clock.ts'
import { type Logger, silentLogger } from './runtime/logger.ts'
import { type ManualClock, manualClock } from './runtime/manual-clock.ts'
import { systemRandom } from './runtime/random.ts'
import { sqsHandler } from './sqs/service.ts'

export type { InProcessBroker, ManualClock }

export interface StartOptions {
  /** Where messages are kept. Default: in memory. */
  readonly storage?: 'memory'
  readonly directory?: string
  /** Several shards in memory, between which messages move as in a cluster. Default: one. */
  readonly shards?: number
  /** Also serve HTTP, on a free port of the loopback interface. Default: false. */
  readonly http?: boolean
  /** Default: one that stands at the machine's time until it is moved. */
  readonly clock?: ManualClock
  /** Enforce SQS's two 60-second waits. Default: false. */
  readonly awsWaits?: boolean
  readonly account?: string
  readonly region?: string
  readonly log?: Logger
}

/** Milliseconds that clients get to take their last answers when the broker is closed. */
const CLOSE_GRACE_MS = 500

export class TestBroker extends InProcessBroker {
  /** Moves time: `await broker.clock.advance('31s')`. */
  readonly clock: ManualClock
  readonly #server: HttpServer | undefined

  constructor(parts: {
    readonly broker: Awaited<ReturnType<typeof openBroker>>
    readonly clock: ManualClock
    readonly server: HttpServer | undefined
    readonly region: string
    readonly account: string
  }) {
    super(parts.broker, systemRandom, parts.region, parts.account)
    this.clock = parts.clock
    this.#server = parts.server
  }

  /** The endpoint for SDKs. Throws where `http` was not asked for. */
  get url(): string {
    if (this.#server === undefined) throw new Error('this broker was started without http: true')
    return `http://127.0.0.1:${this.#server.port}`
  }

  override async close(): Promise<void> {
    await Promise.all([this.#server?.close(CLOSE_GRACE_MS), super.close()])
  }
}

/** Starts a broker whose time stands still until the test moves it. */
export async function startBroker(options: StartOptions = {}): Promise<TestBroker> {
  const { account = '000000000000', region = 'us-east-1', awsWaits = false, log = silentLogger } = options
  const clock = options.clock ?? manualClock()
  const storage =
    options.directory === undefined ? inMemory(options.shards) : { directory: options.directory }
  const broker = await openBroker({ ...storage, clock, random: systemRandom, log, awsWaits })
  clock.onAdvance(() => broker.settled())
  const settings = { account, region }
  const handler = router({
    sqs: sqsHandler({ submit: broker.submit, settings, random: systemRandom, log }),
    healthy: () => broker.healthy,
    clock,
    testClock: clock,
  })
  const server =
    options.http === true
      ? await serveHttp({ handler, host: '127.0.0.1', port: 0, clock: systemClock(), log })
      : undefined
  return new TestBroker({ broker, clock, server, region, account })
}

function inMemory(shards: number | undefined): Storage {
  return shards === undefined ? { storage: 'memory' } : { storage: 'memory', shards }
}
