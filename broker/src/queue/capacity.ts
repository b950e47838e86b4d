/**
 * What one broker takes in all, and in how many words it says no more. Without these a client that creates, tags or
 * sends without end would end the process for all; each of them is far beyond what memory is usually there for.
 */

import { DEDUPLICATION_IDS_MAX, DEFINITIONS_BYTES_MAX, MESSAGES_MAX, QUEUES_MAX } from './limits.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import type { State } from './state.ts'

/** Before one more queue. */
export function noRoomForQueue(state: State): Problem | undefined {
  if (state.queues.size >= QUEUES_MAX) return overLimit(`Too many queues: the limit is ${QUEUES_MAX}.`)
  return noRoomForDefinition(state)
}

/** Before a change that may make a queue's definition longer. */
export function noRoomForDefinition(state: State): Problem | undefined {
  if (state.definitionBytes < DEFINITIONS_BYTES_MAX) return undefined
  return overLimit(
    `Too much is said about queues: the limit of all their attributes, policies and tags is ${DEFINITIONS_BYTES_MAX} bytes.`,
  )
}

/** Before a message that deduplicates as `queue` does. */
export function noRoomForMessage(state: State, queue: Queue, now: number): Problem | undefined {
  if (state.messages.size >= MESSAGES_MAX)
    return overLimit(`Too many messages in all queues: the limit is ${MESSAGES_MAX}.`)
  if (queue.dedup === undefined || queue.dedup.sizeAt(now) < DEDUPLICATION_IDS_MAX) return undefined
  return overLimit(
    `Too many messages within the deduplication interval: the limit is ${DEDUPLICATION_IDS_MAX}.`,
  )
}

/** Before a receive with an attempt id. */
export function noRoomForAttempt(queue: Queue, now: number): Problem | undefined {
  if (queue.attempts === undefined || queue.attempts.sizeAt(now) < DEDUPLICATION_IDS_MAX) return undefined
  return overLimit(`Too many receive attempts within five minutes: the limit is ${DEDUPLICATION_IDS_MAX}.`)
}

function overLimit(text: string): Problem {
  return { problem: 'OverLimit', text }
}
