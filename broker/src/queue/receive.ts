/**
 * Receiving: the next messages go in flight, each for its visibility timeout. A message that has been received as
 * often as its queue's redrive policy allows is moved away instead, here and nowhere else (an SQS rule).
 */

import type { Attempt } from './attempts.ts'
import { allowsRedriveFrom } from './attributes.ts'
import { noRoomForAttempt } from './capacity.ts'
import type { ReceiveCommand, UndoReceiveCommand } from './command.ts'
import type { Emit } from './decide.ts'
import { decideDeparting } from './departures.ts'
import type { DeadLettered, LeaseRenewed, Received, ReceiveUndone } from './event.ts'
import { EXHAUSTED_PER_RECEIVE_MAX, IN_FLIGHT_MAX, SECOND_MS } from './limits.ts'
import {
  DUE_AT,
  FIRST_RECEIVED,
  IN_FLIGHT,
  LEASED,
  LENGTH,
  LINE,
  NEXT,
  POSITION,
  READY,
  RECEIVE_COUNT,
  SENT_AT,
  SEQ,
  SOURCE,
} from './message-table.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { decodeReceipt, encodeReceipt } from './receipt.ts'
import type { State } from './state.ts'

/** A message handed out: everything but what only the log has, which is at `position`. */
export interface Taken {
  readonly messageId: string
  readonly seq: number
  readonly fifo: boolean
  readonly receipt: string
  readonly sentAt: number
  readonly receiveCount: number
  readonly firstReceivedAt: number
  readonly deadLetterSource: string | undefined
  readonly position: number
  readonly length: number
}

export interface ReceiveDecision {
  readonly taken: readonly Taken[]
  /** How long a poll that got nothing may wait for more. */
  readonly waitMs: number
  /** True when so many exhausted messages were moved that the search ended early. */
  readonly more: boolean
}

/** What one receive has gathered so far. */
interface Gathering {
  readonly max: number
  readonly until: number
  readonly attemptId: string | undefined
  readonly taken: Taken[]
  moves: number
}

export function decideReceive(
  state: State,
  queue: Queue,
  command: ReceiveCommand,
  now: number,
  emit: Emit,
): ReceiveDecision | Problem {
  const { settings } = queue
  const waitMs = command.waitSeconds === undefined ? settings.waitMs : command.waitSeconds * SECOND_MS
  const until =
    now +
    (command.visibilitySeconds === undefined ? settings.visibilityMs : command.visibilitySeconds * SECOND_MS)
  if (command.attemptId !== undefined && queue.attempts !== undefined) {
    const repeated = repeatAttempt(state, queue, command.attemptId, until, now, emit)
    if (repeated !== undefined)
      return 'problem' in repeated ? repeated : { taken: repeated, waitMs, more: false }
    const full = noRoomForAttempt(queue, now)
    if (full !== undefined) return full
  }
  if (queue.inFlight >= IN_FLIGHT_MAX) return overLimit(queue, waitMs)
  const gathering: Gathering = {
    max: Math.min(command.max, IN_FLIGHT_MAX - queue.inFlight),
    until,
    attemptId: queue.attempts === undefined ? undefined : command.attemptId,
    taken: [],
    moves: 0,
  }
  if (queue.lanes !== undefined) gatherStandard(state, queue, gathering, now, emit)
  else gatherFifo(state, queue, gathering, now, emit)
  return { taken: gathering.taken, waitMs, more: gathering.moves >= EXHAUSTED_PER_RECEIVE_MAX }
}

/** Too many in flight: an error on a short poll of a standard queue, else just nothing (an SQS rule). */
function overLimit(queue: Queue, waitMs: number): ReceiveDecision | Problem {
  if (queue.fifo || waitMs > 0) return { taken: [], waitMs, more: false }
  return { problem: 'OverLimit', text: `Too many messages in flight: the limit is ${IN_FLIGHT_MAX}.` }
}

function gatherStandard(state: State, queue: Queue, gathering: Gathering, now: number, emit: Emit): void {
  while (gathering.taken.length < gathering.max && gathering.moves < EXHAUSTED_PER_RECEIVE_MAX) {
    const slot = queue.lanes!.next()
    if (slot === 0) return
    takeOrMove(state, queue, slot, gathering, now, emit)
  }
}

/** Group after group; each from its head up to the first message that is in flight. */
function gatherFifo(state: State, queue: Queue, gathering: Gathering, now: number, emit: Emit): void {
  for (let group = queue.groups!.first(); group !== undefined; group = queue.groups!.first()) {
    for (let slot = group.head; slot !== 0 && state.messages.phase(slot) === READY; ) {
      if (gathering.taken.length >= gathering.max || gathering.moves >= EXHAUSTED_PER_RECEIVE_MAX) return
      const next = state.messages.int(slot, NEXT)
      takeOrMove(state, queue, slot, gathering, now, emit)
      slot = next
    }
  }
}

