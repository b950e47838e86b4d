/**
 * The state of one shard: everything that the log's events add up to. Here are the moves that keep its structures
 * in step (a message becomes ready, goes in flight, leaves); which of them happens when is for the verbs to say.
 */

import { ArrivalMemory } from './arrival-memory.ts'
import { DEPARTED_QUEUE_ID, Departures } from './departures.ts'
import type { QueueDefinition } from './event.ts'
import { ExpiringMap } from './expiring-map.ts'
import { ATTEMPT_MS, RECREATE_WAIT_MS } from './limits.ts'
import { Lines } from './lines.ts'
import { messageIdOf } from './message-id.ts'
import {
  DELAYED,
  DUE_AT,
  IN_FLIGHT,
  LENGTH,
  LINE,
  MessageTable,
  PLACE,
  POSITION,
  READY,
  SENT_AT,
  SEQ,
  SOURCE,
} from './message-table.ts'
import { Names } from './names.ts'
import { Queue } from './queue.ts'
import { SlotHeap } from './slot-heap.ts'
import { SlotIndex } from './slot-index.ts'
import { Space } from './space.ts'

/** Messages of purged queues whose memory is given back before each command. */
const SWEEP_MESSAGES = 100

const DEPARTED: QueueDefinition = {
  id: DEPARTED_QUEUE_ID,
  name: '',
  fifo: false,
  attributes: {},
  tags: {},
  createdAt: 0,
  modifiedAt: 0,
}

export class State {
  readonly messages = new MessageTable()
  readonly index = new SlotIndex(this.messages)
  readonly lines = new Lines()
  readonly sources = new Names()
  readonly space = new Space()
  readonly queues = new Map<number, Queue>()
  readonly queuesByName = new Map<string, Queue>()
  /** Names deleted in the last minute, for SQS's wait before one is used again. */
  readonly deletedNames = new ExpiringMap<true>(RECREATE_WAIT_MS)
  /** At recovery: receives with an attempt id of messages that are not known yet, by sequence number. */
  readonly strayAttempts = new ExpiringMap<{ attemptId: string; at: number; until: number }>(ATTEMPT_MS)
  /** Messages on their way to other shards, and the queue that they are in meanwhile. */
  readonly departures = new Departures()
  readonly departed = new Queue(DEPARTED, this.messages, this.lines)
  /** What came to queues that are not here. */
  readonly arrivals = new ArrivalMemory()
  /**
   * Whether a queue is (or may be) on another shard and takes messages of `source`, where there are several shards.
   * Not part of the state: what is decided by it becomes an event.
   */
  elsewhere: ((queue: string, source: string) => boolean) | undefined
  /** Queues with a running move task. */
  readonly moving = new Set<Queue>()
  /** Queues that are fed from a topic (source.ts); `fedRevision` rises when that changes. */
  readonly fed = new Set<Queue>()
  fedRevision = 0
  /** Delayed messages and leases, by when they end. */
  readonly deadlines = new SlotHeap(this.messages, DUE_AT, PLACE)
  /** Queues that may have something new to deliver; whoever looks empties it. */
  woken: Queue[] = []
  /** What the definitions of all queues take up in the log. */
  definitionBytes = 0
  salt = new Int32Array(4)
  nextSeq = 1
  nextQueueId = 1
  /** What was in queues that were purged or deleted: nobody can come across it, see {@link sweep}. */
  readonly #gone: Queue[] = []
  /** The time of the last event or advance. */
  now = 0
  /** False until the log's first event, which gives the salt. */
  opened = false

  messageId(seq: number): string {
    return messageIdOf(seq, this.salt)
  }

  queueOf(slot: number): Queue {
    return this.lines.get(this.messages.int(slot, LINE)).home.queue
  }

  /** When the next delay or lease ends; undefined when none will. */
  nextDeadline(): number | undefined {
    const slot = this.deadlines.top()
    return slot === 0 ? undefined : this.messages.number(slot, DUE_AT)
  }

