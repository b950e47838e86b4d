/** Deleting by receipt handle, with the three kinds of stale handles (SQS rules). */

import type { Emit } from './decide.ts'
import type { Deleted, Discarded } from './event.ts'
import { IN_FLIGHT, RECEIVE_COUNT } from './message-table.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { decodeReceipt } from './receipt.ts'
import type { State } from './state.ts'

/** Deletes one message. Deleting twice is no mistake; nor is, on a standard queue, a handle that was superseded. */
export function decideDelete(
  state: State,
  queue: Queue,
  handle: string,
  now: number,
  emit: Emit,
): Problem | undefined {
  const receipt = decodeReceipt(handle, state.salt)
  if (receipt === undefined || receipt.queueId !== queue.id) {
    return { problem: 'ReceiptHandleIsInvalid', receipt: handle }
  }
  const slot = state.index.get(receipt.seq)
  if (slot === 0 || state.queueOf(slot) !== queue) return undefined
  const newest = state.messages.int(slot, RECEIVE_COUNT) === receipt.receiveCount
  if (queue.fifo && !(newest && state.messages.phase(slot) === IN_FLIGHT)) return expired(handle)
  // Standard: received again since, so it is another consumer's now. Not received again, though: it is deleted.
  if (newest) emit({ kind: 'deleted', at: now, seq: receipt.seq })
  return undefined
}

function expired(handle: string): Problem {
  return {
    problem: 'InvalidParameter',
    parameter: 'ReceiptHandle',
    value: handle,
    reason: 'The receipt handle has expired.',
  }
}

export function evolveDeleted(state: State, event: Deleted | Discarded): void {
  const slot = state.index.get(event.seq)
  if (slot !== 0) state.remove(slot)
}
