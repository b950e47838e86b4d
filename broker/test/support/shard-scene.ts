/**
 * A shard under test: on a scripted log in memory or on a file log on a simulated disk, with a clock that the test
 * moves. The verbs take bodies and give bodies, so that a test reads as what is done and seen.
 */

import { deepEqual, ok } from 'node:assert/strict'
import type { FileLogOptions } from '../../src/log/file-log.ts'
import type { Log } from '../../src/log/log.ts'
import { memoryStore } from '../../src/log/memory-log.ts'
import type { Answers, Command, Delivered, Outgoing } from '../../src/queue/command.ts'
import { isProblem, type Problem } from '../../src/queue/problem.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'
import type { Random } from '../../src/runtime/random.ts'
import { recover } from '../../src/shard/recovery.ts'
import { type Feeder, openShard, type Shard } from '../../src/shard/shard.ts'
import { type Dump, dump } from './dump.ts'
import { Script, scriptedLog } from './scripted-log.ts'
import type { SimDisk } from './sim-disk.ts'
import { countingRandom, openSimLog } from './sim-log.ts'
import { assertSound } from './sound.ts'

export const BEGIN_AT = 1_800_000_000_000

export interface SceneOptions {
  readonly clock?: ManualClock
  readonly openLog: () => Promise<Log>
  readonly feeder?: (shard: Shard, clock: ManualClock, log: Logger) => Feeder
}

export interface ReceiveOptions {
  readonly max?: number
  readonly wait?: number
  readonly visibility?: number
  readonly signal?: AbortSignal
}

const taskRandom: Random = countingRandom()

export class Scene implements AsyncDisposable {
  readonly clock: ManualClock
  readonly shard: Shard
  /** Events of the shard's own log. */
  readonly logged: string[]

  constructor(shard: Shard, clock: ManualClock, logged: string[]) {
    this.shard = shard
    this.clock = clock
    this.logged = logged
    clock.onAdvance(() => shard.settled())
  }

  submit<Kind extends Command['kind']>(
    command: Extract<Command, { kind: Kind }>,
    signal?: AbortSignal,
  ): Promise<Answers[Kind] | Problem> {
    return this.shard.submit<Kind>(command, signal)
  }

  async queue(name: string, attributes: Readonly<Record<string, string>> = {}): Promise<void> {
    const fifo = name.endsWith('.fifo')
    const all = fifo ? { FifoQueue: 'true', ContentBasedDeduplication: 'true', ...attributes } : attributes
    good(await this.submit({ kind: 'createQueue', name, attributes: all, tags: {} }))
  }

  async send(queue: string, body: string, options: Partial<Outgoing> = {}): Promise<void> {
    good(await this.trySend(queue, body, options))
  }

  trySend(queue: string, body: string, options: Partial<Outgoing> = {}): Promise<Answers['send'] | Problem> {
    const entry = { content: Buffer.from(body), size: body.length, contentHash: body, ...options }
    return this.submit({ kind: 'send', queue, entries: [entry], batch: false })
  }

  async receive(queue: string, options: ReceiveOptions = {}): Promise<readonly Delivered[]> {
    const { max = 10, wait = 0, visibility, signal } = options
    const command = {
      kind: 'receive',
      queue,
      max,
      waitSeconds: wait,
      ...(visibility === undefined ? {} : { visibilitySeconds: visibility }),
    } as const
    return good(await this.submit(command, signal)).messages
  }

  async receiveBodies(queue: string, options: ReceiveOptions = {}): Promise<readonly string[]> {
    return (await this.receive(queue, options)).map(bodyOf)
  }

  async delete(queue: string, messages: readonly Delivered[]): Promise<void> {
    const receipts = messages.map(({ receipt }) => receipt)
    const { results } = good(await this.submit({ kind: 'delete', queue, receipts }))
    deepEqual(
      results,
      receipts.map(() => undefined),
    )
  }

  async counts(queue: string): Promise<readonly [visible: number, inFlight: number, delayed: number]> {
    const { visible, inFlight, delayed } = good(await this.submit({ kind: 'describeQueue', queue }))
    return [visible, inFlight, delayed]
  }

  /** What a recovery would make of the log now equals what runs. */
  async assertRecoverable(options: { readonly turns: boolean }): Promise<void> {
    await this.shard.settled()
    const state = this.shard.state!
    const { state: recovered } = await recover(this.shard.log!)
    assertSound(state)
    assertSound(recovered)
    deepEqual(comparable(recovered, state.now, options), comparable(state, state.now, options))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shard.close()
  }
}

function comparable(
  state: Parameters<typeof dump>[0],
  now: number,
  options: { readonly turns: boolean },
): Dump {
  state.advance(now)
  return dump(state, options)
}

export async function openScene(options: SceneOptions): Promise<Scene> {
  const clock = options.clock ?? manualClock(BEGIN_AT)
  const logged: string[] = []
  const log = (event: string): void => {
    logged.push(event)
  }
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const { feeder } = options
  const shard = await openShard({
    openLog: options.openLog,
    clock,
    random: taskRandom,
    log: logger,
    ...(feeder === undefined ? {} : { feeder: (fed: Shard) => feeder(fed, clock, logger) }),
    endOfTurn: (run) => setImmediate(run),
    awsWaits: false,
  })
  const scene = new Scene(shard, clock, logged)
  await shard.settled()
  return scene
}

/** A shard on a log that the test commands. */
export async function scriptedScene(clock?: ManualClock): Promise<{ scene: Scene; script: Script }> {
  const script = new Script()
  const store = memoryStore()
  const openLog = async (): Promise<Log> => {
    await script.openGate
    if (script.openError !== undefined) throw script.openError
    return scriptedLog(script, store)
  }
  const scene = await openScene({ openLog, ...(clock === undefined ? {} : { clock }) })
  return { scene, script }
}

/** A shard on files on a simulated disk. */
export function fileScene(
  disk: SimDisk,
  options: Partial<FileLogOptions> = {},
  clock?: ManualClock,
): Promise<Scene> {
  return openScene({ openLog: () => openSimLog(disk, options), ...(clock === undefined ? {} : { clock }) })
}

export function bodyOf(message: Delivered): string {
  return Buffer.from(message.content).toString()
}

export function good<Answer extends object>(answer: Answer | Problem): Answer {
  ok(!isProblem(answer), JSON.stringify(answer))
  return answer
}

/** Lets everything that is under way in this process come to rest. */
export async function rest(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await new Promise((resolve) => setImmediate(resolve))
}

export interface Watched<Answer> {
  readonly promise: Promise<Answer>
  state: 'pending' | 'fulfilled' | 'rejected'
}

/** Tells whether a promise is still pending. */
export function watch<Answer>(promise: Promise<Answer>): Watched<Answer> {
  const watched: Watched<Answer> = { promise, state: 'pending' }
  promise.then(
    () => {
      watched.state = 'fulfilled'
    },
    () => {
      watched.state = 'rejected'
    },
  )
  return watched
}
