/**
 * The computer that the broker runs on: a disk, a wall clock, and one process at a time. A process that has died
 * does nothing any more: its timers are gone and what it asked of the disk is never answered. Whoever waits for a
 * dead process's answer hears that the connection broke.
 */

import type { HttpHandler, HttpResponse } from '../broker/src/http/exchange.ts'
import { headBytes } from '../broker/src/queue/event-codec.ts'
import type { Logger } from '../broker/src/runtime/logger.ts'
import type { Shard } from '../broker/src/shard/shard.ts'
import { diskError, type Operation, SimDisk } from '../broker/test/support/sim-disk.ts'
import type { Dice } from './dice.ts'
import type { Exchange, Server } from './exchange.ts'
import { JournalLog } from './journal-log.ts'
import type { Oracle } from './oracle.ts'
import { Process } from './process.ts'
import type { Product } from './product.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'
import type { Verdict } from './verdict.ts'
import { REGION, toAnswer, toRequest } from './wire.ts'

export const DIRECTORY = 'data'
const RESTART_US = 50_000

/** What befalls an operation of the disk. */
export type Fate = 'well' | 'crash before' | 'crash after' | 'EIO'

export interface LogSizes {
  readonly segmentBytesMax: number
  readonly cacheBytesMax: number
  readonly reserveBytes: number
  readonly allocateBytes: number
}

export interface MachineParts {
  readonly product: Product
  readonly scheduler: Scheduler
  readonly oracle: Oracle
  readonly verdict: Verdict
  readonly trace: Trace
  readonly dice: Dice
  readonly sizes: LogSizes
}

export class Machine implements Server {
  readonly disk = new SimDisk()
  process: Process | undefined
  /** Decides what befalls the disk. */
  fate: (operation: Operation) => Fate = () => 'well'
  /** Longer waits for every operation. */
  slowness = 1
  /** Ahead of virtual time; a process begins with it. */
  aheadMs = 1_700_000_000_000
  /** Called when the broker would not start because the log is damaged: whether that was to be expected. */
  onDamage: (error: Error) => boolean = () => false
  starts = 0
  #stopping: Process | undefined
  readonly #parts: MachineParts
  readonly #dice: Dice

  constructor(parts: MachineParts) {
    this.#parts = parts
    this.#dice = parts.dice
    this.disk.before = (operation) => this.#gate(operation)
  }

  get shard(): Shard | undefined {
    return this.process?.shard
  }

  get healthy(): boolean {
    return this.process?.shard?.healthy === true
  }

