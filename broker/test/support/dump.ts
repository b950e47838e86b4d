/**
 * A state as plain values, so that two of them can be compared: one that ran, and one recovered from its log.
 * Everything that a client can ever notice is in it. `turns` leaves out what a trimmed log forgets and may forget:
 * whose turn it is, and where the records lie.
 */

import type { Arrivals } from '../../src/queue/arrival-memory.ts'
import type { Lane } from '../../src/queue/lanes.ts'
import {
  DELAYED,
  DUE_AT,
  FIRST_RECEIVED,
  IN_FLIGHT,
  LEASED,
  LENGTH,
  LINE,
  POSITION,
  READY,
  RECEIVE_COUNT,
  SENT_AT,
  SEQ,
  SOURCE,
} from '../../src/queue/message-table.ts'
import type { Queue } from '../../src/queue/queue.ts'
import type { State } from '../../src/queue/state.ts'

export type Dump = Readonly<Record<string, unknown>>

export interface DumpOptions {
  /** Whose turn it is, the guard's count, and the records' places. Default: true. */
  readonly turns?: boolean
}

export function dump(state: State, { turns = true }: DumpOptions = {}): Dump {
  state.sweep(Number.POSITIVE_INFINITY)
  const slots = liveSlots(state)
  return {
    nextSeq: state.nextSeq,
    nextQueueId: state.nextQueueId,
    salt: [...state.salt],
    nextDeadline: state.nextDeadline(),
    liveBytes: turns ? state.space.liveBytes : undefined,
    moving: [...state.moving].map(({ name }) => name).sort(),
    deletedNames: turns ? [...state.deletedNames.entries(state.now)] : undefined,
    arrivals: [...state.arrivals.names()].map(([name, arrivals]) => [name, sorted(arrivals)]),
    floors: [...state.arrivals.floors()].sort(([a], [b]) => a - b),
    departed: slots
      .filter((slot) => state.queueOf(slot) === state.departed)
      .map((slot) => dumpMessage(state, slot, turns)),
    departing: [...state.departures.targets()].sort().map((target) => state.departures.next(target, 1000)),
    queues: [...state.queues.values()]
      .sort((a, b) => a.id - b.id)
      .map((queue) => dumpQueue(state, queue, slots, turns)),
  }
}

/** The slots of all messages, in the order of their sequence numbers. */
export function liveSlots(state: State): readonly number[] {
  const { messages } = state
  const slots: number[] = []
  // A record that is not in use has no phase.
  for (let slot = 1; slots.length < messages.size; slot += 1) if (messages.phase(slot) > 0) slots.push(slot)
  return slots.sort((a, b) => messages.number(a, SEQ) - messages.number(b, SEQ))
}

function dumpQueue(state: State, queue: Queue, slots: readonly number[], turns: boolean): Dump {
  const own = slots.filter((slot) => state.queueOf(slot) === queue)
  const oldest = queue.ages.oldest()
  return {
    definition: queue.definition,
    visible: queue.visible,
    inFlight: queue.inFlight,
    delayed: queue.delayed,
    oldestSentAt: oldest === 0 ? undefined : state.messages.number(oldest, SENT_AT),
    purgedAt: turns ? queue.purgedAt : undefined,
    dedup: [...(queue.dedup?.entries(state.now) ?? [])].sort(byKey),
    attempts: [...(queue.attempts?.entries(state.now) ?? [])].sort(byKey),
    moveTasks: queue.moveTasks,
    arrivals: sorted(queue.arrivals),
    places: [...queue.places].sort(([a], [b]) => a - b),
    messages: own.map((slot) => dumpMessage(state, slot, turns)),
    turns: turns ? dumpTurns(state, queue, own) : undefined,
  }
}

function sorted(arrivals: Arrivals): unknown {
  return [...arrivals].sort(([a], [b]) => a - b)
}

function byKey(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : 1
}

function dumpMessage(state: State, slot: number, places: boolean): Dump {
  const { messages } = state
  const phase = messages.phase(slot)
  const received = messages.int(slot, RECEIVE_COUNT) > 0
  // On a FIFO queue the queue's delay says when it ends.
  const due = phase === IN_FLIGHT || (phase === DELAYED && !state.queueOf(slot).fifo)
  return {
    seq: messages.number(slot, SEQ),
    phase: { [READY]: 'ready', [DELAYED]: 'delayed', [IN_FLIGHT]: 'in flight' }[phase],
    dueAt: due ? messages.number(slot, DUE_AT) : undefined,
    priority: messages.priority(slot),
    group: state.lines.get(messages.int(slot, LINE)).group,
    sentAt: messages.number(slot, SENT_AT),
    receiveCount: messages.int(slot, RECEIVE_COUNT),
    countBefore: messages.countBefore(slot),
    firstReceived: received ? messages.other(slot, FIRST_RECEIVED) : undefined,
    leased: phase === IN_FLIGHT ? messages.other(slot, LEASED) : undefined,
    source: state.sources.get(messages.other(slot, SOURCE)),
    position: places ? messages.number(slot, POSITION) : undefined,
    length: places ? messages.int(slot, LENGTH) : undefined,
  }
}

/** What comes next, and the tickets by which it was found. */
function dumpTurns(state: State, queue: Queue, own: readonly number[]): unknown {
  if (queue.groups !== undefined) {
    const ring: string[] = []
    for (let group = queue.groups.first(); group !== undefined; group = group.ringNext) ring.push(group.group)
    return ring
  }
  const next = queue.lanes!.next()
  const lanes = new Set(own.map((slot) => state.lines.get(state.messages.int(slot, LINE)) as Lane))
  const tenants = [...lanes].filter(({ group }) => group !== undefined)
  return {
    next: next === 0 ? undefined : state.messages.number(next, SEQ),
    tenants: tenants
      .filter((lane) => own.some((slot) => isReadyIn(state, lane, slot)))
      .map(({ group, level, ticket, servedTurn }) => [level.priority, group, ticket, servedTurn])
      .sort(),
  }
}

function isReadyIn(state: State, lane: Lane, slot: number): boolean {
  return state.messages.phase(slot) === READY && state.messages.int(slot, LINE) === lane.id
}
