/**
 * The truth, kept in the plainest way: maps and whole scans, nothing shared with the broker but the meaning of its
 * events. It is folded from the journal of everything appended to the log, and again from what of it survived
 * after a crash. What is legal is said elsewhere (rules.ts).
 */

import type { Event, QueueDefinition } from '../broker/src/queue/event.ts'
import type { MoveTask } from '../broker/src/queue/move-task.ts'
import { Turns } from './turns.ts'

export type Phase = 'ready' | 'delayed' | 'in flight'

export interface Message {
  readonly seq: number
  readonly token: string
  readonly content: Buffer
  readonly priority: number
  readonly group: string | undefined
  queue: Queue
  phase: Phase
  dueAt: number
  sentAt: number
  receiveCount: number
  countBefore: number
  firstReceivedAt: number
  leasedAt: number
  source: string | undefined
  /** The command that took it last. */
  takenBy: number
  /** How many events there had been when it came about, and when it became ready. */
  readonly bornAt: number
  readyAt: number
}

interface Attempt {
  readonly at: number
  until: number
  readonly messages: { readonly seq: number; readonly receiveCount: number }[]
}

export interface Memory {
  readonly seq: number
  readonly at: number
  readonly dedupId: string
  /** Undefined: it counts for the whole queue. */
  readonly group: string | undefined
}

export interface Queue {
  definition: QueueDefinition
  dedup: Memory[]
  attempts: Map<string, Attempt>
  moveTasks: MoveTask[]
  purgedAt: number
  /** The deduplication scope before it was changed last, which holds on for a minute. */
  scopeBefore: string
  scopeChangedAt: number
}

export const DEDUPLICATION_MS = 300_000
const SCOPE_CHANGE_MS = 60_000

export class Model {
  readonly messages = new Map<number, Message>()
  readonly queues = new Map<number, Queue>()
  now = 0
  nextSeq = 1
  nextQueueId = 1
  salt = ''
  /** Counts commands: events of one command share it. */
  command = 0
  /** Counts events. */
  events = 0
  /** When a queue of that name was deleted last. */
  readonly deletedAt = new Map<string, number>()
  turns = new Turns(0)

  queueNamed(name: string): Queue | undefined {
    for (const queue of this.queues.values()) if (queue.definition.name === name) return queue
    return undefined
  }

  of(queue: Queue): Message[] {
    return [...this.messages.values()].filter((message) => message.queue === queue)
  }

  count(queue: Queue, phase: Phase): number {
    let count = 0
    for (const message of this.messages.values()) {
      if (message.queue === queue && message.phase === phase) count += 1
    }
    return count
  }

  /** Time passes: delays and leases that are over end. */
  advance(now: number): void {
    this.now = Math.max(this.now, now)
    for (const message of this.messages.values()) {
      if (message.phase !== 'ready' && dueAtOf(message) <= now) this.#ready(message)
    }
  }

