/** A list of messages in the order of their sequence numbers, linked through their records. */

import { type MessageTable, NEXT, PREV, SEQ } from './message-table.ts'

export interface SlotList {
  /** First and last slot; 0 where it is empty. */
  head: number
  tail: number
  /** Where the last message was put that did not belong at the end; the next such one is likely to follow it. */
  cursor: number
}

/** Puts a message at its place, which is nearly always the end. */
export function insertInOrder(messages: MessageTable, list: SlotList, slot: number): void {
  const after = placeFor(messages, list, messages.number(slot, SEQ))
  const next = after === 0 ? list.head : messages.int(after, NEXT)
  messages.setInt(slot, PREV, after)
  messages.setInt(slot, NEXT, next)
  if (after === 0) list.head = slot
  else messages.setInt(after, NEXT, slot)
  if (next === 0) {
    list.tail = slot
    return
  }
  messages.setInt(next, PREV, slot)
  list.cursor = slot
}

/** Puts messages that are linked to each other already, from `first` to `last`, at the end of a list that has one. */
export function append(messages: MessageTable, list: SlotList, first: number, last: number): void {
  messages.setInt(first, PREV, list.tail)
  messages.setInt(list.tail, NEXT, first)
  messages.setInt(last, NEXT, 0)
  list.tail = last
}

export function unlink(messages: MessageTable, list: SlotList, slot: number): void {
  const next = messages.int(slot, NEXT)
  const previous = messages.int(slot, PREV)
  if (previous === 0) list.head = next
  else messages.setInt(previous, NEXT, next)
  if (next === 0) list.tail = previous
  else messages.setInt(next, PREV, previous)
  if (list.cursor === slot) list.cursor = previous
}

/** The slot after which this number belongs, 0 for the front. */
function placeFor(messages: MessageTable, list: SlotList, seq: number): number {
  if (list.tail === 0 || messages.number(list.tail, SEQ) < seq) return list.tail
  let after = list.cursor !== 0 && messages.number(list.cursor, SEQ) < seq ? list.cursor : 0
  let next = after === 0 ? list.head : messages.int(after, NEXT)
  while (next !== 0 && messages.number(next, SEQ) < seq) {
    after = next
    next = messages.int(after, NEXT)
  }
  return after
}