function takeOrMove(
  state: State,
  queue: Queue,
  slot: number,
  gathering: Gathering,
  now: number,
  emit: Emit,
): void {
  const seq = state.messages.number(slot, SEQ)
  const move = exhaustedMove(state, queue, slot)
  if (move === 'none') {
    emit({ kind: 'received', at: now, seq, until: gathering.until, attemptId: gathering.attemptId })
    gathering.taken.push(describe(state, queue, slot))
    return
  }
  gathering.moves += 1
  if (move === 'discard') emit({ kind: 'discarded', at: now, seq })
  else if (move === 'departs') {
    decideDeparting(state, queue, slot, queue.settings.redrive!.target, undefined, now, emit)
  } else emit({ kind: 'deadLettered', at: now, seq, queueId: move.id })
}

/** What becomes of a message that would be received once more: delivered, or out of the queue's way. */
function exhaustedMove(state: State, queue: Queue, slot: number): Queue | 'discard' | 'departs' | 'none' {
  const { redrive, discard } = queue.settings
  if (redrive === undefined) return 'none'
  const { messages } = state
  if (messages.int(slot, RECEIVE_COUNT) - messages.countBefore(slot) < redrive.maxReceiveCount) return 'none'
  if (discard) return 'discard'
  if (state.elsewhere?.(redrive.target, queue.name) === true) return 'departs'
  const target = state.queuesByName.get(redrive.target)
  // A dead-letter queue that is gone, or refuses: the message stays and goes on being delivered. Never lost.
  if (target === undefined || target === queue || target.fifo !== queue.fifo) return 'none'
  return allowsRedriveFrom(target.definition.attributes['RedriveAllowPolicy'], queue.name) ? target : 'none'
}

function describe(state: State, queue: Queue, slot: number): Taken {
  const { messages } = state
  const seq = messages.number(slot, SEQ)
  const sentAt = messages.number(slot, SENT_AT)
  const receiveCount = messages.int(slot, RECEIVE_COUNT)
  return {
    messageId: state.messageId(seq),
    seq,
    fifo: queue.fifo,
    receipt: encodeReceipt(queue.id, seq, receiveCount, state.salt),
    sentAt,
    receiveCount,
    firstReceivedAt: sentAt + messages.other(slot, FIRST_RECEIVED),
    deadLetterSource: state.sources.get(messages.other(slot, SOURCE)),
    position: messages.number(slot, POSITION),
    length: messages.int(slot, LENGTH),
  }
}

/**
 * The same attempt id within five minutes: the same messages, with the same handles, their leases begun anew.
 * Refused once a lease was changed; a message deleted since is left out; after the timeout it is a new receive.
 */
function repeatAttempt(
  state: State,
  queue: Queue,
  attemptId: string,
  until: number,
  now: number,
  emit: Emit,
): Taken[] | Problem | undefined {
  const attempt = queue.attempts!.get(attemptId, now)
  if (attempt === undefined || attempt.until <= now) return undefined
  const held = heldMessages(state, queue, attempt)
  if (!held.every((slot) => isLeasedUntil(state, slot, attempt.until))) {
    return {
      problem: 'InvalidParameter',
      parameter: 'ReceiveRequestAttemptId',
      value: attemptId,
      reason: 'The visibility timeout of a message received with it was changed.',
    }
  }
  for (const slot of held) {
    emit({ kind: 'leaseRenewed', at: now, seq: state.messages.number(slot, SEQ), until, attemptId })
  }
  return held.map((slot) => describe(state, queue, slot))
}

function isLeasedUntil(state: State, slot: number, until: number): boolean {
  return state.messages.phase(slot) === IN_FLIGHT && state.messages.number(slot, DUE_AT) === until
}

function heldMessages(state: State, queue: Queue, attempt: Attempt): number[] {
  const held: number[] = []
  for (const { seq, receiveCount } of attempt.messages) {
    const slot = state.index.get(seq)
    if (slot === 0 || state.queueOf(slot) !== queue) continue
    if (state.messages.int(slot, RECEIVE_COUNT) === receiveCount) held.push(slot)
  }
  return held
}

export function decideUndoReceive(
  state: State,
  queue: Queue,
  command: UndoReceiveCommand,
  now: number,
  emit: Emit,
): void {
  for (const handle of command.receipts) {
    const receipt = decodeReceipt(handle, state.salt)
    const slot = receipt === undefined ? 0 : state.index.get(receipt.seq)
    if (slot === 0 || state.queueOf(slot) !== queue || state.messages.phase(slot) !== IN_FLIGHT) continue
    if (state.messages.int(slot, RECEIVE_COUNT) !== receipt!.receiveCount) continue
    emit({ kind: 'receiveUndone', at: now, seq: receipt!.seq })
  }
}

