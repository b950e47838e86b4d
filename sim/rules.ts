/**
 * What SQS allows, as a page to be read. For each kind of event: what must be so just before it. The broker may
 * choose (which queue's long poll is served first); it may not break a promise. Pabal's own promises, where SQS leaves
 * it open, are here too: priorities, tenants' turns, moved instead of delivered once too often.
 * Whether a client asked for it is requests.ts; whether the log is well kept is records.ts.
 */

import type { CrossingEvent, Event, SourceEvent } from '../broker/src/queue/event.ts'
import { discards, isExhausted, redriveOf } from './dead-letters.ts'
import { DEDUPLICATION_MS, type Message, type Model, numberOf, type Queue } from './model.ts'
import { isFirstOfItsGroup } from './turns.ts'

const LEASE_MS_MAX = 43_200_000
/** The waits of `--aws-waits`: after a purge, and before a deleted queue's name is used again. */
const WAIT_MS = 60_000

/** Not what crosses between shards, nor what comes from a topic: here is one shard, and no Kafka. */
export type Kind = Exclude<Event['kind'], (CrossingEvent | SourceEvent)['kind']>
export type Of<K extends Kind> = Extract<Event, { kind: K }>

/** An event about to count, and what it is about: a message that is there, a queue that is there. */
export interface Scene<K extends Kind = Kind> {
  readonly event: Of<K>
  readonly model: Model
  readonly message: Message
  readonly queue: Queue
  /** The latest time that the broker ever saw. */
  readonly latest: number
  readonly awsWaits: boolean
  /** The newest receive of the message has reached nobody. */
  readonly undelivered: boolean
}

type Rules<K extends Kind> = Readonly<Record<string, (the: Scene<K>) => boolean>>

const isReady = ({ message }: { readonly message: Message }): boolean => message.phase === 'ready'
const isInFlight = ({ message }: { readonly message: Message }): boolean => message.phase === 'in flight'
const isFifo = ({ queue }: { readonly queue: Queue }): boolean => queue.definition.fifo

