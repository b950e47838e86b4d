/**
 * One state, one log, one writer. A command is decided at once against the state in memory; its answer is held
 * until everything it rests on is durable:
 *
 *     submit ─▶ advance ─▶ decide ─▶ events ─▶ encode, append (staged), evolve
 *                                 └▶ answer ────────────────────────────────▶ released by the flush
 *
 * Commands that come while a flush runs share the next one (group commit). Also an answer without events waits for
 * what is staged or being flushed, because it may tell of it. If a flush fails, memory is ahead of the log: the
 * state is dropped, everybody who waits is told to try again, and the shard recovers from the log.
 */

import type { Log } from '../log/log.ts'
import type { Answers, Command, ReceiveCommand, Submit } from '../queue/command.ts'
import { type DecideOptions, type Decision, decide } from '../queue/decide.ts'
import type { Event } from '../queue/event.ts'
import { encodeEvent } from '../queue/event-codec.ts'
import { evolve } from '../queue/evolve.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import type { Queue } from '../queue/queue.ts'
import type { ReceiveDecision } from '../queue/receive.ts'
import { decideSegmentHead } from '../queue/relocate.ts'
import { decideExpire } from '../queue/retention.ts'
import type { State } from '../queue/state.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { EndOfTurn } from '../runtime/turn.ts'
import { deliver } from './deliver.ts'
import { DepartureRunner, type Others } from './departure-runner.ts'
import { Housekeeping } from './housekeeping.ts'
import { MoveRunner } from './move-runner.ts'
import { Reclaim } from './reclaim.ts'
import { type Recovered, recover } from './recovery.ts'
import { Unavailable } from './unavailable.ts'
import { Waiters } from './waiters.ts'

/** More than this staged and not yet durable: sends are refused until the disk has caught up. */
export const STAGED_BYTES_MAX = 64 * 1024 * 1024
/** Purged messages whose memory is given back in one turn of the event loop: about a millisecond. */
const SWEEP_PER_TURN = 1000
/** More than this being read for clients: receives are refused, and long polls wait on, until it has gone out. */
export const HANDING_OUT_BYTES_MAX = 64 * 1024 * 1024
/** Between two tries to open a log that failed. */
const REOPEN_MS = 1000

export interface ShardOptions extends DecideOptions {
  /** Opens the log, again after it failed. */
  readonly openLog: () => Promise<Log>
  /** Makes the state out of it; absent: by reading it. */
  readonly recover?: (log: Log) => Promise<Recovered>
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly endOfTurn: EndOfTurn
  /** Where there are several shards. */
  readonly others?: Others
  /** Where queues can be fed from elsewhere. */
  readonly feeder?: (shard: Shard) => Feeder
}

/** Brings messages into queues, by itself. */
export interface Feeder {
  /** Something has changed, perhaps which queues are to be fed. */
  look(state: State): void
  /** Resolves when nothing is brought any more. */
  stop(): Promise<void>
}

/** Somebody who is told when what was appended before is durable. */
interface Waiting {
  readonly release: () => void
  readonly fail: (error: Error) => void
}

/** Opens the log and recovers its state. Rejects with the log's own error where it cannot be opened or read. */
export async function openShard(options: ShardOptions): Promise<Shard> {
  const shard = new Shard(options)
  await shard.open()
  return shard
}