  /** True for a message that a client can still come across; false for one that was purged and not yet removed. */
  isReachable(slot: number): boolean {
    const queue = this.queueOf(slot)
    return this.queueWith(queue.id) === queue
  }

  /** The queue that messages with this id in their records are in. */
  queueWith(id: number): Queue | undefined {
    return id === DEPARTED_QUEUE_ID ? this.departed : this.queues.get(id)
  }

  /** Everything in the queue is gone at once; its memory comes back bit by bit, so that a large purge is no pause. */
  vacate(queue: Queue): void {
    const gone = new Queue(queue.definition, this.messages, this.lines)
    gone.exchange(queue)
    this.#gone.push(gone)
  }

  /** True while there are messages whose memory is to be given back. */
  get hasGone(): boolean {
    return this.#gone.length > 0
  }

  /** Gives back the memory of up to `messages` of those that are gone. */
  sweep(messages: number): void {
    for (let left = messages; left > 0 && this.#gone.length > 0; left -= 1) {
      const oldest = this.#gone[0]!.ages.oldest()
      if (oldest === 0) this.#gone.shift()
      else this.remove(oldest)
    }
  }

  /** Lets time pass: ends every delay and lease that is over, in their order. */
  advance(now: number): void {
    if (now > this.now) this.now = now
    if (this.hasGone) this.sweep(SWEEP_MESSAGES)
    for (let slot = this.deadlines.top(); slot !== 0; slot = this.deadlines.top()) {
      if (this.messages.number(slot, DUE_AT) > now) return
      if (this.messages.phase(slot) === IN_FLIGHT) this.endLease(slot)
      else this.#endDelay(slot)
    }
  }

  define(definition: QueueDefinition): Queue {
    const queue = new Queue(definition, this.messages, this.lines)
    queue.arrivals = this.arrivals.take(queue.name)
    this.queues.set(queue.id, queue)
    this.queuesByName.set(queue.name, queue)
    return queue
  }

  /** A new message's record, found by its number from now on. */
  create(seq: number, priority: number, sentAt: number, position: number, length: number): number {
    const slot = this.messages.take(priority)
    this.messages.fill(slot, seq, position, sentAt, length)
    this.index.add(seq, slot)
    this.space.add(position, length)
    if (seq >= this.nextSeq) this.nextSeq = seq + 1
    return slot
  }

  /** Into a queue that it is not in. On a FIFO queue the group is there. */
  enter(queue: Queue, slot: number, group: string | undefined): void {
    queue.ages.add(slot)
    if (queue.lanes !== undefined) queue.lanes.enlist(slot, group)
    else queue.groups!.enlist(slot, group ?? '')
  }

  /** Out of its queue, from whatever phase it is in. */
  leave(slot: number): void {
    const queue = this.queueOf(slot)
    switch (this.messages.phase(slot)) {
      case READY:
        queue.visible -= 1
        if (queue.lanes !== undefined) queue.lanes.unready(slot)
        else queue.groups!.unlink(slot)
        break
      case IN_FLIGHT:
        queue.inFlight -= 1
        this.deadlines.remove(slot)
        queue.groups?.unlink(slot)
        this.wake(queue)
        break
      case DELAYED:
        queue.delayed -= 1
        this.#leaveDelayed(queue, slot)
        break
    }
    queue.ages.remove(slot)
    if (queue.lanes !== undefined) queue.lanes.delist(slot)
    else queue.groups!.delist(slot)
  }

  /** The message is no more. */
  remove(slot: number): void {
    this.leave(slot)
    const messages = this.messages
    this.sources.release(messages.other(slot, SOURCE))
    this.space.remove(messages.number(slot, POSITION), messages.int(slot, LENGTH))
    this.index.remove(messages.number(slot, SEQ))
    messages.release(slot)
  }

