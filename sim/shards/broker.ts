/**
 * A broker of several shards: the real shards on the real logs, each on a modelled partition, the real standbys that
 * read along what others write, and messages that leave for shards of others. It holds what it is told to, and lets go
 * of what it finds to be another's.
 */

import { crc32c } from '@platformatic/kafka'
import type { Log } from '../../broker/src/log/log.ts'
import type { ArriveCommand, Command } from '../../broker/src/queue/command.ts'
import { DEDUPLICATION_MS } from '../../broker/src/queue/limits.ts'
import type { State } from '../../broker/src/queue/state.ts'
import type { Logger } from '../../broker/src/runtime/logger.ts'
import type { FollowedLogs } from '../../broker/src/shard/followed-logs.ts'
import type { Recovered } from '../../broker/src/shard/recovery.ts'
import type { Shard } from '../../broker/src/shard/shard.ts'
import { Unavailable } from '../../broker/src/shard/unavailable.ts'
import { dump } from '../../broker/test/support/dump.ts'
import type { Dice } from '../dice.ts'
import type { ModelledKafka } from '../kafka/modelled-kafka.ts'
import { Process } from '../process.ts'
import type { Product } from '../product.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'
import type { Verdict } from '../verdict.ts'
import { difference } from '../views.ts'
import type { Journal } from './journal.ts'
import { homeOf, SHARDS } from './layout.ts'
import type { ArriveAnswer } from './network.ts'

export const BEGIN_MS = 1_700_000_000_000
export const SKEW_MS = 1000
const EXPECTED = new Set(['NoAnswer', 'Overtaken', 'NotMine', 'OutOfRange', 'Unavailable', 'ConnectionLost'])

export interface BrokerParts {
  readonly product: Product
  readonly partitions: readonly ModelledKafka[]
  readonly journals: readonly Journal[]
  readonly arrive: (process: Process, command: ArriveCommand) => Promise<ArriveAnswer>
  readonly verdict: Verdict
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly dice: Dice
  readonly segmentBytesMax: number
}

export class Broker {
  readonly name: string
  process: Process | undefined
  starts = 0
  /** Shards that were taken over when they had been read along. */
  warm = 0
  readonly #parts: BrokerParts
  #logs: FollowedLogs | undefined
  /** Shards that it holds; undefined while they are being opened. */
  #held = new Map<number, Shard | undefined>()

  constructor(name: string, parts: BrokerParts) {
    this.name = name
    this.#parts = parts
  }

