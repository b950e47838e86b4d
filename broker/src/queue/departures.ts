/**
 * Messages on their way to a queue of another shard. Each has left its queue, waits here where nobody can receive it,
 * and goes over in the order of its number; only when it has arrived is it gone. A number is the shard's next
 * sequence number, so none is ever used again, and the other shard tells a repeat by it (arrivals.ts).
 *
 *     queue ── departing ──▶ here ── departed ──▶ gone
 *       ▲                     │
 *       └────── returned ─────┘   the other shard would not have it
 */

import type { Emit } from './decide.ts'
import type { Departed, Departing, Returned } from './event.ts'
import { LINE, SEQ } from './message-table.ts'
import { countMoves } from './move-task.ts'
import type { Queue } from './queue.ts'
import type { State } from './state.ts'

/** The id of the queue that holds them in the state: no client's queue has it. */
export const DEPARTED_QUEUE_ID = 0

export interface Departure {
  readonly seq: number
  readonly number: number
  /** The name of the queue that it goes to. */
  readonly target: string
  readonly fromQueueId: number
  /** Its name, which outlives it. */
  readonly source: string
  /** A move task takes it: it arrives as a new message. Else it is a dead letter. */
  readonly redrive: boolean
}

/** Those to one queue; in the order of their numbers, but where recovery told them in another. */
interface Line {
  waiting: Map<number, Departure>
  inOrder: boolean
  last: number
}

export class Departures {
  readonly #bySeq = new Map<number, Departure>()
  readonly #lines = new Map<string, Line>()
  /** How many a move task of a queue has under way. */
  readonly #redriven = new Map<number, number>()

  get size(): number {
    return this.#bySeq.size
  }

  get(seq: number): Departure | undefined {
    return this.#bySeq.get(seq)
  }

  targets(): IterableIterator<string> {
    return this.#lines.keys()
  }

  waitingFor(target: string): number {
    return this.#lines.get(target)?.waiting.size ?? 0
  }

  /** How many a move task of this queue has under way. */
  redrivenFrom(queueId: number): number {
    return this.#redriven.get(queueId) ?? 0
  }

  /** The next ones that go to `target`, in the order of their numbers. */
  next(target: string, max: number): readonly Departure[] {
    const line = this.#lines.get(target)
    if (line === undefined) return []
    if (!line.inOrder) sort(line)
    const first: Departure[] = []
    for (const departure of line.waiting.values()) {
      if (first.length >= max) break
      first.push(departure)
    }
    return first
  }

  add(departure: Departure): void {
    const { seq, number, target } = departure
    this.#bySeq.set(seq, departure)
    this.#count(departure, 1)
    const line = this.#lines.get(target) ?? { waiting: new Map(), inOrder: true, last: 0 }
    this.#lines.set(target, line)
    line.waiting.set(number, departure)
    if (number < line.last) line.inOrder = false
    else line.last = number
  }

  remove(departure: Departure): void {
    const { seq, number, target } = departure
    this.#bySeq.delete(seq)
    this.#count(departure, -1)
    const { waiting } = this.#lines.get(target)!
    waiting.delete(number)
    if (waiting.size === 0) this.#lines.delete(target)
  }

  #count({ redrive, fromQueueId }: Departure, change: 1 | -1): void {
    if (!redrive) return
    const count = this.redrivenFrom(fromQueueId) + change
    if (count === 0) this.#redriven.delete(fromQueueId)
    else this.#redriven.set(fromQueueId, count)
  }
}

function sort(line: Line): void {
  line.waiting = new Map([...line.waiting].sort(([a], [b]) => a - b))
  line.inOrder = true
}

/** A message of `from` sets out. `taskId`: of the move task that takes it. */
export function decideDeparting(
  state: State,
  from: Queue,
  slot: number,
  target: string,
  taskId: string | undefined,
  now: number,
  emit: Emit,
): void {
  const seq = state.messages.number(slot, SEQ)
  const number = state.nextSeq
  const redrive = taskId !== undefined
  const fromQueueId = from.id
  const source = from.name
  emit({ kind: 'departing', at: now, seq, number, target, fromQueueId, source, redrive, taskId })
}

/** They have arrived: this shard has nothing more to do with them. */
export function decideDeparted(
  state: State,
  departures: readonly Departure[],
  now: number,
  emit: Emit,
): void {
  for (const { seq } of departures) {
    if (state.departures.get(seq) !== undefined) emit({ kind: 'departed', at: now, seq })
  }
}

/** They are not wanted where they were going. */
export function decideReturned(
  state: State,
  departures: readonly Departure[],
  now: number,
  emit: Emit,
): void {
  for (const { seq } of departures) {
    const departure = state.departures.get(seq)
    if (departure === undefined) continue
    const taskId = departure.redrive ? taskOf(state, departure.fromQueueId) : undefined
    emit({ kind: 'returned', at: now, seq, taskId })
  }
}

function taskOf(state: State, queueId: number): string | undefined {
  const task = state.queues.get(queueId)?.moveTasks.at(-1)
  return task?.status === 'RUNNING' ? task.taskId : undefined
}

export function evolveDeparting(state: State, event: Departing): void {
  const { seq, number, target, fromQueueId, source, redrive, taskId } = event
  if (state.nextSeq <= number) state.nextSeq = number + 1
  if (taskId !== undefined) countMoves(state.moving, taskId, 1)
  const slot = state.index.get(seq)
  // Told again by a segment that holds its record now.
  if (slot === 0 || state.departures.get(seq) !== undefined) return
  moveTo(state, slot, state.departed)
  state.departures.add({ seq, number, target, fromQueueId, source, redrive })
}

export function evolveDeparted(state: State, event: Departed): void {
  const departure = state.departures.get(event.seq)
  if (departure === undefined) return
  state.departures.remove(departure)
  state.remove(state.index.get(event.seq))
}

export function evolveReturned(state: State, event: Returned): void {
  if (event.taskId !== undefined) countMoves(state.moving, event.taskId, -1)
  const departure = state.departures.get(event.seq)
  if (departure === undefined) return
  state.departures.remove(departure)
  const slot = state.index.get(event.seq)
  const from = state.queues.get(departure.fromQueueId)
  if (from === undefined) return state.remove(slot)
  moveTo(state, slot, from)
}

function moveTo(state: State, slot: number, queue: Queue): void {
  if (state.queueOf(slot) === queue) return
  const { group } = state.lines.get(state.messages.int(slot, LINE))
  state.leave(slot)
  state.enter(queue, slot, group)
  state.beginReady(queue, slot)
}
