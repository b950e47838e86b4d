/**
 * What a black-box test stands on: a scene with a client of its protocol, the server's clock and queues of its own.
 * `test` writes a behaviour down, and json.test.ts and query.test.ts run all of them, each over its protocol: one text,
 * two SDKs. A test's name begins with the numbers of the behaviours it covers; coverage.test.ts reads them there.
 */

import { randomUUID } from 'node:crypto'
import { after, test as nodeTest } from 'node:test'
import type { Protocol, Sqs, Wire } from './client.ts'
import { jsonClient } from './json-client.ts'
import { queryClient } from './query-client.ts'
import { TestQueue } from './queue.ts'
import { ask, type RawRequest } from './raw.ts'
import { type Server, type ServerOptions, startInProcess, startServer, type VirtualClock } from './server.ts'

const TEST_TIMEOUT_MS = 20_000

/** A server with a client of each protocol. */
interface Stage {
  readonly server: Server
  readonly clients: Readonly<Record<Protocol, Sqs>>
}

function stageOf(server: Server): Stage {
  return { server, clients: { JSON: jsonClient(server.url), Query: queryClient(server.url) } }
}

function leave(stage: Stage): void {
  stage.clients.JSON.close()
  stage.clients.Query.close()
}

export interface QueueOptions {
  readonly name?: string
  readonly tags?: Readonly<Record<string, string>>
}

export class Scene {
  readonly protocol: Protocol
  readonly sqs: Sqs
  readonly endpoint: string
  readonly clock: VirtualClock
  readonly #clients: Stage['clients']

  constructor(protocol: Protocol, stage: Stage) {
    this.protocol = protocol
    this.endpoint = stage.server.url
    this.clock = stage.server.clock
    this.#clients = stage.clients
    this.sqs = this.#clients[protocol]
  }

  /** The client of the other protocol, for what must hold across both. */
  get other(): Sqs {
    return this.#clients[this.protocol === 'JSON' ? 'Query' : 'JSON']
  }

  advance(length: string): Promise<void> {
    return this.clock.advance(length)
  }

  async queue(attributes?: Readonly<Record<string, string>>, options: QueueOptions = {}): Promise<TestQueue> {
    const output = await this.sqs.call('CreateQueue', {
      QueueName: options.name ?? freshName(),
      ...(attributes && { Attributes: attributes }),
      ...(options.tags && { tags: options.tags }),
    })
    return new TestQueue(this.sqs, output.QueueUrl ?? '')
  }

  fifo(attributes: Readonly<Record<string, string>> = {}, options: QueueOptions = {}): Promise<TestQueue> {
    return this.queue({ FifoQueue: 'true', ...attributes }, { name: freshName('.fifo'), ...options })
  }

  /** A queue and its dead-letter queue, of one kind. */
  async deadLettering(
    maxReceiveCount: number,
    kind: 'queue' | 'fifo' = 'queue',
    attributes: Readonly<Record<string, string>> = {},
  ): Promise<{ source: TestQueue; dead: TestQueue }> {
    const dead = await this[kind]()
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await dead.arn(), maxReceiveCount })
    return { source: await this[kind]({ RedrivePolicy, ...attributes }), dead }
  }

  raw(request: RawRequest): Promise<Wire> {
    return ask(this.endpoint, request)
  }
}

/** A name no other test has. */
export function freshName(suffix = ''): string {
  return `q-${randomUUID().slice(0, 13)}${suffix}`
}

type Script = (scene: Scene) => Promise<void>

interface Behaviour {
  readonly name: string
  readonly protocols: readonly Protocol[]
  readonly script: Script
  /** It needs a server of its own, with these. */
  readonly options: ServerOptions | undefined
}

const BOTH: readonly Protocol[] = ['JSON', 'Query']
const behaviours: Behaviour[] = []

export function test(name: string, script: Script): void {
  behaviours.push({ name, protocols: BOTH, script, options: undefined })
}

export function jsonTest(name: string, script: Script): void {
  behaviours.push({ name, protocols: ['JSON'], script, options: undefined })
}

export function queryTest(name: string, script: Script): void {
  behaviours.push({ name, protocols: ['Query'], script, options: undefined })
}

export function ownServerTest(name: string, options: ServerOptions, script: Script): void {
  behaviours.push({ name, protocols: BOTH, script, options })
}

/** Runs all that were written down, one after the other on one server: they share its clock. `all`: how each is started. */
export async function runOver(protocol: Protocol, all: ServerOptions = {}): Promise<void> {
  const shared = stageOf(await startServer(all))
  after(() => {
    leave(shared)
    return shared.server[Symbol.asyncDispose]()
  })
  runBehaviours(protocol, shared, all)
}

/** As {@link runOver}, on a server that runs already, and whose end is another's business. */
export function runOn(server: Server, protocol: Protocol): void {
  const shared = stageOf(server)
  after(() => leave(shared))
  runBehaviours(protocol, shared, undefined)
}

/** `own`: how a server is started for what needs one of its own; undefined: such are left out. */
function runBehaviours(protocol: Protocol, shared: Stage, own: ServerOptions | undefined): void {
  for (const { name, protocols, script, options } of behaviours) {
    if (!protocols.includes(protocol) || (options !== undefined && own === undefined)) continue
    nodeTest(`${name} [${protocol}]`, { timeout: TEST_TIMEOUT_MS }, async () => {
      if (options === undefined) return script(new Scene(protocol, shared))
      await using server = await startInProcess({ ...own, ...options })
      await onServer(server, script, protocol)
    })
  }
}

/** A scene on any server; the server is ended by whoever started it. */
export async function onServer<T>(
  server: Server,
  script: (scene: Scene) => Promise<T>,
  protocol: Protocol = 'JSON',
): Promise<T> {
  const stage = stageOf(server)
  try {
    return await script(new Scene(protocol, stage))
  } finally {
    leave(stage)
  }
}
