/**
 * What must hold of every state at every moment, whatever led to it: the structures that know of a message agree
 * about it. Tests ask this after each step; it looks at every message and is not for use on large states.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import type { MessageGroup } from '../../src/queue/groups.ts'
import type { Lane } from '../../src/queue/lanes.ts'
import {
  DELAYED,
  DUE_AT,
  IN_FLIGHT,
  LENGTH,
  LINE,
  type MessageTable,
  NEXT,
  PREV,
  READY,
  SENT_AT,
  SEQ,
  SOURCE,
} from '../../src/queue/message-table.ts'
import type { Queue } from '../../src/queue/queue.ts'
import type { SlotList } from '../../src/queue/slot-list.ts'
import type { State } from '../../src/queue/state.ts'
import { liveSlots } from './dump.ts'

/** Tests have few queues. */
const SOURCES_LOOKED_AT = 20

export function assertSound(state: State): void {
  const slots = liveSlots(state)
  const { messages } = state
  for (const slot of slots) equal(state.index.get(messages.number(slot, SEQ)), slot, 'index')
  const lengths = slots.reduce((sum, slot) => sum + messages.int(slot, LENGTH), 0)
  equal(state.space.liveBytes, lengths, 'live bytes')
  ok(
    slots.every((slot) => messages.number(slot, SEQ) < state.nextSeq),
    'next number',
  )
  for (const queue of state.queues.values()) assertQueue(state, queue, slots)
  assertSources(state, slots)
  assertMoving(state)
  assertDeadlines(state, slots)
}

/** Whose newest task runs is known to be moving, and nobody else. */
function assertMoving(state: State): void {
  for (const queue of state.moving) equal(state.queues.get(queue.id), queue, 'a queue that moves and is gone')
  for (const queue of state.queues.values()) {
    equal(state.moving.has(queue), queue.moveTasks.at(-1)?.status === 'RUNNING', `${queue.name} moves`)
  }
}

/** A name is kept exactly as long as a message refers to it. */
function assertSources(state: State, slots: readonly number[]): void {
  const used = new Set(slots.map((slot) => state.messages.other(slot, SOURCE)))
  for (let id = 1; id <= SOURCES_LOOKED_AT; id += 1) {
    equal(state.sources.get(id) !== undefined, used.has(id), `source ${id}`)
  }
}

function assertQueue(state: State, queue: Queue, slots: readonly number[]): void {
  const { messages } = state
  const own = slots.filter((slot) => state.queueOf(slot) === queue)
  const inPhase = (phase: number): number => own.filter((slot) => messages.phase(slot) === phase).length
  equal(queue.visible, inPhase(READY), `${queue.name}: visible`)
  equal(queue.inFlight, inPhase(IN_FLIGHT), `${queue.name}: in flight`)
  equal(queue.delayed, inPhase(DELAYED), `${queue.name}: delayed`)
  const oldest = queue.ages.oldest()
  const sentFirst = Math.min(...own.map((slot) => messages.number(slot, SENT_AT)))
  equal(oldest === 0 ? Number.POSITIVE_INFINITY : messages.number(oldest, SENT_AT), sentFirst, 'oldest')
  equal(state.queuesByName.get(queue.name), queue)
  const lines = new Set(own.map((slot) => messages.int(slot, LINE)))
  for (const line of lines) {
    const members = own.filter((slot) => messages.int(slot, LINE) === line)
    equal(state.lines.get(line).count, members.length, 'messages of a line')
    if (queue.fifo) assertGroup(messages, state.lines.get(line) as MessageGroup, members)
    else assertLane(messages, state.lines.get(line) as Lane, members)
  }
  if (queue.fifo) assertRing(queue, lines.size)
  else equal(queue.lanes!.next() !== 0, queue.visible > 0, 'something is next where something is ready')
}

/** Ready and in flight are in the list, in order; it is in the ring exactly when its head is ready. */
function assertGroup(messages: MessageTable, group: MessageGroup, members: readonly number[]): void {
  const listed = members.filter((slot) => messages.phase(slot) !== DELAYED)
  deepEqual(walk(messages, group), listed, `group ${group.group}`)
  equal(group.inRing, group.head !== 0 && messages.phase(group.head) === READY, `ring and ${group.group}`)
}

function assertRing(queue: Queue, groups: number): void {
  equal(queue.groups!.size, groups, 'groups')
  for (let group = queue.groups!.first(); group !== undefined; group = group.ringNext) {
    ok(group.inRing)
    equal(group.ringNext === undefined || group.ringNext.ringPrevious === group, true, 'ring links')
  }
}

/** Every ready message is in the list, in order, or among the returned. */
function assertLane(messages: MessageTable, lane: Lane, members: readonly number[]): void {
  const listed = walk(messages, lane)
  const ready = members.filter((slot) => messages.phase(slot) === READY)
  equal(listed.length + (lane.returned?.size ?? 0), ready.length, 'ready messages of a lane')
  ok(listed.every((slot) => ready.includes(slot)))
  deepEqual(
    listed,
    listed.toSorted((a, b) => messages.number(a, SEQ) - messages.number(b, SEQ)),
  )
}

function walk(messages: MessageTable, list: SlotList): number[] {
  const slots: number[] = []
  let previous = 0
  for (let slot = list.head; slot !== 0; slot = messages.int(slot, NEXT)) {
    equal(messages.int(slot, PREV), previous, 'list links')
    slots.push(slot)
    previous = slot
  }
  equal(list.tail, previous, 'list tail')
  return slots
}

function assertDeadlines(state: State, slots: readonly number[]): void {
  const { messages } = state
  const dues: number[] = []
  for (const slot of slots) {
    const queue = state.queueOf(slot)
    const phase = messages.phase(slot)
    if (phase === READY) continue
    const delayedInFifo = phase === DELAYED && queue.fifo
    dues.push(
      delayedInFifo ? messages.number(slot, SENT_AT) + queue.settings.delayMs : messages.number(slot, DUE_AT),
    )
  }
  const earliest = dues.length === 0 ? undefined : Math.min(...dues)
  equal(state.nextDeadline(), earliest, 'next deadline')
}
