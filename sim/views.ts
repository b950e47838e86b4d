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

/** One line a thing; equal exactly when the lines are. */
export type View = readonly string[]

export function viewOfState(state: State, now: number, latest: number): View {
  const salt = state.opened ? Buffer.from(state.salt.buffer).toString('hex') : ''
  const lines = [`next ${state.nextSeq} ${state.nextQueueId} ${salt}`]
  for (const queue of byId(state.queues)) {
    lines.push(...queueLines(queue.definition, queue.moveTasks))
    for (const [key, seq, at] of queue.dedup?.entries(latest) ?? []) {
      lines.push(`memory ${queue.id} ${JSON.stringify(key)} ${seq} ${at}`)
    }
    lines.push(...attemptLines(queue.id, now, attemptsOf(queue, latest), (seq) => receivesOf(state, seq)))
  }
  for (const slot of liveSlots(state)) {
    if (isReachable(state, slot)) lines.push(messageLine(state, slot, now))
  }
  return lines.sort()
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
    lines.push(...attemptLines(definition.id, now, attempts, (seq) => heldReceives(model, seq)))
  }
  for (const message of model.messages.values()) lines.push(truthLine(message, now))
  return lines.sort()
}

/** The first line that only one of the two has. */
export function difference(a: View, b: View, names: readonly [string, string]): string | undefined {
  const [inA, inB] = [new Set(a), new Set(b)]
  const onlyA = a.find((line) => !inB.has(line))
  const onlyB = b.find((line) => !inA.has(line))
  if (onlyA === undefined && onlyB === undefined) return undefined
  return `${names[0]}: ${onlyA ?? 'nothing'}\n  ${names[1]}: ${onlyB ?? 'nothing'}`
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
function receivesOf(state: State, seq: number): number | undefined {
  const slot = state.index.get(seq)
  if (slot === 0 || state.messages.phase(slot) !== IN_FLIGHT) return undefined
  return state.messages.int(slot, RECEIVE_COUNT)
}

function heldReceives(model: Model, seq: number): number | undefined {
  const message = model.messages.get(seq)
  return message?.phase === 'in flight' ? message.receiveCount : undefined
}

function messageLine(state: State, slot: number, now: number): string {
  const { messages } = state
  const queue = state.queueOf(slot)
  const sentAt = messages.number(slot, SENT_AT)
  const phase = messages.phase(slot)
  const waits = phase === DELAYED && queue.fifo
  const dueAt = waits ? sentAt + queue.settings.delayMs : messages.number(slot, DUE_AT)
  const pending = (phase === DELAYED || phase === IN_FLIGHT) && dueAt > now
  const names = { [DELAYED]: 'delayed', [IN_FLIGHT]: 'in flight' } as Readonly<Record<number, string>>
  const receives = messages.int(slot, RECEIVE_COUNT)
  return line({
    seq: messages.number(slot, SEQ),
    queueId: queue.id,
    phase: pending ? `${names[phase]} until ${dueAt}` : 'ready',
    priority: messages.priority(slot),
    group: queue.fifo
      ? (state.lines.get(messages.int(slot, LINE)).group ?? '')
      : state.lines.get(messages.int(slot, LINE)).group,
    sentAt,
    receives,
    countBefore: messages.countBefore(slot),
    firstReceivedAt: receives === 0 ? 0 : sentAt + messages.other(slot, FIRST_RECEIVED),
    leasedAt: pending && phase === IN_FLIGHT ? sentAt + messages.other(slot, LEASED) : 0,
    source: state.sources.get(messages.other(slot, SOURCE)),
  })
}

function truthLine(message: Message, now: number): string {
  const { receiveCount, leasedAt, firstReceivedAt } = message
  const dueAt = dueAtOf(message)
  const pending = message.phase !== 'ready' && dueAt > now
  return line({
    seq: message.seq,
    queueId: message.queue.definition.id,
    phase: pending ? `${message.phase} until ${dueAt}` : 'ready',
    priority: message.priority,
    group: message.group,
    sentAt: message.sentAt,
    receives: receiveCount,
    countBefore: message.countBefore,
    firstReceivedAt: receiveCount === 0 ? 0 : firstReceivedAt,
    leasedAt: pending && message.phase === 'in flight' ? leasedAt : 0,
    source: message.source,
  })
}

function line(fields: Readonly<Record<string, unknown>>): string {
  return `message ${Object.values(fields).map(String).join(' ')}`
}

/** A purged message may still take up memory; it is nobody's. */
function isReachable(state: State, slot: number): boolean {
  const queue = state.queueOf(slot)
  return state.queues.get(queue.id) === queue
}
