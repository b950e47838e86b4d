/**
 * A queue's messages by age, for retention and for the age of the oldest. Messages arrive in the order of their
 * sending, so a list holds nearly all; the few that come in older than the newest (dead letters keep their send
 * time) go to a heap.
 */

import {
  AGE_NEXT,
  AGE_PREV,
  IN_OLDER,
  type MessageTable,
  OLDER_PLACE,
  SENT_AT,
  SEQ,
} from './message-table.ts'
import { SlotHeap } from './slot-heap.ts'

export class Ages {
  readonly #messages: MessageTable
  #head = 0
  #tail = 0
  #older: SlotHeap | undefined

  constructor(messages: MessageTable) {
    this.#messages = messages
  }

  /** The slot of the message sent first, or 0. */
  oldest(): number {
    const older = this.#older?.top() ?? 0
    if (older === 0 || this.#head === 0) return older || this.#head
    const messages = this.#messages
    const difference = messages.number(older, SENT_AT) - messages.number(this.#head, SENT_AT)
    if (difference !== 0) return difference < 0 ? older : this.#head
    return messages.number(older, SEQ) < messages.number(this.#head, SEQ) ? older : this.#head
  }

  add(slot: number): void {
    const messages = this.#messages
    if (this.#tail !== 0 && messages.number(slot, SENT_AT) < messages.number(this.#tail, SENT_AT)) {
      this.#older ??= new SlotHeap(messages, SENT_AT, OLDER_PLACE)
      this.#older.push(slot)
      messages.setFlag(slot, IN_OLDER, true)
      return
    }
    messages.setInt(slot, AGE_PREV, this.#tail)
    messages.setInt(slot, AGE_NEXT, 0)
    if (this.#tail === 0) this.#head = slot
    else messages.setInt(this.#tail, AGE_NEXT, slot)
    this.#tail = slot
  }

  /** True where none was sent after `at`; false also where that would take a search. */
  allSentBefore(at: number): boolean {
    if ((this.#older?.size ?? 0) > 0) return false
    return this.#tail === 0 || this.#messages.number(this.#tail, SENT_AT) <= at
  }

  /** The last of those that came in the order of their sending, or 0: what is no older may be appended. */
  newest(): number {
    return this.#tail
  }

  /** Adds messages that are linked to each other already, from `first` to `last`, behind a {@link newest}. */
  append(first: number, last: number): void {
    this.#messages.setInt(first, AGE_PREV, this.#tail)
    this.#messages.setInt(this.#tail, AGE_NEXT, first)
    this.#messages.setInt(last, AGE_NEXT, 0)
    this.#tail = last
  }

  remove(slot: number): void {
    const messages = this.#messages
    if (messages.has(slot, IN_OLDER)) {
      this.#older!.remove(slot)
      messages.setFlag(slot, IN_OLDER, false)
      return
    }
    const next = messages.int(slot, AGE_NEXT)
    const previous = messages.int(slot, AGE_PREV)
    if (previous === 0) this.#head = next
    else messages.setInt(previous, AGE_NEXT, next)
    if (next === 0) this.#tail = previous
    else messages.setInt(next, AGE_PREV, previous)
  }
}