export class Shard {
  readonly #options: ShardOptions
  readonly #clock: Clock
  readonly #waiters: Waiters
  readonly #moves: MoveRunner
  readonly #reclaim: Reclaim
  readonly #departures: DepartureRunner | undefined
  readonly #feeder: Feeder | undefined
  #log: Log | undefined
  #state: State | undefined
  /** Added to the clock, which may be behind the log's last event (it was set back while nothing ran). */
  #clockAheadMs = 0
  #newestStart = 0
  /** The next event is the first of its command. */
  #first = true
  /** Wait for the flush that is running, and for the next one. */
  #flushing: Waiting[] | undefined
  #next: Waiting[] = []
  #staged = false
  #sweeping = false
  #flushDue = false
  /** Bytes of messages that were taken and are not with whoever asked, and whose long polls wait for that. */
  #handingOutBytes = 0
  readonly #held = new Set<Queue>()
  #deadline: { readonly at: number; readonly timer: Timer } | undefined
  readonly #housekeeping: Housekeeping
  /** After a failure: the try to open the log again, and the timer for the next one. */
  #reopening: Promise<void> = Promise.resolve()
  #reopenedAt = Number.NEGATIVE_INFINITY
  #retry: Timer | undefined
  #closed: Promise<void> | undefined
  /** Wait until it is {@link idle}. */
  #untilIdle: (() => void)[] = []

  constructor(options: ShardOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#waiters = new Waiters(options.clock)
    this.#moves = new MoveRunner(this, options.clock, options.log)
    this.#reclaim = new Reclaim(this, options.log)
    this.#housekeeping = new Housekeeping(options.clock, () => this.#keepHouse())
    const { others, clock, log } = options
    this.#departures = others === undefined ? undefined : new DepartureRunner(this, others, clock, log)
    this.#feeder = options.feeder?.(this)
  }

  /** False while the log is being opened again after a failure, and once the shard closes. */
  get healthy(): boolean {
    return this.#state !== undefined && !this.#closing
  }

