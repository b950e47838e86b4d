/** Changing how long a received message stays hidden. */

import type { Emit } from './decide.ts'
import type { VisibilityChanged } from './event.ts'
import { LEASE_MS_MAX, SECOND_MS, VISIBILITY_SECONDS_MAX } from './limits.ts'
import { IN_FLIGHT, LEASED, READY, RECEIVE_COUNT, SENT_AT } from './message-table.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { decodeReceipt } from './receipt.ts'
import type { State } from './state.ts'

/**
 * A standard queue takes any handle of a message that it still has, an older one too, and also after the timeout
 * has passed (seen on AWS); a FIFO queue only the newest one while it is in flight.
 */
export function decideChangeVisibility(
  state: State,
  queue: Queue,
  handle: string,
  visibilitySeconds: number,
  now: number,
  emit: Emit,
): Problem | undefined {
  const receipt = decodeReceipt(handle, state.salt)
  if (receipt === undefined || receipt.queueId !== queue.id) {
    return { problem: 'ReceiptHandleIsInvalid', receipt: handle }
  }
  const slot = state.index.get(receipt.seq)
  if (slot === 0 || state.queueOf(slot) !== queue) return notAvailable(handle)
  const inFlight = state.messages.phase(slot) === IN_FLIGHT
  const newest = state.messages.int(slot, RECEIVE_COUNT) === receipt.receiveCount
  if (queue.fifo && !(inFlight && newest)) return notAvailable(handle)
  const until = now + visibilitySeconds * SECOND_MS
  if (visibilitySeconds > 0 && inFlight && until > leaseEndMax(state, slot))
    return beyondLimit(visibilitySeconds)
  if (inFlight || visibilitySeconds > 0) emit({ kind: 'visibilityChanged', at: now, seq: receipt.seq, until })
  return undefined
}

/** Twelve hours in all, counted from the receive. */
function leaseEndMax(state: State, slot: number): number {
  return state.messages.number(slot, SENT_AT) + state.messages.other(slot, LEASED) + LEASE_MS_MAX
}

function notAvailable(handle: string): Problem {
  return {
    problem: 'InvalidParameter',
    parameter: 'ReceiptHandle',
    value: handle,
    reason: 'Message does not exist or is not available for visibility timeout change.',
  }
}

function beyondLimit(visibilitySeconds: number): Problem {
  return {
    problem: 'InvalidParameter',
    parameter: 'VisibilityTimeout',
    value: String(visibilitySeconds),
    reason: `Total VisibilityTimeout for the message is beyond the limit [${VISIBILITY_SECONDS_MAX} seconds].`,
  }
}

export function evolveVisibilityChanged(state: State, event: VisibilityChanged): void {
  const slot = state.index.get(event.seq)
  if (slot === 0) return
  if (state.messages.phase(slot) === READY) {
    // The lease was over: a new one begins, which counts from now.
    state.messages.setOther(slot, LEASED, event.at - state.messages.number(slot, SENT_AT))
    state.beginLease(slot, event.until, false)
  } else if (event.until <= event.at) state.endLease(slot)
  else state.changeLease(slot, event.until)
}