  /** A message that entered can be delivered at once. */
  beginReady(queue: Queue, slot: number): void {
    this.messages.setPhase(slot, READY)
    queue.visible += 1
    if (queue.lanes !== undefined) queue.lanes.ready(slot)
    else queue.groups!.link(slot)
    this.wake(queue)
  }

  /** A message that entered waits until `dueAt`; on a FIFO queue as long as the queue's delay says. */
  beginDelayed(queue: Queue, slot: number, dueAt: number): void {
    this.messages.setPhase(slot, DELAYED)
    queue.delayed += 1
    const groups = queue.groups
    if (groups === undefined) {
      this.messages.setNumber(slot, DUE_AT, dueAt)
      this.deadlines.push(slot)
      return
    }
    const first = groups.firstDelayed()
    groups.addDelayed(slot)
    if (groups.firstDelayed() !== slot) return
    if (first !== 0) this.deadlines.remove(first)
    this.#awaitDelayed(queue, slot)
  }

  /** A message that entered is in flight (recovery alone sees this). */
  beginInFlight(queue: Queue, slot: number, until: number): void {
    this.messages.setPhase(slot, IN_FLIGHT)
    queue.inFlight += 1
    queue.groups?.link(slot)
    this.messages.setNumber(slot, DUE_AT, until)
    this.deadlines.push(slot)
  }

  /** A ready message goes in flight. `served`: it was delivered, so its tenant's turn is over. */
  beginLease(slot: number, until: number, served: boolean): void {
    const queue = this.queueOf(slot)
    queue.visible -= 1
    queue.inFlight += 1
    if (queue.lanes === undefined) {
      this.messages.setPhase(slot, IN_FLIGHT)
      queue.groups!.changed(slot)
    } else {
      if (served) queue.lanes.delivered(slot, this.nextSeq - 1)
      else queue.lanes.unready(slot)
      this.messages.setPhase(slot, IN_FLIGHT)
    }
    this.messages.setNumber(slot, DUE_AT, until)
    this.deadlines.push(slot)
  }

  changeLease(slot: number, until: number): void {
    this.deadlines.remove(slot)
    this.messages.setNumber(slot, DUE_AT, until)
    this.deadlines.push(slot)
  }

  /** A message in flight can be delivered again. */
  endLease(slot: number): void {
    const queue = this.queueOf(slot)
    this.deadlines.remove(slot)
    this.messages.setPhase(slot, READY)
    queue.inFlight -= 1
    queue.visible += 1
    if (queue.lanes !== undefined) queue.lanes.ready(slot)
    else queue.groups!.changed(slot)
    this.wake(queue)
  }

  /** A FIFO queue's delay was changed: its delayed messages follow (an SQS rule). */
  delayChanged(queue: Queue): void {
    const first = queue.groups?.firstDelayed() ?? 0
    if (first === 0) return
    this.deadlines.remove(first)
    this.#awaitDelayed(queue, first)
  }

  wake(queue: Queue): void {
    if (queue.woken) return
    queue.woken = true
    this.woken.push(queue)
  }

  #endDelay(slot: number): void {
    const queue = this.queueOf(slot)
    queue.delayed -= 1
    this.#leaveDelayed(queue, slot)
    this.beginReady(queue, slot)
  }

  #leaveDelayed(queue: Queue, slot: number): void {
    const groups = queue.groups
    if (groups === undefined) {
      this.deadlines.remove(slot)
      return
    }
    const wasFirst = groups.firstDelayed() === slot
    if (wasFirst) this.deadlines.remove(slot)
    groups.removeDelayed(slot)
    const first = groups.firstDelayed()
    if (wasFirst && first !== 0) this.#awaitDelayed(queue, first)
  }

  #awaitDelayed(queue: Queue, slot: number): void {
    const messages = this.messages
    messages.setNumber(slot, DUE_AT, messages.number(slot, SENT_AT) + queue.settings.delayMs)
    this.deadlines.push(slot)
  }
}
