/** Carries out move tasks: one message after the other, as fast as each task's rate allows. */

import { decodeMessage } from '../queue/event-codec.ts'
import type { Queue } from '../queue/queue.ts'
import { decideMove, decideTaskOver, nextMove } from '../queue/redrive.ts'
import type { State } from '../queue/state.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { asBuffer } from './deliver.ts'
import type { Shard } from './shard.ts'

/** A task waits for the log after this many moves, so that it cannot outrun the disk. */
const MOVES_PER_FLUSH = 100
/** The FailureReason of a task that came upon a message that it cannot read. */
const UNREADABLE = 'A message of the source queue cannot be read.'

export class MoveRunner {
  readonly #shard: Shard
  readonly #clock: Clock
  readonly #log: Logger
  /** Queues whose task is being worked on or waits for its time. */
  readonly #running = new Map<Queue, Timer | undefined>()
  #stopped = false

  constructor(shard: Shard, clock: Clock, log: Logger) {
    this.#shard = shard
    this.#clock = clock
    this.#log = log
  }

  /** True while a task is at work (not merely waiting for its rate). */
  get busy(): boolean {
    for (const timer of this.#running.values()) if (timer === undefined) return true
    return false
  }

  /** Starts on every task that is not being worked on. */
  run(state: State): void {
    if (this.#stopped) return
    for (const queue of state.moving) if (!this.#running.has(queue)) void this.#work(state, queue)
  }

  stop(): void {
    this.#stopped = true
    for (const [queue, timer] of this.#running) {
      if (timer === undefined) continue
      timer.cancel()
      this.#running.delete(queue)
    }
  }

  async #work(state: State, queue: Queue): Promise<void> {
    this.#running.set(queue, undefined)
    try {
      for (let moves = 1; !this.#stopped && this.#shard.state === state; moves += 1) {
        if (!(await this.#step(state, queue))) return
        if (moves % MOVES_PER_FLUSH === 0) await this.#shard.durable(undefined)
      }
    } catch (error) {
      // Where the log failed the shard has reported it, and the task goes on after recovery.
      if (this.#shard.state === state) this.#giveUp(queue, error)
    } finally {
      if (this.#running.get(queue) === undefined) this.#running.delete(queue)
      this.#shard.notifyIdle()
    }
  }

  /** One message; false when the task has to wait or is over. */
  async #step(state: State, queue: Queue): Promise<boolean> {
    const next = nextMove(state, queue, this.#shard.now())
    switch (next.kind) {
      case 'idle':
        return false
      case 'over':
        this.#shard.act((_, now, emit) => decideTaskOver(queue, next.status, next.failureReason, now, emit))
        return false
      case 'wait':
        this.#wait(state, queue, next.at)
        return false
      case 'move': {
        const record = await this.#shard.log!.readAt(next.position, next.length)
        const message = decodeMessage(asBuffer(record))
        if (this.#shard.state !== state) return false
        this.#shard.act((_, now, emit) => decideMove(state, queue, next.seq, message, now, emit))
        this.#shard.settle(this.#shard.now())
        return true
      }
    }
  }

  /** A message cannot be read. The task ends and says so; what it has not moved stays where it is. */
  #giveUp(queue: Queue, error: unknown): void {
    this.#log.error('message_unreadable', { queue: queue.name, error })
    this.#shard.act((_, now, emit) => decideTaskOver(queue, 'FAILED', UNREADABLE, now, emit))
  }

  #wait(state: State, queue: Queue, at: number): void {
    const timer = this.#clock.schedule(this.#shard.clockAt(at), () => {
      this.#running.delete(queue)
      void this.#work(state, queue)
    })
    this.#running.set(queue, timer)
  }
}
