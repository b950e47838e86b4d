/**
 * Space comes back by moving: a live message of the oldest segment is appended again with all that has happened
 * to it, and then that segment can go.
 */

import type { Known } from './arrival-memory.ts'
import type { Emit } from './decide.ts'
import type { Arrived, Event, Opened, Relocated } from './event.ts'
import type { StoredMessage } from './event-codec.ts'
import {
  DELAYED,
  DUE_AT,
  FIRST_RECEIVED,
  IN_FLIGHT,
  LEASED,
  LENGTH,
  POSITION,
  READY,
  RECEIVE_COUNT,
  SENT_AT,
  SOURCE,
} from './message-table.ts'
import type { Queue } from './queue.ts'
import { restoreAttempt } from './receive.ts'
import type { State } from './state.ts'

/** True where the record at `position` is the one that a live message is read from. */
export function isLiveAt(state: State, seq: number, position: number): boolean {
  const slot = state.index.get(seq)
  return slot !== 0 && state.messages.number(slot, POSITION) === position && state.isReachable(slot)
}

export function decideRelocate(
  state: State,
  seq: number,
  message: StoredMessage,
  now: number,
  emit: Emit,
): void {
  const slot = state.index.get(seq)
  const { messages } = state
  const queue = state.queueOf(slot)
  const phase = messages.phase(slot)
  const relocated = {
    at: now,
    seq,
    queueId: queue.id,
    phase,
    dueAt: phase === READY ? 0 : messages.number(slot, DUE_AT),
    sentAt: messages.number(slot, SENT_AT),
    source: state.sources.get(messages.other(slot, SOURCE)),
    countBefore: messages.countBefore(slot),
    receiveCount: messages.int(slot, RECEIVE_COUNT),
    firstReceivedMs: messages.other(slot, FIRST_RECEIVED),
    leasedMs: messages.other(slot, LEASED),
    priority: message.priority,
    group: message.group,
    dedupId: message.dedupId,
    content: message.content,
  }
  const { messageId } = message
  if (messageId === undefined) emit({ kind: 'relocated', ...relocated })
  else emit({ kind: 'arrived', ...relocated, messageId, from: 0, number: 0 })
  const departure = state.departures.get(seq)
  if (departure !== undefined) emit({ kind: 'departing', at: now, ...departure, taskId: undefined })
}

export function evolveRelocated(
  state: State,
  event: Relocated | Arrived,
  position: number,
  length: number,
): void {
  const known = state.index.get(event.seq)
  if (known !== 0) moveRecord(state, known, position, length)
  else restore(state, event, position, length)
}

function moveRecord(state: State, slot: number, position: number, length: number): void {
  const { messages, space } = state
  space.remove(messages.number(slot, POSITION), messages.int(slot, LENGTH))
  messages.setNumber(slot, POSITION, position)
  messages.setInt(slot, LENGTH, length)
  space.add(position, length)
}

/** At recovery: the records before this one are trimmed, so this one says it all. */
function restore(state: State, event: Relocated | Arrived, position: number, length: number): void {
  const queue = state.queueWith(event.queueId)
  if (queue === undefined) return
  const slot = state.create(event.seq, event.priority, event.sentAt, position, length)
  const { messages } = state
  messages.setOther(slot, SOURCE, state.sources.take(event.source))
  messages.setCountBefore(slot, event.countBefore)
  messages.setInt(slot, RECEIVE_COUNT, event.receiveCount)
  messages.setOther(slot, FIRST_RECEIVED, event.firstReceivedMs)
  messages.setOther(slot, LEASED, event.leasedMs)
  state.enter(queue, slot, event.group)
  if (event.phase === READY) state.beginReady(queue, slot)
  else if (event.phase === DELAYED) state.beginDelayed(queue, slot, event.dueAt)
  else if (event.phase === IN_FLIGHT) {
    state.beginInFlight(queue, slot, event.dueAt)
    restoreAttempt(state, event.seq, slot, event.at)
  }
}

/**
 * What every segment begins with, so that the log can be cut before any of them: the counters, and all queues
 * and move tasks as they are. Told again, they change nothing.
 */
export function decideSegmentHead(state: State, now: number, emit: Emit): void {
  const { nextSeq, nextQueueId } = state
  const salt = new Uint8Array(state.salt.buffer.slice(0))
  emit({ kind: 'opened', at: now, salt, nextSeq, nextQueueId })
  for (const [from, refused] of state.arrivals.floors()) {
    emit({ kind: 'arrivalsTold', at: now, queue: undefined, from, arrived: 0, refused })
  }
  for (const [queue, arrivals] of state.arrivals.names()) {
    for (const [from, known] of arrivals) emit({ kind: 'arrivalsTold', at: now, queue, from, ...known })
  }
  for (const queue of state.queues.values()) {
    emit({ kind: 'queueDefined', at: now, definition: queue.definition })
    for (const task of queue.moveTasks) emit({ kind: 'moveTaskChanged', at: now, task })
    const queueId = queue.id
    for (const [from, known] of queue.arrivals) emit(arrivals(now, queue, from, known))
    for (const [partition, { topicId, next }] of queue.places) {
      emit({ kind: 'fedTo', at: now, queueId, topicId, partition, next })
    }
  }
}

/** As it always was written, where nothing was refused. */
function arrivals(at: number, { id, name }: Queue, from: number, { arrived, refused }: Known): Event {
  if (refused === 0) return { kind: 'arrivalsKnown', at, queueId: id, from, number: arrived }
  return { kind: 'arrivalsTold', at, queue: name, from, arrived, refused }
}

export function evolveOpened(state: State, event: Opened): void {
  state.salt = new Int32Array(event.salt.slice().buffer)
  state.nextSeq = Math.max(state.nextSeq, event.nextSeq)
  state.nextQueueId = Math.max(state.nextQueueId, event.nextQueueId)
  state.opened = true
}
