/** Messages that have outlived their queue's retention vanish, in flight or not (an SQS rule). */

import type { Emit } from './decide.ts'
import type { Expired, QueuePurged } from './event.ts'
import { SENT_AT } from './message-table.ts'
import type { Queue } from './queue.ts'
import type { State } from './state.ts'

/** Asked before anything else is decided about a queue, so that nobody sees a message that is too old. */
export function decideExpire(state: State, queue: Queue, now: number, emit: Emit): void {
  const oldest = queue.ages.oldest()
  if (oldest === 0) return
  const sentBefore = now - queue.settings.retentionMs
  if (state.messages.number(oldest, SENT_AT) > sentBefore) return
  emit({ kind: 'expired', at: now, queueId: queue.id, sentBefore })
}

/** So many are removed at once where all have expired; of more only the memory is given back, bit by bit. */
const REMOVED_AT_ONCE_MAX = 1000

/**
 * A queue of which everything has expired is vacated, as by a purge: after a long stop that may be millions. Where
 * newer messages remain the older are removed at once, however many: their order and counts must be right by then.
 */
export function evolveExpired(state: State, event: Expired): void {
  const queue = state.queues.get(event.queueId)
  if (queue === undefined) return
  const { lanes } = queue
  const messages = queue.visible + queue.inFlight + queue.delayed
  if (messages <= REMOVED_AT_ONCE_MAX || !queue.ages.allSentBefore(event.sentBefore)) {
    return removeSentBefore(state, queue, event.sentBefore)
  }
  state.vacate(queue)
  if (lanes !== undefined) queue.lanes!.countOnFrom(lanes)
}

export function evolveQueuePurged(state: State, event: QueuePurged): void {
  const queue = state.queues.get(event.queueId)
  if (queue === undefined) return
  queue.purgedAt = event.at
  queue.dedup?.clear()
  queue.attempts?.clear()
  state.vacate(queue)
}

function removeSentBefore(state: State, queue: Queue, sentBefore: number): void {
  for (let slot = queue.ages.oldest(); slot !== 0; slot = queue.ages.oldest()) {
    if (state.messages.number(slot, SENT_AT) > sentBefore) return
    state.remove(slot)
  }
}