const RULES: { readonly [K in Kind]: Rules<K> } = {
  queueDefined: {
    'a name is one queue': ({ model, event: { definition } }) =>
      (model.queueNamed(definition.name)?.definition.id ?? definition.id) === definition.id,
    'a deleted name rests for a minute': ({ model, event: { definition, at }, awsWaits }) =>
      !awsWaits || model.queues.has(definition.id) || !isWithin(model.deletedAt.get(definition.name), at),
    'throughput a message group needs deduplication a message group': ({ event: { definition } }) =>
      definition.attributes['FifoThroughputLimit'] !== 'perMessageGroupId' ||
      definition.attributes['DeduplicationScope'] === 'messageGroup',
  },
  queueDeleted: {},
  queuePurged: {
    'a purge is followed by none for a minute': ({ queue, event, awsWaits }) =>
      !awsWaits || !isWithin(queue.purgedAt, event.at),
  },
  sent: {
    'a deduplication id counts once in five minutes': ({ queue, event, latest }) =>
      !queue.dedup.some(
        ({ at, dedupId, group }) =>
          at + DEDUPLICATION_MS > Math.max(event.at, latest) &&
          dedupId === event.dedupId &&
          (group === undefined || group === event.group),
      ),
  },
  received: {
    'what is delayed or in flight is received by nobody': isReady,
    'what has outlived its retention is received by nobody': ({ message, queue, event }) =>
      message.sentAt > event.at - retentionMs(queue),
    'what was received often enough is moved away': ({ model, message }) => !isExhausted(model, message),
    'a message group keeps its order, and waits for what is in flight': (the) =>
      !isFifo(the) || isFirstOfItsGroup(the.model, the.message),
    'a tenant’s messages of one priority keep their order': ({ model, message, ...the }) =>
      isFifo(the) || model.turns.isFirstOfItsLine(model, message),
    'the highest priority is first, but for each tenth delivery': ({ model, message, ...the }) =>
      isFifo(the) || model.turns.isFirstByPriority(model, message),
    'in ten deliveries one is for whoever has waited longest': ({ model, message, ...the }) =>
      isFifo(the) || !model.turns.starves(model, message),
    'tenants take turns': ({ model, message, ...the }) => isFifo(the) || !model.turns.jumps(model, message),
  },
  receiveUndone: {
    'only what is in flight is taken back': isInFlight,
    'what was delivered is not taken back': ({ undelivered }) => undelivered,
  },
  leaseRenewed: { 'a repeated receive renews what is in flight': isInFlight },
  visibilityChanged: {
    'on a FIFO queue it is in flight': (the) => !isFifo(the) || isInFlight(the),
    'a lease lasts twelve hours at most': ({ message, event: { at, until } }) =>
      !isInFlight({ message }) || until <= Math.max(at, message.leasedAt + LEASE_MS_MAX),
  },
  deleted: { 'on a FIFO queue it is in flight': (the) => !isFifo(the) || isInFlight(the) },
  deadLettered: {
    'only what could be received is moved': isReady,
    'it was received often enough': ({ model, message }) => isExhausted(model, message),
    'its queue is not tagged to discard': ({ queue }) => !discards(queue),
    'it goes to its queue’s dead-letter queue': ({ model, queue, event }) =>
      model.queues.get(event.queueId)?.definition.name === redriveOf(queue)?.target,
    'a message group keeps its order': (the) => !isFifo(the) || isFirstOfItsGroup(the.model, the.message),
  },
  discarded: {
    'only what could be received is discarded': isReady,
    'it was received often enough': ({ model, message }) => isExhausted(model, message),
    'its queue is tagged to discard': ({ queue }) => discards(queue),
    'a message group keeps its order': (the) => !isFifo(the) || isFirstOfItsGroup(the.model, the.message),
  },
  expired: {
    'retention is over': ({ queue, event }) => event.sentBefore <= event.at - retentionMs(queue),
  },
  moveTaskChanged: {
    'a task that is over stays as it is': ({ queue, event }) =>
      (taskOf(queue, event.task.taskId)?.status ?? 'RUNNING') === 'RUNNING',
    'it has moved what it says': ({ queue, event }) =>
      (taskOf(queue, event.task.taskId)?.moved ?? 0) === event.task.moved,
  },
  redriven: {
    'only what could be received is moved': isReady,
    'its task runs': ({ queue, event }) => taskOf(queue, event.taskId)?.status === 'RUNNING',
    'its task moves no more than it found': ({ queue, event }) => {
      const task = taskOf(queue, event.taskId)
      return task !== undefined && task.moved < task.toMove
    },
    'it goes where the task says, or whence it came': ({ model, queue, message, event }) =>
      model.queues.get(event.queueId)?.definition.name ===
      (taskOf(queue, event.taskId)?.destination ?? message.source),
    'it stays what it is': ({ message, event }) =>
      event.group === message.group &&
      event.priority === message.priority &&
      message.content.equals(event.content),
    'a message group keeps its order': (the) => !isFifo(the) || isFirstOfItsGroup(the.model, the.message),
  },
  opened: {},
  relocated: {},
}

/** The first rule that the event breaks; undefined where it keeps them all. */
export function brokenRule(scene: Scene): string | undefined {
  const rules = RULES[scene.event.kind] as Rules<Kind> | undefined
  if (rules === undefined) return 'there is one shard'
  return Object.keys(rules).find((rule) => !rules[rule]!(scene))
}

function taskOf({ moveTasks }: Queue, id: string): Queue['moveTasks'][number] | undefined {
  return moveTasks.find(({ taskId }) => taskId === id)
}

function retentionMs(queue: Queue): number {
  return numberOf(queue, 'MessageRetentionPeriod', 345_600) * 1000
}

export function isWithin(at: number | undefined, now: number): boolean {
  return at !== undefined && now < at + WAIT_MS
}