  start(): void {
    const { scheduler } = this.#parts
    this.starts += 1
    const process = new Process(scheduler, this.#dice, this.aheadMs)
    this.process = process
    void this.#open(process)
  }

  /** The power goes (what was synced stays), or only the process dies (what was written stays). */
  die(how: 'crash' | 'kill'): void {
    const { trace, oracle, scheduler } = this.#parts
    trace.add(`${how} at ${scheduler.nowUs}`)
    const process = this.process
    this.process = undefined
    if (process !== undefined) {
      process.alive = false
      this.aheadMs = process.aheadMs
    }
    if (how === 'crash') this.disk.crash(this.#dice.between(0, 2 ** 31))
    else this.disk.kill()
    const pending = [...oracle.pending]
    oracle.pending.clear()
    for (const exchange of pending) if (!exchange.hungUp) exchange.done({ kind: 'lost' })
    scheduler.after(RESTART_US, () => this.#startAgain())
  }

  /** As by SIGTERM. */
  async stop(): Promise<void> {
    const process = this.process
    if (process?.shard === undefined || this.#stopping === process) return
    this.#parts.trace.add('stop')
    this.#stopping = process
    await process.shard.close()
    if (process.alive) this.die('kill')
  }

  #startAgain(): void {
    if (this.process === undefined) this.start()
  }

  async #open(process: Process): Promise<void> {
    const { product, oracle, verdict, trace, scheduler } = this.#parts
    try {
      process.shard = await product.openShard({
        openLog: () => this.#openLog(),
        clock: process.clock,
        random: this.#dice.random(),
        log: this.#logger(),
        awsWaits: oracle.awsWaits,
        endOfTurn: process.endOfTurn,
      })
      trace.add(`started at ${process.clock.now()}`)
    } catch (error) {
      trace.add(`did not start: ${String(error)}`)
      verdict.hold(this.#isExpected(error), () => `the broker does not start: ${stackOf(error)}`)
      if (process.alive) this.process = undefined
      scheduler.after(8 * RESTART_US, () => this.#startAgain())
    }
  }

  async #openLog(): Promise<JournalLog> {
    const { product, oracle, verdict, sizes } = this.#parts
    const log = await product.openFileLog({
      directory: DIRECTORY,
      disk: this.disk,
      random: this.#dice.random(),
      headBytes,
      ...sizes,
    })
    return new JournalLog(log, oracle, verdict)
  }

  now(): number {
    return this.shard?.now() ?? 0
  }

  request(exchange: Exchange): void {
    const { product, oracle, verdict, scheduler, trace } = this.#parts
    const { process } = this
    const shard = process?.shard
    if (shard === undefined) {
      scheduler.after(1000, () => exchange.done({ kind: 'lost' }))
      return
    }
    oracle.pending.add(exchange)
    const submit: Shard['submit'] = (command, signal) => {
      const full = shard.log?.full === true
      const answer = shard.submit(command, signal)
      exchange.rests = oracle.last
      exchange.moment ??= oracle.momentOf(exchange.action, shard.now(), full)
      return answer
    }
    const handler: HttpHandler = product.sqsHandler({
      submit,
      settings: { account: '000000000000', region: REGION },
      random: this.#dice.random(),
      log: this.#logger(),
    })
    const respond = (response: HttpResponse): void => {
      oracle.pending.delete(exchange)
      oracle.latest = Math.max(oracle.latest, shard.now())
      if (exchange.hungUp) return response.undelivered?.()
      const answer = toAnswer(exchange.action, exchange.wire, response)
      trace.add(`${scheduler.nowUs} ${exchange.action.kind} ${exchange.action.queue} ${response.status}`)
      exchange.done(answer)
    }
    const handled = Promise.resolve(
      handler(toRequest(exchange.action, exchange.wire, exchange.hangUp.signal)),
    )
    handled.then(respond).catch((error: unknown) => {
      verdict.hold(false, () => `a request failed: ${stackOf(error)}`)
    })
  }

  #gate(operation: Operation): Promise<void> {
    const { process } = this
    const { scheduler } = this.#parts
    return new Promise((resolve, reject) => {
      scheduler.after(this.#latencyUs(operation), () => {
        if (process?.alive !== true) return
        switch (this.fate(operation)) {
          case 'crash before':
            return this.die('crash')
          case 'crash after':
            scheduler.after(0, () => {
              if (process.alive) this.die('crash')
            })
            return resolve()
          case 'EIO':
            this.#parts.trace.add(`EIO ${operation.kind} ${operation.path}`)
            return reject(diskError('EIO', operation.path))
          case 'well':
            return resolve()
        }
      })
    })
  }

  #latencyUs({ kind }: Operation): number {
    const sync = kind === 'sync' || kind === 'syncDirectory'
    const rare = this.#dice.chance(0.01) ? 50 : 1
    return this.slowness * rare * (sync ? this.#dice.between(50, 1500) : this.#dice.between(1, 60))
  }

  #logger(): Logger {
    const { trace, verdict } = this.#parts
    const note = (event: string, fields?: Readonly<Record<string, unknown>>): void => {
      const error = fields?.['error']
      trace.add(`log: ${event} ${error === undefined ? '' : String(error)}`)
      if (error === undefined) return
      verdict.hold(this.#isExpected(error), () => `the broker says ${event}: ${stackOf(error)}`)
    }
    return { debug: note, info: note, warn: note, error: note }
  }

  /** Only what the disk did may be at the bottom of a failure. */
  #isExpected(error: unknown): boolean {
    let cause = error
    while (cause instanceof Error && cause.cause !== undefined) cause = cause.cause
    if (!(cause instanceof Error)) return false
    if (cause.name === 'LogDamage') return this.onDamage(cause)
    if (cause.name === 'Unavailable') return true
    const code = 'code' in cause ? String(cause.code) : ''
    // Not before the room that was kept back for it is used up.
    if (code === 'ENOSPC') return !this.disk.paths().includes(`${DIRECTORY}/reserve`)
    return code === 'EIO'
  }
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\n  caused by ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