export function evolveReceived(state: State, event: Received): void {
  const slot = state.index.get(event.seq)
  if (slot === 0) return strayReceived(state, event)
  const { messages } = state
  const count = messages.int(slot, RECEIVE_COUNT) + 1
  const sinceSentMs = event.at - messages.number(slot, SENT_AT)
  if (count === 1) messages.setOther(slot, FIRST_RECEIVED, sinceSentMs)
  messages.setInt(slot, RECEIVE_COUNT, count)
  messages.setOther(slot, LEASED, sinceSentMs)
  state.beginLease(slot, event.until, true)
  if (event.attemptId !== undefined) rememberAttempt(state.queueOf(slot), event, count)
}

function rememberAttempt(queue: Queue, event: Received, receiveCount: number): void {
  const attemptId = event.attemptId!
  const attempts = queue.attempts!
  const known = attempts.get(attemptId, event.at)
  if (known?.at === event.at) return attempts.extend(attemptId, known, event.seq, receiveCount)
  attempts.begin(attemptId, {
    at: event.at,
    until: event.until,
    messages: [{ seq: event.seq, receiveCount }],
  })
}

/**
 * At recovery: the message's record was trimmed, and a relocated one comes later. Only then it is known to which
 * queue the attempt belongs.
 */
function strayReceived(state: State, { seq, at, until, attemptId }: Received): void {
  if (attemptId === undefined) state.strayAttempts.delete(String(seq))
  else state.strayAttempts.set(String(seq), { attemptId, at, until }, at)
}

/** A message is there again, in flight: so is its part in the attempt that took it. */
export function restoreAttempt(state: State, seq: number, slot: number, now: number): void {
  const stray = state.strayAttempts.get(String(seq), now)
  const { attempts } = state.queueOf(slot)
  if (stray === undefined || attempts === undefined) return
  const { attemptId, at, until } = stray
  const receiveCount = state.messages.int(slot, RECEIVE_COUNT)
  const known = attempts.get(attemptId, now)
  if (known === undefined || known.at < at) {
    attempts.begin(attemptId, { at, until, messages: [{ seq, receiveCount }] })
  } else if (known.at === at) {
    // A renewal of this message's lease was the attempt's, and nobody could tell then.
    known.until = until
    attempts.extend(attemptId, known, seq, receiveCount)
    known.messages.sort((a, b) => a.seq - b.seq)
  }
}

export function evolveReceiveUndone(state: State, event: ReceiveUndone): void {
  const slot = state.index.get(event.seq)
  if (slot === 0) {
    state.strayAttempts.delete(String(event.seq))
    return
  }
  // A repetition of its attempt must neither wait for it nor hand it out beside whoever receives it next.
  state.queueOf(slot).attempts?.release(event.seq, event.at)
  state.messages.setInt(slot, RECEIVE_COUNT, state.messages.int(slot, RECEIVE_COUNT) - 1)
  if (state.messages.phase(slot) === IN_FLIGHT) state.endLease(slot)
}

export function evolveLeaseRenewed(state: State, event: LeaseRenewed): void {
  const slot = state.index.get(event.seq)
  if (slot === 0) {
    const stray = state.strayAttempts.get(String(event.seq), event.at)
    if (stray?.attemptId === event.attemptId) stray!.until = event.until
    return
  }
  state.messages.setOther(slot, LEASED, event.at - state.messages.number(slot, SENT_AT))
  state.changeLease(slot, event.until)
  if (event.attemptId === undefined) return
  const attempt = state.queueOf(slot).attempts?.get(event.attemptId, event.at)
  if (attempt !== undefined) attempt.until = event.until
}

export function evolveDeadLettered(state: State, event: DeadLettered): void {
  const slot = state.index.get(event.seq)
  const target = state.queues.get(event.queueId)
  if (slot === 0 || target === undefined) return
  const { messages } = state
  const source = state.queueOf(slot)
  const group = state.lines.get(messages.int(slot, LINE)).group
  state.leave(slot)
  state.sources.release(messages.other(slot, SOURCE))
  messages.setOther(slot, SOURCE, state.sources.take(source.name))
  messages.setCountBefore(slot, messages.int(slot, RECEIVE_COUNT))
  if (target.fifo) restartAge(state, slot, event.at)
  state.enter(target, slot, group)
  state.beginReady(target, slot)
}

/** 24 days: what a record's field holds. A chain of dead-letter queues in which a message lay for longer says this. */
const FIRST_RECEIVED_MS_MIN = -(2 ** 31)

/** A FIFO dead-letter queue counts retention from the arrival, a standard one from the first send (an SQS rule). */
function restartAge(state: State, slot: number, at: number): void {
  const { messages } = state
  const olderMs = at - messages.number(slot, SENT_AT)
  messages.setNumber(slot, SENT_AT, at)
  const firstReceivedMs = messages.other(slot, FIRST_RECEIVED) - olderMs
  messages.setOther(slot, FIRST_RECEIVED, Math.max(firstReceivedMs, FIRST_RECEIVED_MS_MIN))
}