  get #closing(): boolean {
    return this.#closed !== undefined
  }

  /** Long polls that wait. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** The state for whoever only looks; undefined while there is none. */
  get state(): State | undefined {
    return this.#state
  }

  get log(): Log | undefined {
    return this.#log
  }

  now(): number {
    return this.#clock.now() + this.#clockAheadMs
  }

  /** An instant of this shard's time on the clock that timers are set by. */
  clockAt(at: number): number {
    return at - this.#clockAheadMs
  }

  readonly submit: Submit = (command, signal) => this.#submit(command, signal) as Promise<never>

  /** Opens the log and makes the state out of it. */
  async open(): Promise<void> {
    const log = await this.#options.openLog()
    try {
      const { state, closedAt } = await (this.#options.recover ?? recover)(log)
      this.#log = log
      this.#state = state
      state.elsewhere = this.#departures?.elsewhere
      this.#clockAheadMs = Math.max(0, state.now - this.#clock.now())
      this.#newestStart = log.newestStart
      this.#reclaim.begin(closedAt)
      if (!state.opened) this.#beginLog(state)
      // A segment without a record yet: a crash came before its first, or opening found the last one full.
      else if (log.newestStart === log.end) this.act(decideSegmentHead)
    } catch (error) {
      this.#log = undefined
      this.#state = undefined
      await log.close()
      throw error
    }
    this.#housekeeping.begin()
    this.settle(this.now())
  }

  /** Answers long polls with nothing, makes everything durable, and closes the log. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#waiters.endAll()
    this.#moves.stop()
    this.#departures?.stop()
    this.#reclaim.stop()
    await this.#feeder?.stop()
    this.#retry?.cancel()
    await this.#reopening
    this.#housekeeping.stop()
    this.#deadline?.timer.cancel()
    await this.settled()
    await this.#log?.close()
  }

  /** Resolves when nothing is staged, being flushed or under way: a moved clock waits for it. */
  async settled(): Promise<void> {
    while (!this.idle) {
      await new Promise<void>((resolve) => this.#untilIdle.push(resolve))
    }
  }

  /** True when nothing is staged, being flushed or under way. */
  get idle(): boolean {
    if (this.#staged || this.#flushing !== undefined) return false
    return !(this.#moves.busy || this.#reclaim.busy || this.#departures?.busy === true)
  }

  /** Resolves when what goes to other shards is there; at once where nothing does, and after a second where it is not. */
  departuresSettled(): Promise<void> {
    const departures = this.#departures
    if (departures === undefined || this.#state === undefined || this.#state.departures.size === 0)
      return Promise.resolve()
    return departures.settled()
  }

  /** Tells whoever waits in {@link settled} to look again. */
  notifyIdle(): void {
    const waiting = this.#untilIdle
    this.#untilIdle = []
    for (const resolve of waiting) resolve()
  }

  /**
   * Carries out something that is not a client's command: `run` decides and emits. What follows from it (long
   * polls, timers) is the caller's to {@link settle}. A failure drops the state, as that of a command does: the
   * caller sees it by that.
   */
  act(run: (state: State, now: number, emit: (event: Event) => void) => void): void {
    const state = this.#state
    if (state === undefined) return
    const now = this.now()
    try {
      state.advance(now)
      this.#first = true
      run(state, now, this.#emit)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** After the state has changed: serves long polls, and sets the timers that the new state asks for. */
  settle(now: number): void {
    const state = this.#state
    if (state === undefined) return
    try {
      this.#serveWaiters(state, now)
      this.#watchDeadline(state)
      if (state.moving.size > 0) this.#moves.run(state)
      if (state.departures.size > 0) this.#departures?.run(state)
      this.#feeder?.look(state)
      if (state.hasGone) this.#sweepLater(state)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** Resolves with `answer` when everything that was appended so far is durable. */
  durable<Answer>(answer: Answer): Promise<Answer> {
    const waiting = this.#staged ? this.#next : this.#flushing
    if (waiting === undefined) return Promise.resolve(answer)
    return new Promise((resolve, fail) => {
      waiting.push({ release: () => resolve(answer), fail })
    })
  }

  #submit(command: Command, signal: AbortSignal | undefined): Promise<Answers[keyof Answers] | Problem> {
    const refused = this.#refusal(command)
    if (refused !== undefined) return Promise.reject(refused)
    // Nobody is there to take a message: none is taken.
    if (command.kind === 'receive' && signal?.aborted === true) return this.durable({ messages: [] })
    const now = this.now()
    try {
      const decision = this.#decide(command, now)
      const answer =
        command.kind === 'receive' && !isProblem(decision)
          ? this.#receive(command, decision as ReceiveDecision, now, signal)
          : this.durable(decision as Answers[keyof Answers] | Problem)
      this.settle(now)
      return answer
    } catch (error) {
      // A mistake of ours: the state cannot be trusted any more, the log can.
      this.#fail(error)
      return Promise.reject(new Unavailable('The broker failed; whether this was done is not known.', error))
    }
  }

  #refusal(command: Command): Error | undefined {
    if (this.#closing) return new Unavailable('The broker is stopping.')
    if (this.#log === undefined) return new Unavailable('The log is being recovered.')
    if (command.kind === 'receive' && this.#handingOutBytes > HANDING_OUT_BYTES_MAX)
      return new Unavailable('Too many large messages are being received at once: try again.')
    if (command.kind !== 'send') return undefined
    if (this.#log.full)
      return new Unavailable('The disk is full: sends are refused until there is space again.')
    if (this.#log.stagedBytes <= STAGED_BYTES_MAX) return undefined
    return new Unavailable('The disk is too slow for what is being sent.')
  }

  #decide(command: Command, now: number): Decision {
    const state = this.#state!
    state.advance(now)
    this.#first = true
    return decide(state, command, now, this.#options, this.#emit)
  }

  readonly #emit = (event: Event): void => {
    const log = this.#log!
    const { head, content } = encodeEvent(event, this.#first)
    this.#first = false
    const position = log.append(head, content)
    evolve(this.#state!, event, position, head.length + (content?.length ?? 0))
    if (this.#staged) return
    this.#staged = true
    this.#scheduleFlush()
  }

  #beginLog(state: State): void {
    state.salt = new Int32Array(this.#options.random.bytes(16).slice().buffer)
    this.#first = true
    decideSegmentHead(state, this.now(), this.#emit)
  }

  #segmentBegan(start: number): void {
    this.#state!.space.begin(start)
    this.#reclaim.closed(this.#newestStart, this.#state!.now)
    this.#newestStart = start
    this.#housekeeping.segmentClosed()
  }

  #scheduleFlush(): void {
    if (this.#flushDue || this.#flushing !== undefined) return
    this.#flushDue = true
    this.#options.endOfTurn(() => {
      this.#flushDue = false
      void this.#flush()
    })
  }

  async #flush(): Promise<void> {
    const log = this.#log
    if (log === undefined || !this.#staged) return this.notifyIdle()
    const waiting = this.#next
    this.#next = []
    this.#flushing = waiting
    this.#staged = false
    try {
      const flushed = log.flush()
      // The flush may have begun a new segment, which must begin with what every segment begins with.
      if (log.newestStart !== this.#newestStart) this.#beginSegment()
      await flushed
    } catch (error) {
      if (this.#log === log) this.#fail(error)
      return
    }
    // A command may have failed while this flush ran.
    if (this.#log !== log) return
    this.#flushing = undefined
    // What gathered meanwhile goes to the disk before the answers go out: the disk works beside the processor.
    if (this.#staged) void this.#flush()
    for (const { release } of waiting) release()
    this.#reclaim.consider()
    if (!this.#staged && this.#flushing === undefined) this.notifyIdle()
  }

  #beginSegment(): void {
    this.#segmentBegan(this.#log!.newestStart)
    this.#first = true
    decideSegmentHead(this.#state!, this.#state!.now, this.#emit)
  }

  /** The log failed: nothing that waits is known to be durable, and the state may be ahead of the log. */
  #fail(error: unknown): void {
    // Once is enough: whoever comes upon the same failure later finds nothing to drop.
    if (this.#log === undefined) return
    this.#options.log.error('log_failed', { error })
    const failure = new Unavailable('Storage failed; whether this was done is not known.', error)
    const waiting = [...(this.#flushing ?? []), ...this.#next]
    const log = this.#log
    this.#flushing = undefined
    this.#next = []
    this.#staged = false
    this.#log = undefined
    this.#state = undefined
    this.#held.clear()
    this.#waiters.endAll()
    for (const { fail } of waiting) fail(failure)
    this.notifyIdle()
    this.#reopening = this.#reopen(log)
  }

  /** At once; but a log that fails again as soon as it is open (a disk full to the last byte) is given time. */
  async #reopen(failed: Log | undefined): Promise<void> {
    try {
      await failed?.close()
      if (this.#closing) return
      if (this.#clock.now() < this.#reopenedAt + REOPEN_MS)
        return this.#reopenAt(this.#reopenedAt + REOPEN_MS)
      await this.open()
      this.#reopenedAt = this.#clock.now()
      this.#options.log.info('log_recovered')
    } catch (error) {
      this.#options.log.error('log_recovery_failed', { error })
      if (!this.#closing) this.#reopenAt(this.#clock.now() + REOPEN_MS)
    }
  }

  #reopenAt(at: number): void {
    this.#retry = this.#clock.schedule(at, () => {
      this.#reopening = this.#reopen(undefined)
    })
  }

  #receive(
    command: ReceiveCommand,
    decision: ReceiveDecision,
    now: number,
    signal: AbortSignal | undefined,
  ): Promise<Answers['receive'] | Problem> {
    if (decision.taken.length > 0) return this.#handOut(decision)
    if (decision.more) return this.#receiveMore(command, signal)
    if (decision.waitMs === 0 || signal?.aborted === true) return this.durable({ messages: [] })
    return new Promise((resolve, reject) => {
      const waiter = {
        command,
        giveUp: () => resolve(this.durable({ messages: [] })),
        serve: (served: ReceiveDecision | Problem) =>
          (isProblem(served) ? this.durable(served) : this.#handOut(served)).then(resolve, reject),
      }
      this.#waiters.add(waiter, this.clockAt(now + decision.waitMs), signal)
    })
  }

  /** So many exhausted messages lay in front that the search ended: it goes on in a new turn, for others' sake. */
  #receiveMore(
    command: ReceiveCommand,
    signal: AbortSignal | undefined,
  ): Promise<Answers['receive'] | Problem> {
    return new Promise((resolve) => {
      this.#options.endOfTurn(() => resolve(this.submit(command, signal)))
    })
  }

  async #handOut(decision: ReceiveDecision): Promise<Answers['receive']> {
    const bytes = decision.taken.reduce((sum, { length }) => sum + length, 0)
    this.#handingOutBytes += bytes
    try {
      const reading = deliver(this.#log!, decision.taken, (seq, error) =>
        this.#options.log.error('message_unreadable', { seq, error }),
      )
      const [messages] = await Promise.all([reading, this.durable(undefined)])
      return { messages }
    } catch (error) {
      if (error instanceof Unavailable) throw error
      throw new Unavailable('What was received cannot be read; it comes again.', error)
    } finally {
      this.#handedOut(bytes)
    }
  }

  #handedOut(bytes: number): void {
    this.#handingOutBytes -= bytes
    if (this.#held.size === 0 || this.#handingOutBytes > HANDING_OUT_BYTES_MAX) return
    for (const queue of this.#held) this.#state?.wake(queue)
    this.#held.clear()
    this.settle(this.now())
  }

  /** Queues that may have something new: their long polls, in the order in which they came. */
  #serveWaiters(state: State, now: number): void {
    for (let queue = state.woken.pop(); queue !== undefined; queue = state.woken.pop()) {
      queue.woken = false
      for (let waiter = this.#waiters.first(queue.name); waiter !== undefined; ) {
        if (this.#handingOutBytes > HANDING_OUT_BYTES_MAX) {
          this.#held.add(queue)
          break
        }
        const decision = this.#decide(waiter.command, now) as ReceiveDecision | Problem
        if (!isProblem(decision) && decision.taken.length === 0) {
          if (decision.more) this.#wakeLater(state, queue)
          break
        }
        this.#waiters.shift(queue.name)
        waiter.serve(decision)
        waiter = this.#waiters.first(queue.name)
      }
    }
  }

  /** What a large purge left behind goes a little in every turn. */
  #sweepLater(state: State): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#options.endOfTurn(() => {
      this.#sweeping = false
      if (this.#state !== state) return
      state.sweep(SWEEP_PER_TURN)
      if (state.hasGone) this.#sweepLater(state)
    })
  }

  #wakeLater(state: State, queue: Queue): void {
    this.#options.endOfTurn(() => {
      if (this.#state !== state) return
      state.wake(queue)
      this.settle(this.now())
    })
  }

  /** Long polls wake when a delay or a lease ends; without any, time is caught up with at the next command. */
  #watchDeadline(state: State): void {
    if (this.#waiters.size === 0) return
    const due = state.nextDeadline()
    if (due === undefined || (this.#deadline !== undefined && this.#deadline.at <= due)) return
    this.#deadline?.timer.cancel()
    const timer = this.#clock.schedule(this.clockAt(due), () => {
      this.#deadline = undefined
      this.act(() => {})
      this.settle(this.now())
    })
    this.#deadline = { at: due, timer }
  }

  async #keepHouse(): Promise<{ readonly full: boolean }> {
    const log = this.#log
    try {
      this.act((state, now, emit) => {
        for (const queue of state.queues.values()) decideExpire(state, queue, now, emit)
      })
      this.settle(this.now())
      this.#reclaim.consider()
      await log?.maintain((segment) => this.#reclaim.stays(segment))
    } catch (error) {
      this.#options.log.error('housekeeping_failed', { error })
    }
    return { full: this.#log?.full === true }
  }
}
