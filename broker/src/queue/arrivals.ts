/**
 * Messages that come from another shard (departures.ts): a dead letter keeps its identity and its history, a redriven
 * message begins anew. Of each shard that sends it messages a queue remembers the highest number that came, and the
 * last one that was refused. Numbers from one shard to one queue come in order, and the next batch only when what
 * became of the last is durable there. So:
 *
 *     the number that was refused last    is refused again, whatever has changed: its message may be back in its queue
 *     any other that is not higher        is a repeat
 *
 * A refusal is durable before it is answered. That the queue does not exist is one, too: what is known of its name
 * is kept (arrival-memory.ts).
 */

import { type Arrivals, type Known, remember } from './arrival-memory.ts'
import { allowsRedriveFrom } from './attributes.ts'
import { noRoomForMessage } from './capacity.ts'
import type { Answers, ArriveCommand, Traveller } from './command.ts'
import type { Emit } from './decide.ts'
import type { ArrivalsKnown, ArrivalsTold, Arrived } from './event.ts'
import { READY } from './message-table.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { evolveRelocated } from './relocate.ts'
import type { State } from './state.ts'

const NOTHING: Known = Object.freeze({ arrived: 0, refused: 0 })
const MISSING: Problem = Object.freeze({ problem: 'QueueDoesNotExist' })
const REFUSED_BEFORE: Problem = Object.freeze({
  problem: 'UnsupportedOperation',
  text: 'It was refused before.',
})

export function decideArrive(
  state: State,
  queue: Queue | undefined,
  command: ArriveCommand,
  now: number,
  emit: Emit,
): Answers['arrive'] {
  const { from, travellers } = command
  let upTo = 0
  for (const traveller of travellers) {
    const { number } = traveller
    const known = knownOf(state, queue, command)
    if (!isRepeat(number, known)) {
      const refused = refusedBefore(state, from, number, known) ?? refusal(state, queue, traveller, now)
      // Nothing behind it may come in: a repetition of this command could not be told from one that took it.
      if (refused !== undefined) {
        if (refused !== REFUSED_BEFORE) emit(told(command, known.arrived, number, now))
        return { upTo, refused }
      }
      emit(arrived(state, queue!, from, traveller, now))
    }
    upTo = number
  }
  return { upTo, refused: undefined }
}

function knownOf(state: State, queue: Queue | undefined, { queue: name, from }: ArriveCommand): Known {
  const arrivals = queue === undefined ? state.arrivals.of(name) : queue.arrivals
  return arrivals?.get(from) ?? NOTHING
}

function isRepeat(number: number, { arrived, refused }: Known): boolean {
  return number !== refused && number <= Math.max(arrived, refused)
}

function refusedBefore(state: State, from: number, number: number, known: Known): Problem | undefined {
  const isForgotten = known === NOTHING && number <= state.arrivals.floor(from)
  return number === known.refused || isForgotten ? REFUSED_BEFORE : undefined
}

/** The same that a queue on the same shard is asked. */
function refusal(
  state: State,
  queue: Queue | undefined,
  traveller: Traveller,
  now: number,
): Problem | undefined {
  if (queue === undefined) return MISSING
  if (queue.fifo !== traveller.fifo)
    return { problem: 'UnsupportedOperation', text: 'Another type of queue.' }
  const policy = queue.definition.attributes['RedriveAllowPolicy']
  if (!traveller.redrive && !allowsRedriveFrom(policy, traveller.source)) {
    return { problem: 'UnsupportedOperation', text: 'The RedriveAllowPolicy does not allow it.' }
  }
  return noRoomForMessage(state, queue, now)
}

function told({ queue, from }: ArriveCommand, arrived: number, refused: number, at: number): ArrivalsTold {
  return { kind: 'arrivalsTold', at, queue, from, arrived, refused }
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
  const { queueId, from, number } = event
  const queue = number === 0 ? undefined : state.queues.get(queueId)
  if (queue !== undefined) remember(queue.arrivals, from, { arrived: number, refused: 0 })
  evolveRelocated(state, event, position, length)
}

export function evolveArrivalsKnown(state: State, event: ArrivalsKnown): void {
  const queue = state.queues.get(event.queueId)
  if (queue !== undefined) remember(queue.arrivals, event.from, { arrived: event.number, refused: 0 })
}

export function evolveArrivalsTold(state: State, event: ArrivalsTold): void {
  const { queue: name, from, refused } = event
  if (name === undefined) return state.arrivals.raiseFloor(from, refused)
  const known = state.queuesByName.get(name)?.arrivals ?? state.arrivals.of(name)
  const arrivals: Arrivals = known ?? new Map()
  remember(arrivals, from, event)
  if (known === undefined) state.arrivals.keep(name, arrivals)
}
