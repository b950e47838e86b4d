/**
 * What a FIFO queue delivers next. A message group is a list in order; it delivers from its head up to the first
 * message in flight, so a group is ready exactly when its head can be delivered.
 *
 *     ready ring   A ──▶ C ──▶ …           a group that was served leaves, and joins the end when it is ready again
 *     group A      a1 a2 a3                head ready: all three may go in one receive
 *     group B      b1*b2                   b1 in flight: nothing goes
 *     delayed      d7 d8 d9                the queue's own delay: not yet in their groups, in order of sending
 *
 * Delayed messages block nobody. On a FIFO queue only the queue has a delay, and a change of it moves messages
 * already waiting (an SQS rule): so only the first delayed message has a deadline, and the rest follow it.
 */

import type { Lines } from './lines.ts'
import { LINE, type MessageTable, READY } from './message-table.ts'
import type { Queue } from './queue.ts'
import { insertInOrder, type SlotList, unlink } from './slot-list.ts'

/** Its list holds what is ready or in flight. */
export interface MessageGroup extends SlotList {
  readonly home: Groups
  readonly group: string
  id: number
  /** Live messages, the delayed ones included. */
  count: number
  inRing: boolean
  ringNext: MessageGroup | undefined
  ringPrevious: MessageGroup | undefined
}

export class Groups {
  readonly #messages: MessageTable
  readonly #lines: Lines
  /** Whose messages these are. */
  queue: Queue
  readonly #groups = new Map<string, MessageGroup>()
  #ringHead: MessageGroup | undefined
  #ringTail: MessageGroup | undefined
  readonly #delayed: SlotList = { head: 0, tail: 0, cursor: 0 }

  constructor(messages: MessageTable, lines: Lines, queue: Queue) {
    this.#messages = messages
    this.#lines = lines
    this.queue = queue
  }

  /** Groups with messages. */
  get size(): number {
    return this.#groups.size
  }

  /** The group to serve next. */
  first(): MessageGroup | undefined {
    return this.#ringHead
  }

  /** The delayed message that was sent first, or 0. */
  firstDelayed(): number {
    return this.#delayed.head
  }

  enlist(slot: number, name: string): void {
    const group = this.#groupFor(name)
    group.count += 1
    this.#messages.setInt(slot, LINE, group.id)
  }

  delist(slot: number): void {
    const group = this.#groupOf(slot)
    group.count -= 1
    if (group.count > 0) return
    this.#groups.delete(group.group)
    this.#lines.remove(group.id)
  }

  /** Into its group's list, at the place of its sequence number. */
  link(slot: number): void {
    const group = this.#groupOf(slot)
    insertInOrder(this.#messages, group, slot)
    this.refresh(group)
  }

  unlink(slot: number): void {
    const group = this.#groupOf(slot)
    unlink(this.#messages, group, slot)
    this.refresh(group)
  }

  /** A message of the group changed its phase. */
  changed(slot: number): void {
    this.refresh(this.#groupOf(slot))
  }

  addDelayed(slot: number): void {
    insertInOrder(this.#messages, this.#delayed, slot)
  }

  removeDelayed(slot: number): void {
    unlink(this.#messages, this.#delayed, slot)
  }

  /** Keeps the ring true: in it exactly when the head is ready. */
  refresh(group: MessageGroup): void {
    const ready = group.head !== 0 && this.#messages.phase(group.head) === READY
    if (ready === group.inRing) return
    if (ready) this.#joinRing(group)
    else this.#leaveRing(group)
  }

  #joinRing(group: MessageGroup): void {
    group.inRing = true
    group.ringNext = undefined
    group.ringPrevious = this.#ringTail
    if (this.#ringTail === undefined) this.#ringHead = group
    else this.#ringTail.ringNext = group
    this.#ringTail = group
  }

  #leaveRing(group: MessageGroup): void {
    group.inRing = false
    if (group.ringPrevious === undefined) this.#ringHead = group.ringNext
    else group.ringPrevious.ringNext = group.ringNext
    if (group.ringNext === undefined) this.#ringTail = group.ringPrevious
    else group.ringNext.ringPrevious = group.ringPrevious
    group.ringNext = undefined
    group.ringPrevious = undefined
  }

  #groupOf(slot: number): MessageGroup {
    return this.#lines.get(this.#messages.int(slot, LINE)) as MessageGroup
  }

  #groupFor(name: string): MessageGroup {
    const known = this.#groups.get(name)
    if (known !== undefined) return known
    const group: MessageGroup = {
      home: this,
      group: name,
      id: 0,
      count: 0,
      head: 0,
      tail: 0,
      cursor: 0,
      inRing: false,
      ringNext: undefined,
      ringPrevious: undefined,
    }
    group.id = this.#lines.add(group)
    this.#groups.set(name, group)
    return group
  }
}
