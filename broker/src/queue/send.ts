/** Sending: a message is checked against its queue, recognised where it is a duplicate, and becomes an event. */

import { noRoomForMessage } from './capacity.ts'
import type { Outgoing, SendCommand, Sent } from './command.ts'
import type { Emit } from './decide.ts'
import type { Sent as SentEvent } from './event.ts'
import { SECOND_MS } from './limits.ts'
import { isProblem, type Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { dedupScopeOf } from './settings.ts'
import type { State } from './state.ts'

const NO_DEDUP_ID =
  'The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly'
const WRONG_TYPE = 'The request include parameter that is not valid for this queue type.'

export function decideSend(
  state: State,
  queue: Queue,
  command: SendCommand,
  now: number,
  emit: Emit,
): { readonly results: readonly (Sent | Problem)[] } | Problem {
  if (queue.fifo) {
    const problem = firstRequestProblem(queue, command)
    if (problem !== undefined) return problem
  }
  const results = command.entries.map((entry) => sendOne(state, queue, entry, now, emit))
  const only = results[0]
  if (!command.batch && only !== undefined && isProblem(only)) return only
  return { results }
}

/** On FIFO queues a missing id fails the whole request, a batch's as well (an SQS rule). */
function firstRequestProblem(queue: Queue, command: SendCommand): Problem | undefined {
  for (const entry of command.entries) {
    if (entry.group === undefined) {
      return command.batch
        ? { problem: 'InvalidParameterValue', text: 'The request must contain the parameter MessageGroupId.' }
        : { problem: 'MissingParameter', parameter: 'MessageGroupId' }
    }
    if (dedupIdOf(queue, entry) === undefined) return { problem: 'InvalidParameterValue', text: NO_DEDUP_ID }
  }
  return undefined
}

function sendOne(state: State, queue: Queue, entry: Outgoing, now: number, emit: Emit): Sent | Problem {
  const problem = problemOf(queue, entry)
  if (problem !== undefined) return problem
  const dedupId = queue.fifo ? dedupIdOf(queue, entry)! : undefined
  if (dedupId !== undefined) {
    const original = findDuplicate(queue, entry.group!, dedupId, now)
    if (original !== undefined) return sent(state, queue, original)
  }
  const full = noRoomForMessage(state, queue, now)
  if (full !== undefined) return full
  const seq = state.nextSeq
  emit({
    kind: 'sent',
    at: now,
    seq,
    queueId: queue.id,
    dueAt: dueAtOf(queue, entry, now),
    priority: entry.priority ?? 0,
    group: entry.group,
    dedupId,
    content: entry.content,
  })
  return sent(state, queue, seq)
}

function sent(state: State, queue: Queue, seq: number): Sent {
  return { messageId: state.messageId(seq), seq, fifo: queue.fifo }
}

function problemOf(queue: Queue, entry: Outgoing): Problem | undefined {
  if (entry.size > queue.settings.bytesMax)
    return { problem: 'MessageTooLong', bytesMax: queue.settings.bytesMax }
  if (!queue.fifo) {
    if (entry.dedupId === undefined) return undefined
    return wrongForType('MessageDeduplicationId', entry.dedupId)
  }
  if (entry.delaySeconds !== undefined && entry.delaySeconds !== 0) {
    return wrongForType('DelaySeconds', String(entry.delaySeconds))
  }
  if (entry.priority !== undefined) {
    return {
      problem: 'InvalidParameterValue',
      text: "Message attribute 'pabal.priority' is not valid for a FIFO queue: a message group has one order.",
    }
  }
  return undefined
}

function wrongForType(parameter: string, value: string): Problem {
  return { problem: 'InvalidParameter', parameter, value, reason: WRONG_TYPE }
}

function dueAtOf(queue: Queue, entry: Outgoing, now: number): number {
  if (queue.fifo) return 0
  const delayMs = entry.delaySeconds === undefined ? queue.settings.delayMs : entry.delaySeconds * SECOND_MS
  return delayMs === 0 ? 0 : now + delayMs
}

function dedupIdOf(queue: Queue, entry: Outgoing): string | undefined {
  return entry.dedupId ?? (queue.settings.contentDedup ? entry.contentHash : undefined)
}

/** Memory made under either scope counts: a changed scope must not let a duplicate through. */
function findDuplicate(queue: Queue, group: string, dedupId: string, now: number): number | undefined {
  return queue.dedup!.get(dedupId, now) ?? queue.dedup!.get(groupKey(group, dedupId), now)
}

function groupKey(group: string, dedupId: string): string {
  return `${group}\u0000${dedupId}`
}

export function evolveSent(state: State, event: SentEvent, position: number, length: number): void {
  const queue = state.queues.get(event.queueId)
  if (state.nextSeq <= event.seq) state.nextSeq = event.seq + 1
  if (queue === undefined) return
  if (queue.dedup !== undefined && event.dedupId !== undefined) {
    const byGroup = dedupScopeOf(queue.definition, event.at) === 'messageGroup'
    queue.dedup.set(byGroup ? groupKey(event.group ?? '', event.dedupId) : event.dedupId, event.seq, event.at)
  }
  const slot = state.create(event.seq, event.priority, event.at, position, length)
  state.enter(queue, slot, event.group)
  const dueAt = queue.fifo ? event.at + queue.settings.delayMs : event.dueAt
  if (dueAt > event.at) state.beginDelayed(queue, slot, dueAt)
  else state.beginReady(queue, slot)
}
