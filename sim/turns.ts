/**
 * Whose turn it is on a standard queue, seen from outside: what was delivered since the log was opened (a restart
 * may forget it), and what lay ready meanwhile. Messages of one priority and one tenant are a line; messages without
 * a tenant are one as well. Knows nothing of tickets, by which the broker finds the same.
 */

import type { Message, Model, Queue } from './model.ts'

/** Every tenth delivery is for whoever has waited longest, whatever its priority. */
const GUARD_PERIOD = 10

export class Turns {
  /** How many events there had been when the log was opened. */
  readonly #since: number
  /** By line: how many events there had been when it was served last. */
  readonly #servedAt = new Map<string, number>()
  readonly #deliveries = new Map<number, number>()
  /** By queue: the delivery that last went to a lower priority while a higher one was ready. */
  readonly #guarded = new Map<number, number>()
  /** By queue and priority: how many deliveries in a row went to higher ones that had waited less. */
  readonly #passed = new Map<string, number>()

  constructor(since: number) {
    this.#since = since
  }

  isFirstOfItsLine(model: Model, message: Message): boolean {
    return headsOf(model, message.queue).includes(message)
  }

  /** It has the highest priority of all that are ready, or this may be the tenth delivery and it is the oldest. */
  isFirstByPriority(model: Model, message: Message): boolean {
    const newest = newestHeads(model, message.queue)
    if (message.priority === Math.max(...newest.keys())) return true
    const { id } = message.queue.definition
    const last = this.#guarded.get(id)
    if (last !== undefined && (this.#count(id) + 1 - last) % GUARD_PERIOD !== 0) return false
    return [...newest].every(([priority, seq]) => priority === message.priority || message.seq < seq)
  }

  /** True where a tenth delivery in a row would go past a lower priority that has waited longer. */
  starves(model: Model, message: Message): boolean {
    return this.#passedBy(model, message).some(
      (priority) => (this.#passed.get(`${message.queue.definition.id} ${priority}`) ?? 0) >= GUARD_PERIOD - 1,
    )
  }

  /**
   * True where another line of its priority has had something ready since before this line's last turn, and no turn
   * since then. Of a line that was empty in between nothing is said: what comes back takes its old place. A message
   * without a tenant is a line of its own, which begins when it is sent.
   */
  jumps(model: Model, message: Message): boolean {
    const since = message.group === undefined ? message.bornAt : this.#servedAt.get(lineOf(message))
    if (since === undefined || since < this.#since) return false
    const waiting = [...model.messages.values()].filter(
      ({ queue, phase, priority, readyAt }) =>
        queue === message.queue && phase === 'ready' && priority === message.priority && readyAt < since,
    )
    if (message.group !== undefined && !waiting.some(({ group }) => group === message.group)) return false
    return waiting.some(
      (other) => other.group !== message.group && (this.#servedAt.get(lineOf(other)) ?? 0) < since,
    )
  }

  /** It is about to be delivered. */
  serve(model: Model, message: Message): void {
    const { id, fifo } = message.queue.definition
    if (fifo) return
    const passed = this.#passedBy(model, message)
    for (let priority = 0; priority <= 9; priority += 1) {
      const key = `${id} ${priority}`
      this.#passed.set(key, passed.includes(priority) ? (this.#passed.get(key) ?? 0) + 1 : 0)
    }
    this.#deliveries.set(id, this.#count(id) + 1)
    if (message.priority < Math.max(...newestHeads(model, message.queue).keys()))
      this.#guarded.set(id, this.#count(id))
    if (message.group !== undefined) this.#servedAt.set(lineOf(message), model.events)
  }

  /** A purged queue begins anew. */
  forget(queueId: number): void {
    this.#guarded.delete(queueId)
    for (let priority = 0; priority <= 9; priority += 1) this.#passed.delete(`${queueId} ${priority}`)
  }

  #count(queueId: number): number {
    return this.#deliveries.get(queueId) ?? 0
  }

  /** Lower priorities all of whose lines begin with an older message than this. */
  #passedBy(model: Model, message: Message): readonly number[] {
    return [...newestHeads(model, message.queue)]
      .filter(([priority, seq]) => priority < message.priority && seq < message.seq)
      .map(([priority]) => priority)
  }
}

function lineOf({ queue, priority, group }: Message): string {
  return `${queue.definition.id} ${priority} ${group}`
}

/** The first ready message of each line. Messages are kept in the order of their numbers. */
function headsOf(model: Model, queue: Queue): readonly Message[] {
  const heads = new Map<string, Message>()
  for (const message of model.messages.values()) {
    if (message.queue !== queue || message.phase !== 'ready') continue
    const line = lineOf(message)
    if (!heads.has(line)) heads.set(line, message)
  }
  return [...heads.values()]
}

/** Of each priority the newest of its lines' first messages. */
function newestHeads(model: Model, queue: Queue): ReadonlyMap<number, number> {
  const newest = new Map<number, number>()
  for (const { priority, seq } of headsOf(model, queue)) {
    newest.set(priority, Math.max(newest.get(priority) ?? 0, seq))
  }
  return newest
}

/** On a FIFO queue: everything before it in its group is delayed, or taken by this very receive. */
export function isFirstOfItsGroup(model: Model, message: Message): boolean {
  for (const other of model.messages.values()) {
    if (other.queue !== message.queue || other.group !== message.group || other.seq >= message.seq) continue
    if (other.phase === 'ready') return false
    if (other.phase === 'in flight' && other.takenBy !== model.command) return false
  }
  return true
}