  #ready(message: Message): void {
    message.phase = 'ready'
    message.readyAt = this.events
  }

  /** `first`: the first event of its command, before which time passes. */
  begin(event: Event, first: boolean): void {
    if (!first) return
    this.command += 1
    this.advance(event.at)
  }

  fold(event: Event, token: string): void {
    this.events += 1
    switch (event.kind) {
      case 'opened':
        this.salt = Buffer.from(event.salt).toString('hex')
        this.nextSeq = Math.max(this.nextSeq, event.nextSeq)
        this.nextQueueId = Math.max(this.nextQueueId, event.nextQueueId)
        return
      case 'queueDefined':
        return this.#define(event.definition, event.at)
      case 'queueDeleted':
        this.deletedAt.set(this.queues.get(event.queueId)!.definition.name, event.at)
        for (const message of this.messages.values()) {
          if (message.queue.definition.id === event.queueId) this.messages.delete(message.seq)
        }
        this.queues.delete(event.queueId)
        return
      case 'queuePurged':
        return this.#purge(event.queueId, event.at)
      case 'sent': {
        const queue = this.queues.get(event.queueId)!
        const delay = numberOf(queue, 'DelaySeconds', 0) * 1000
        const dueAt = queue.definition.fifo ? event.at + delay : event.dueAt
        this.#remember(queue, event)
        this.#create(event, token, queue, dueAt > event.at ? 'delayed' : 'ready', dueAt)
        return
      }
      case 'received':
        return this.#receive(event)
      case 'receiveUndone': {
        const message = this.messages.get(event.seq)!
        message.receiveCount -= 1
        this.#ready(message)
        for (const [id, { messages }] of message.queue.attempts) {
          const held = messages.findIndex(({ seq }) => seq === event.seq)
          if (held >= 0) messages.splice(held, 1)
          if (messages.length === 0) message.queue.attempts.delete(id)
        }
        return
      }
      case 'deleted':
      case 'discarded':
        this.messages.delete(event.seq)
        return
      case 'visibilityChanged': {
        const message = this.messages.get(event.seq)!
        if (message.phase === 'ready') message.leasedAt = event.at
        message.phase = 'in flight'
        message.dueAt = event.until
        if (event.until <= event.at) this.#ready(message)
        return
      }
      case 'leaseRenewed': {
        const message = this.messages.get(event.seq)!
        message.dueAt = event.until
        message.leasedAt = event.at
        const attempt = message.queue.attempts.get(event.attemptId ?? '')
        if (attempt !== undefined) attempt.until = event.until
        return
      }
      case 'deadLettered': {
        const message = this.messages.get(event.seq)!
        message.source = message.queue.definition.name
        message.queue = this.queues.get(event.queueId)!
        message.countBefore = message.receiveCount
        this.#ready(message)
        if (message.queue.definition.fifo) message.sentAt = event.at
        return
      }
      case 'expired':
        for (const message of this.messages.values()) {
          if (message.queue.definition.id === event.queueId && message.sentAt <= event.sentBefore) {
            this.messages.delete(message.seq)
          }
        }
        return
      case 'moveTaskChanged': {
        const queue = this.queues.get(event.task.sourceQueueId)!
        const others = queue.moveTasks.filter(({ taskId }) => taskId !== event.task.taskId)
        queue.moveTasks = [...others, event.task].slice(-10)
        return
      }
      case 'redriven': {
        const source = this.messages.get(event.oldSeq)!.queue
        source.moveTasks = source.moveTasks.map((task) =>
          task.taskId === event.taskId ? { ...task, moved: task.moved + 1 } : task,
        )
        this.messages.delete(event.oldSeq)
        this.#create(event, token, this.queues.get(event.queueId)!, 'ready', 0)
        return
      }
      case 'relocated':
        return
    }
  }

  #define(definition: QueueDefinition, at: number): void {
    this.nextQueueId = Math.max(this.nextQueueId, definition.id + 1)
    const known = this.queues.get(definition.id)
    const made = { dedup: [], attempts: new Map(), moveTasks: [], scopeBefore: '' }
    const never = { purgedAt: Number.NEGATIVE_INFINITY, scopeChangedAt: Number.NEGATIVE_INFINITY }
    if (known === undefined) {
      this.queues.set(definition.id, { definition, ...made, ...never })
      return
    }
    if (scopeSetOn(known.definition) !== scopeSetOn(definition)) {
      known.scopeBefore = scopeOf(known, at)
      known.scopeChangedAt = at
    }
    known.definition = definition
  }

  #purge(queueId: number, at: number): void {
    const queue = this.queues.get(queueId)!
    this.turns.forget(queueId)
    queue.purgedAt = at
    queue.dedup = []
    queue.attempts.clear()
    for (const message of this.of(queue)) this.messages.delete(message.seq)
  }

  #remember(queue: Queue, event: Extract<Event, { kind: 'sent' }>): void {
    if (!queue.definition.fifo || event.dedupId === undefined) return
    const byGroup = scopeOf(queue, event.at) === 'messageGroup'
    queue.dedup = queue.dedup.filter(({ at }) => at + DEDUPLICATION_MS > event.at)
    queue.dedup.push({
      seq: event.seq,
      at: event.at,
      dedupId: event.dedupId,
      group: byGroup ? event.group : undefined,
    })
  }

  #create(
    event: Extract<Event, { kind: 'sent' | 'redriven' }>,
    token: string,
    queue: Queue,
    phase: Phase,
    dueAt: number,
  ): void {
    this.nextSeq = Math.max(this.nextSeq, event.seq + 1)
    this.messages.set(event.seq, {
      seq: event.seq,
      token,
      content: Buffer.from(event.content),
      priority: event.priority,
      group: event.group,
      queue,
      phase,
      dueAt,
      sentAt: event.at,
      receiveCount: 0,
      countBefore: 0,
      firstReceivedAt: 0,
      leasedAt: 0,
      source: undefined,
      takenBy: 0,
      bornAt: this.events,
      readyAt: this.events,
    })
  }

  #receive(event: Extract<Event, { kind: 'received' }>): void {
    const message = this.messages.get(event.seq)!
    this.turns.serve(this, message)
    message.receiveCount += 1
    if (message.receiveCount === 1) message.firstReceivedAt = event.at
    message.leasedAt = event.at
    message.phase = 'in flight'
    message.dueAt = event.until
    message.takenBy = this.command
    if (event.attemptId === undefined) return
    const { attempts } = message.queue
    const entry = { seq: event.seq, receiveCount: message.receiveCount }
    const known = attempts.get(event.attemptId)
    if (known?.at === event.at) known.messages.push(entry)
    else attempts.set(event.attemptId, { at: event.at, until: event.until, messages: [entry] })
  }
}

/** When a delay or a lease ends; on a FIFO queue the queue's delay at the time decides. */
export function dueAtOf(message: Message): number {
  const { queue, phase } = message
  if (phase !== 'delayed' || !queue.definition.fifo) return message.dueAt
  return message.sentAt + numberOf(queue, 'DelaySeconds', 0) * 1000
}

/** The deduplication scope in force: a change of it waits for a minute. */
function scopeOf(queue: Queue, now: number): string {
  return now < queue.scopeChangedAt + SCOPE_CHANGE_MS ? queue.scopeBefore : scopeSetOn(queue.definition)
}

function scopeSetOn({ attributes }: QueueDefinition): string {
  return attributes['DeduplicationScope'] ?? 'queue'
}

export function numberOf({ definition }: Queue, attribute: string, otherwise: number): number {
  return Number(definition.attributes[attribute] ?? otherwise)
}
