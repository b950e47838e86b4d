/**
 * Everything that a client could ever notice of a state, as plain values: of the broker's state and of the truth,
 * in one form, so that the two can be compared. What is over by now counts as over, whether or not anybody has
 * looked since.
 */

import {
  DELAYED,
  DUE_AT,
  FIRST_RECEIVED,
  IN_FLIGHT,
  LEASED,
  LINE,
  RECEIVE_COUNT,
  SENT_AT,
  SEQ,
  SOURCE,
} from '../broker/src/queue/message-table.ts'
import type { Queue as BrokerQueue } from '../broker/src/queue/queue.ts'
import type { State } from '../broker/src/queue/state.ts'
import { liveSlots } from '../broker/test/support/dump.ts'
import { DEDUPLICATION_MS, dueAtOf, type Message, type Model, type Queue } from './model.ts'

/** One line a thing, no two alike; equal exactly when the lines are, in whichever order. */
export type View = readonly string[]

export function viewOfState(state: State, now: number, latest: number): View {
  const salt = state.opened ? Buffer.from(state.salt.buffer).toString('hex') : ''
  const lines = [`next ${state.nextSeq} ${state.nextQueueId} ${salt}`]
  for (const queue of byId(state.queues)) {
    lines.push(...queueLines(queue.definition, queue.moveTasks))
    for (const [key, seq, at] of queue.dedup?.entries(latest) ?? []) {
      lines.push(`memory ${queue.id} ${JSON.stringify(key)} ${seq} ${at}`)
    }
    lines.push(
      ...attemptLines(queue.id, now, attemptsOf(queue, latest), (seq) => receivesOf(state, seq, now)),
    )
  }
  for (const slot of liveSlots(state)) {
    if (isReachable(state, slot)) lines.push(messageLine(state, slot, now))
  }
  return lines
}

export function viewOfModel(model: Model, now: number, latest: number): View {
  const lines = [`next ${model.nextSeq} ${model.nextQueueId} ${model.salt}`]
  for (const queue of byId(model.queues)) {
    const { definition } = queue
    lines.push(...queueLines(definition, queue.moveTasks))
    for (const { dedupId, group, seq, at } of queue.dedup) {
      const key = group === undefined ? dedupId : `${group}\u0000${dedupId}`
      if (at + DEDUPLICATION_MS > latest)
        lines.push(`memory ${definition.id} ${JSON.stringify(key)} ${seq} ${at}`)
    }
    const attempts = [...queue.attempts].filter(([, { at }]) => at + DEDUPLICATION_MS > latest)
    lines.push(...attemptLines(definition.id, now, attempts, (seq) => heldReceives(model, seq, now)))
  }
  for (const message of model.messages.values()) lines.push(truthLine(message, now))
  return lines
}

/** A line that only one of the two has. */
export function difference(a: View, b: View, names: readonly [string, string]): string | undefined {
  const left = new Set(a)
  const onlyB = b.find((line) => !left.delete(line))
  if (onlyB === undefined && left.size === 0) return undefined
  const [onlyA = 'nothing'] = left
  return `${names[0]}: ${onlyA}\n  ${names[1]}: ${onlyB ?? 'nothing'}`
}

function byId<Value>(map: ReadonlyMap<number, Value>): readonly Value[] {
  return [...map].sort(([a], [b]) => a - b).map(([, value]) => value)
}

function queueLines(definition: Queue['definition'], tasks: Queue['moveTasks']): string[] {
  return [
    `queue ${JSON.stringify(definition)}`,
    ...tasks.map(
      (task) => `task ${definition.id} ${task.taskId} ${task.status} ${task.moved}/${task.toMove}`,
    ),
  ]
}

type Attempts = readonly (readonly [
  string,
  {
    readonly until: number
    readonly messages: readonly { readonly seq: number; readonly receiveCount: number }[]
  },
])[]

function attemptsOf(queue: BrokerQueue, now: number): Attempts {
  return [...(queue.attempts?.entries(now) ?? [])].map(([key, attempt]) => [key, attempt] as const)
}

/** Only what an attempt still holds; one that is over, or whose messages are gone, may be forgotten. */
function attemptLines(
  queueId: number,
  now: number,
  attempts: Attempts,
  receivesOf: (seq: number) => number | undefined,
): string[] {
  return attempts.flatMap(([key, { until, messages }]) => {
    const held = messages.filter(({ seq, receiveCount }) => receivesOf(seq) === receiveCount)
    const list = held.map(({ seq, receiveCount }) => `${seq}:${receiveCount}`).sort()
    return list.length === 0 || until <= now ? [] : [`attempt ${queueId} ${key} ${until} ${list.join()}`]
  })
}

/** How often a message in flight was received. */
function receivesOf(state: State, seq: number, now: number): number | undefined {
  const slot = state.index.get(seq)
  if (slot === 0 || state.messages.phase(slot) !== IN_FLIGHT) return undefined
  if (state.messages.number(slot, DUE_AT) <= now) return undefined
  return state.messages.int(slot, RECEIVE_COUNT)
}

function heldReceives(model: Model, seq: number, now: number): number | undefined {
  const message = model.messages.get(seq)
  return message?.phase === 'in flight' && message.dueAt > now ? message.receiveCount : undefined
}

function messageLine(state: State, slot: number, now: number): string {
  const { messages } = state
  const queue = state.queueOf(slot)
  const sentAt = messages.number(slot, SENT_AT)
  const phase = messages.phase(slot)
  const waits = phase === DELAYED && queue.fifo
  const dueAt = waits ? sentAt + queue.settings.delayMs : messages.number(slot, DUE_AT)
  const pending = (phase === DELAYED || phase === IN_FLIGHT) && dueAt > now
  const receives = messages.int(slot, RECEIVE_COUNT)
  const firstReceivedAt = receives === 0 ? 0 : sentAt + messages.other(slot, FIRST_RECEIVED)
  const leasedAt = pending && phase === IN_FLIGHT ? sentAt + messages.other(slot, LEASED) : 0
  const until = pending ? `${phase === DELAYED ? 'delayed' : 'in flight'} until ${dueAt}` : 'ready'
  const { group } = state.lines.get(messages.int(slot, LINE))
  const source = state.sources.get(messages.other(slot, SOURCE))
  return `message ${messages.number(slot, SEQ)} ${queue.id} ${until} priority ${messages.priority(slot)} group ${group} sent ${sentAt} received ${receives} before ${messages.countBefore(slot)} first ${firstReceivedAt} leased ${leasedAt} from ${source}`
}

function truthLine(message: Message, now: number): string {
  const { seq, queue, phase, priority, group, sentAt, receiveCount, countBefore, source } = message
  const dueAt = dueAtOf(message)
  const pending = phase !== 'ready' && dueAt > now
  const firstReceivedAt = receiveCount === 0 ? 0 : message.firstReceivedAt
  const leasedAt = pending && phase === 'in flight' ? message.leasedAt : 0
  const until = pending ? `${phase} until ${dueAt}` : 'ready'
  return `message ${seq} ${queue.definition.id} ${until} priority ${priority} group ${group} sent ${sentAt} received ${receiveCount} before ${countBefore} first ${firstReceivedAt} leased ${leasedAt} from ${source}`
}

/** A purged message may still take up memory; it is nobody's. */
function isReachable(state: State, slot: number): boolean {
  const queue = state.queueOf(slot)
  return state.queues.get(queue.id) === queue
}