  start(): void {
    const { product, partitions, scheduler, dice, segmentBytesMax } = this.#parts
    const process = new Process(scheduler, dice, BEGIN_MS + dice.between(-SKEW_MS, SKEW_MS))
    this.starts += 1
    this.#say('starts')
    this.process = process
    this.#held = new Map()
    this.#logs = new product.FollowedLogs({
      partition: (shard) => partitions[shard]!.view(process),
      claimant: { node: this.name, address: `${this.name}:1` },
      crc32c,
      segmentBytesMax,
      clock: process.clock,
      log: this.#logger(),
    })
  }

  kill(): void {
    if (this.process === undefined) return
    this.#say('is killed')
    this.process.alive = false
    this.process = undefined
    this.#held = new Map()
  }

  /** Reads these along from now on, and no others. */
  standBy(shards: readonly number[]): void {
    this.process?.reach(() => this.#logs!.standBy(shards.filter((shard) => !this.#held.has(shard))))
  }

  holds(shard: number): boolean {
    return this.#held.has(shard)
  }

  /** A shard that it believes to hold. */
  shard(number: number): Shard | undefined {
    return this.process === undefined ? undefined : this.#held.get(number)
  }

  /** It is told that a shard is its own now. */
  take(number: number): void {
    const { process } = this
    process?.reach(() => {
      if (this.#held.has(number)) return
      this.#held.set(number, undefined)
      void this.#open(process, number)
    })
  }

  /** Asks a shard that it holds, as a cluster's broker does. Never resolves where it dies. */
  ask(number: number, command: Command): Promise<unknown> {
    const { process } = this
    return new Promise((resolve, reject) => {
      process?.reach(() => {
        this.#enter(number, command).then(
          (answer) => process.reach(() => resolve(answer)),
          (error: unknown) => process.reach(() => reject(error as Error)),
        )
      })
    })
  }

  async #enter(number: number, command: Command): Promise<unknown> {
    const { product, journals } = this.#parts
    const shard = this.#held.get(number)
    if (shard?.healthy !== true) throw new Unavailable('The shard is not here.')
    const { answer, proven } = await product.enterShard(shard, command as never, undefined)
    // Where there are no beats: whoever has missed something is not sure.
    if (!proven && journals[number]!.last >= (shard.log?.end ?? 0))
      throw new Unavailable('Whose the shard is, is not sure.')
    return answer
  }

  async #open(process: Process, number: number): Promise<void> {
    const { product, dice } = this.#parts
    const log = this.#logger()
    let tries = 0
    try {
      const shard = await product.openShard({
        openLog: () => this.#openLog(number, tries++),
        recover: (opened) => this.#recover(number, opened),
        clock: process.clock,
        random: dice.random(),
        endOfTurn: process.endOfTurn,
        log,
        awsWaits: false,
        others: {
          number,
          elsewhere: (queue) => homeOf(queue) !== number,
          arrive: (command) => this.#parts.arrive(process, command),
        },
      })
      process.reach(() => this.#held.set(number, shard))
    } catch (error) {
      log.warn('shard_not_opened', { error })
      process.reach(() => this.#held.delete(number))
    }
  }

  /** The first time whoever has it; after that it is left to who has claimed it since. */
  async #openLog(number: number, tries: number): Promise<Log> {
    const { journals } = this.#parts
    const logs = this.#logs!
    if (tries > 0 && journals[number]!.claimant !== this.name) {
      this.#letGo(number)
      throw new NotMine(number)
    }
    if (logs.following.includes(number)) this.warm += 1
    const log = await logs.openLog(number)
    this.#say(`has shard ${number}`)
    return log
  }

  #letGo(number: number): void {
    const shard = this.#held.get(number)
    this.#held.delete(number)
    this.#say(`lets go of shard ${number}`)
    void shard?.close()
  }

  /** What was read along, or is read now, is what counts up to the claim. */
  async #recover(number: number, log: Log): Promise<Recovered> {
    const { journals, verdict } = this.#parts
    const recovered = await this.#logs!.recover(log)
    const truth = journals[number]!.stateAt(log.end)
    const latest = BEGIN_MS + this.#parts.scheduler.nowMs + SKEW_MS
    const names = [this.name, 'truth'] as const
    const wrong = difference(linesOf(recovered.state, latest), linesOf(truth, latest), names)
    verdict.hold(wrong === undefined, () => `shard ${number} is not recovered as it counts.\n  ${wrong}`)
    return recovered
  }

  /** Every shard that it holds, and what it has of it. */
  *open(): Generator<readonly [number, Shard]> {
    if (this.process === undefined) return
    for (const number of SHARDS) {
      const shard = this.#held.get(number)
      if (shard !== undefined) yield [number, shard]
    }
  }

  #say(what: string): void {
    this.#parts.trace.add(`${this.#parts.scheduler.nowUs} ${this.name} ${what}`)
  }

  #logger(): Logger {
    const { verdict } = this.#parts
    const note = (event: string, fields?: Readonly<Record<string, unknown>>): void => {
      const error = fields?.['error']
      this.#say(`: ${event} ${error === undefined ? '' : String(error)}`)
      verdict.hold(
        error === undefined || isExpected(error),
        () => `${this.name} says ${event}: ${stackOf(error)}`,
      )
    }
    return { debug: note, info: note, warn: note, error: note }
  }
}

/** Everything that a state says, each thing in a line of its own, but what is over by any clock. */
export function linesOf(state: State, latest: number): readonly string[] {
  const { queues, ...rest } = dump(state, { turns: false })
  const all = (queues as readonly DumpedQueue[]).map(({ dedup, ...queue }) => ({
    ...queue,
    dedup: dedup.filter(([, , at]) => at + DEDUPLICATION_MS > latest),
  }))
  return [rest, ...all].flatMap((part, index) =>
    Object.entries(part).map(([name, value]) => `${index} ${name} ${JSON.stringify(value)}`),
  )
}

interface DumpedQueue {
  readonly dedup: readonly (readonly [string, number, number])[]
}

/** Somebody has claimed the shard since. */
class NotMine extends Error {
  constructor(shard: number) {
    super(`shard ${shard} is another's`)
    this.name = 'NotMine'
  }
}

function isExpected(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (EXPECTED.has(cause.name)) return true
  }
  return false
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
