/**
 * Takes messages to the shards that have their queues: for each queue one batch after the other, in the order of
 * their numbers, and the next one only when what became of the last is durable. Whatever fails is tried again; a
 * repeat is recognised over there (queue/arrivals.ts).
 */

import type { Answers, ArriveCommand, Traveller } from '../queue/command.ts'
import { type Departure, decideDeparted, decideReturned } from '../queue/departures.ts'
import { decodeMessage } from '../queue/event-codec.ts'
import { FIRST_RECEIVED, LENGTH, POSITION, RECEIVE_COUNT, SENT_AT } from '../queue/message-table.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import type { State } from '../queue/state.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { asBuffer } from './deliver.ts'
import type { Shard } from './shard.ts'

/** What a shard of several needs of the others. */
export interface Others {
  /** This shard's own number. */
  readonly number: number
  /** Whether a queue is, or may be, on another shard. */
  readonly elsewhere: (queue: string) => boolean
  /** Takes messages to their queue. A rejection means that it is not known whether they are there. */
  readonly arrive: (command: ArriveCommand) => Promise<Answers['arrive'] | Problem>
}

interface Waiting {
  readonly resolve: () => void
  readonly timer: Timer
}

const BATCH_MESSAGES_MAX = 100
const BATCH_BYTES_MAX = 4 * 1024 * 1024
const RETRY_MS = 250
const SETTLED_MS_MAX = 1000
/** A queue that refused a message of another is not asked again for so long: the message is delivered instead. */
const REFUSED_MS = 60_000

export class DepartureRunner {
  readonly #shard: Shard
  readonly #others: Others
  readonly #clock: Clock
  readonly #log: Logger
  /** Queues that something is being taken to, or that wait to be tried again. */
  readonly #running = new Map<string, Timer | undefined>()
  readonly #refusedUntil = new Map<string, number>()
  readonly #waiting = new Set<Waiting>()
  #stopped = false

  constructor(shard: Shard, others: Others, clock: Clock, log: Logger) {
    this.#shard = shard
    this.#others = others
    this.#clock = clock
    this.#log = log
  }

  /** True while a batch is on its way (not merely waiting to be tried again) and its answer would be heard. */
  get busy(): boolean {
    if (this.#stopped) return false
    for (const timer of this.#running.values()) if (timer === undefined) return true
    return false
  }

  /** Resolves when nothing is on its way any more, or when somebody should not be kept waiting for it. */
  settled(): Promise<void> {
    if (!this.busy) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#clock.schedule(this.#clock.now() + SETTLED_MS_MAX, () => this.#tell(waiting))
      const waiting = { resolve, timer }
      this.#waiting.add(waiting)
    })
  }

  #tell(waiting: Waiting): void {
    waiting.timer.cancel()
    this.#waiting.delete(waiting)
    waiting.resolve()
  }

  readonly elsewhere = (queue: string, source: string): boolean => {
    const until = this.#refusedUntil.get(pair(queue, source))
    if (until !== undefined && this.#clock.now() < until) return false
    return this.#others.elsewhere(queue)
  }

  /** Starts on every queue that is not being worked on. */
  run(state: State): void {
    if (this.#stopped) return
    for (const target of state.departures.targets()) {
      if (!this.#running.has(target)) void this.#work(state, target)
    }
  }

  /** What is on its way is sent again by whoever has the shard next. */
  stop(): void {
    this.#stopped = true
    for (const waiting of [...this.#waiting]) this.#tell(waiting)
    for (const [target, timer] of this.#running) {
      if (timer === undefined) continue
      timer.cancel()
      this.#running.delete(target)
    }
  }

  async #work(state: State, target: string): Promise<void> {
    this.#running.set(target, undefined)
    try {
      while (this.#isOurs(state) && (await this.#takeNext(state, target)));
      this.#running.delete(target)
    } catch (error) {
      this.#log.warn('departure_failed', { queue: target, error })
      this.#tryAgainLater(target)
    } finally {
      // The state may have been made anew meanwhile, and nobody could start on it.
      if (this.#shard.state !== state && this.#shard.state !== undefined) this.run(this.#shard.state)
      if (!this.busy) for (const waiting of [...this.#waiting]) this.#tell(waiting)
      this.#shard.notifyIdle()
    }
  }

  #isOurs(state: State): boolean {
    return !this.#stopped && this.#shard.state === state
  }

  /** One batch; false when there is none. */
  async #takeNext(state: State, target: string): Promise<boolean> {
    const batch = this.#batch(state, target)
    if (batch.length === 0) return false
    // That they left is durable before anybody else hears of it, and so is what became of those before them.
    await this.#shard.durable(undefined)
    const travellers = await Promise.all(batch.map((departure) => this.#traveller(state, departure)))
    if (!this.#isOurs(state)) return false
    const answer = await this.#others.arrive({
      kind: 'arrive',
      queue: target,
      from: this.#others.number,
      travellers,
    })
    if (this.#isOurs(state)) this.#conclude(batch, answer)
    return true
  }

  #batch(state: State, target: string): readonly Departure[] {
    const { messages, index } = state
    let bytes = 0
    const waiting = state.departures.next(target, BATCH_MESSAGES_MAX)
    return waiting.filter(({ seq }, place) => {
      bytes += messages.int(index.get(seq), LENGTH)
      return place === 0 || bytes <= BATCH_BYTES_MAX
    })
  }

  async #traveller(state: State, departure: Departure): Promise<Traveller> {
    const { messages } = state
    const { seq, number, source, redrive } = departure
    const slot = state.index.get(seq)
    const sentAt = messages.number(slot, SENT_AT)
    const receiveCount = messages.int(slot, RECEIVE_COUNT)
    const firstReceivedAt = sentAt + messages.other(slot, FIRST_RECEIVED)
    const record = await this.#shard.log!.readAt(messages.number(slot, POSITION), messages.int(slot, LENGTH))
    const {
      messageId = state.messageId(seq),
      priority,
      group,
      dedupId,
      content,
    } = decodeMessage(asBuffer(record))
    const fifo = source.endsWith('.fifo')
    const history = { messageId, sentAt, receiveCount, firstReceivedAt }
    return { number, fifo, source, redrive, ...history, priority, group, dedupId, content }
  }

  #conclude(batch: readonly Departure[], answer: Answers['arrive'] | Problem): void {
    const upTo = isProblem(answer) ? 0 : answer.upTo
    const arrived = batch.filter(({ number }) => number <= upTo)
    const refused = isProblem(answer) || answer.refused !== undefined ? batch[arrived.length] : undefined
    this.#shard.act((state, now, emit) => {
      decideDeparted(state, arrived, now, emit)
      if (refused === undefined) return
      this.#log.warn('departure_refused', { queue: refused.target, from: refused.source })
      this.#refusedUntil.set(pair(refused.target, refused.source), this.#clock.now() + REFUSED_MS)
      decideReturned(state, [refused], now, emit)
    })
    this.#shard.settle(this.#shard.now())
  }

  #tryAgainLater(target: string): void {
    if (this.#stopped) return void this.#running.delete(target)
    const timer = this.#clock.schedule(this.#clock.now() + RETRY_MS, () => {
      this.#running.delete(target)
      const { state } = this.#shard
      if (state !== undefined) this.run(state)
    })
    this.#running.set(target, timer)
  }
}

function pair(queue: string, source: string): string {
  return `${source}>${queue}`
}
