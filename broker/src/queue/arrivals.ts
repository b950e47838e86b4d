/**
 * Messages that come from another shard (departures.ts): a dead letter keeps its identity and its history, a redriven
 * message begins anew. Each queue remembers the highest number that came from each shard. Numbers from one shard to
 * one queue come in order, so one that is not higher is a repeat.
 */

import { allowsRedriveFrom } from './attributes.ts'
import { noRoomForMessage } from './capacity.ts'
import type { Answers, ArriveCommand, Traveller } from './command.ts'
import type { Emit } from './decide.ts'
import type { ArrivalsKnown, Arrived } from './event.ts'
import { READY } from './message-table.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { evolveRelocated } from './relocate.ts'
import type { State } from './state.ts'

export function decideArrive(
  state: State,
  queue: Queue,
  command: ArriveCommand,
  now: number,
  emit: Emit,
): Answers['arrive'] {
  const { from, travellers } = command
  let upTo = queue.arrivals.get(from) ?? 0
  for (const traveller of travellers) {
    if (traveller.number <= upTo) continue
    const refused = refusal(state, queue, traveller, now)
    // Nothing behind it may come in: a repetition of this command could not be told from one that took it.
    if (refused !== undefined) return { upTo, refused }
    emit(arrived(state, queue, from, traveller, now))
    upTo = traveller.number
  }
  return { upTo, refused: undefined }
}

/** The same that a queue on the same shard is asked. */
function refusal(state: State, queue: Queue, traveller: Traveller, now: number): Problem | undefined {
  if (queue.fifo !== traveller.fifo)
    return { problem: 'UnsupportedOperation', text: 'Another type of queue.' }
  const policy = queue.definition.attributes['RedriveAllowPolicy']
  if (!traveller.redrive && !allowsRedriveFrom(policy, traveller.source)) {
    return { problem: 'UnsupportedOperation', text: 'The RedriveAllowPolicy does not allow it.' }
  }
  return noRoomForMessage(state, queue, now)
}

function arrived(state: State, queue: Queue, from: number, traveller: Traveller, now: number): Arrived {
  const { number, priority, group, dedupId, content } = traveller
  const common = {
    kind: 'arrived',
    at: now,
    seq: state.nextSeq,
    queueId: queue.id,
    from,
    number,
    phase: READY,
    dueAt: 0,
    priority,
    group,
    dedupId,
    content,
    leasedMs: 0,
  } as const
  if (traveller.redrive) {
    const fresh = { messageId: undefined, sentAt: now, source: undefined }
    return { ...common, ...fresh, countBefore: 0, receiveCount: 0, firstReceivedMs: 0 }
  }
  const { messageId, source, receiveCount } = traveller
  // A FIFO dead-letter queue counts retention from the arrival, a standard one from the first send (an SQS rule).
  const sentAt = queue.fifo ? now : traveller.sentAt
  const firstReceivedMs = Math.max(traveller.firstReceivedAt - sentAt, -(2 ** 31))
  return { ...common, messageId, source, sentAt, countBefore: receiveCount, receiveCount, firstReceivedMs }
}

export function evolveArrived(state: State, event: Arrived, position: number, length: number): void {
  const queue = state.queues.get(event.queueId)
  if (queue !== undefined) remember(queue, event.from, event.number)
  evolveRelocated(state, event, position, length)
}

export function evolveArrivalsKnown(state: State, event: ArrivalsKnown): void {
  const queue = state.queues.get(event.queueId)
  if (queue !== undefined) remember(queue, event.from, event.number)
}

function remember(queue: Queue, from: number, number: number): void {
  if (number > (queue.arrivals.get(from) ?? 0)) queue.arrivals.set(from, number)
}
