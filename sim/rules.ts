/**
 * What SQS allows. Asked about each event before it counts: is it legal as things stand, and did a client whose
 * request is under way ask for it? The broker may choose (which messages a receive gets); it may not break a promise.
 */

import type { Event } from '../broker/src/queue/event.ts'
import type { Action, Exchange, Letter } from './exchange.ts'
import {
  DEDUPLICATION_MS,
  dueAtOf,
  type Message,
  type Model,
  numberOf,
  type Queue,
  redriveOf,
} from './model.ts'

const LEASE_MS_MAX = 43_200_000

/** A receive that a client holds: which message, and which of its receives. */
export interface Receive {
  readonly seq: number
  readonly receiveCount: number
}

export interface Asked {
  /** Requests under way. */
  readonly pending: Iterable<Exchange>
  /** The latest time that the broker ever saw. */
  readonly latest: number
  /** By receipt handle. */
  readonly handles: ReadonlyMap<string, Receive>
  /** True where this receive's answer has reached nobody. */
  undelivered(receive: Receive): boolean
}

type Of<Kind extends Event['kind']> = Extract<Event, { kind: Kind }>

/** What is wrong with an event; undefined where nothing is. `token`: which message it holds. */
export function objection(model: Model, asked: Asked, event: Event, token: string): string | undefined {
  if (event.at < model.now) return `it happened at ${event.at}, before ${model.now}`
  switch (event.kind) {
    case 'opened':
      return opened(model, event)
    case 'queueDefined':
      return defined(model, asked, event)
    case 'queueDeleted':
      return onQueue(model, asked, event.queueId, 'remove')
    case 'queuePurged':
      return onQueue(model, asked, event.queueId, 'purge')
    case 'sent':
      return sent(model, asked, event, token)
    case 'received':
      return received(model, asked, event)
    case 'moveTaskChanged':
      return taskChanged(model, asked, event)
    case 'redriven':
      return redriven(model, event)
    case 'relocated':
      return relocated(model, event)
    case 'expired': {
      const queue = model.queues.get(event.queueId)
      if (queue === undefined) return 'there is no such queue'
      return event.sentBefore <= event.at - retentionMs(queue) ? undefined : 'retention is not over'
    }
    case 'deadLettered':
    case 'discarded':
      return exhausted(model, asked, event)
    case 'deleted':
    case 'receiveUndone':
    case 'visibilityChanged':
    case 'leaseRenewed':
      return onMessage(model, asked, event)
  }
}

function opened(model: Model, event: Of<'opened'>): string | undefined {
  if (event.nextSeq !== model.nextSeq) return `the next number is ${event.nextSeq}, not ${model.nextSeq}`
  if (event.nextQueueId !== model.nextQueueId) return 'the next queue id is wrong'
  return model.salt === '' || Buffer.from(event.salt).toString('hex') === model.salt
    ? undefined
    : 'a new salt'
}

function defined(model: Model, asked: Asked, { definition }: Of<'queueDefined'>): string | undefined {
  const known = model.queues.get(definition.id)
  if (known === undefined) {
    if (definition.id !== model.nextQueueId) return `a queue came back from the dead: ${definition.name}`
    if (model.queueNamed(definition.name) !== undefined) return `a second queue ${definition.name}`
  } else if (JSON.stringify(known.definition) === JSON.stringify(definition)) return undefined
  const wanted = known === undefined ? ['create'] : ['change', 'tag', 'untag']
  return some(asked, ({ kind, queue }) => wanted.includes(kind) && queue === definition.name)
}

function onQueue(model: Model, asked: Asked, id: number, kind: 'remove' | 'purge'): string | undefined {
  const queue = model.queues.get(id)
  if (queue === undefined) return 'there is no such queue'
  return some(asked, (action) => action.kind === kind && action.queue === queue.definition.name)
}

function sent(model: Model, asked: Asked, event: Of<'sent'>, token: string): string | undefined {
  const queue = model.queues.get(event.queueId)
  if (queue === undefined) return 'there is no such queue'
  if (event.seq !== model.nextSeq) return `its number is ${event.seq}, not ${model.nextSeq}`
  const remembered = queue.dedup.filter(({ at }) => at + DEDUPLICATION_MS > Math.max(event.at, asked.latest))
  const twin = remembered.find((memory) => isTwin(memory, event))
  if (twin !== undefined) return `it repeats number ${twin.seq} within five minutes`
  return some(
    asked,
    (action) =>
      action.kind === 'send' &&
      action.queue === queue.definition.name &&
      action.letters.some((letter) => letter.token === token && isAsMeant(queue, letter, event)),
  )
}

function isTwin(memory: Queue['dedup'][number], event: Of<'sent'>): boolean {
  return memory.dedupId === event.dedupId && (memory.group === undefined || memory.group === event.group)
}

function isAsMeant(queue: Queue, letter: Letter, event: Of<'sent'>): boolean {
  const delay = letter.delaySeconds ?? numberOf(queue, 'DelaySeconds', 0)
  const dueAt = queue.definition.fifo || delay === 0 ? 0 : event.at + delay * 1000
  return (
    letter.group === event.group &&
    letter.dedupId === event.dedupId &&
    (letter.priority ?? 0) === event.priority &&
    dueAt === event.dueAt
  )
}

function received(model: Model, asked: Asked, event: Of<'received'>): string | undefined {
  const message = model.messages.get(event.seq)
  if (message === undefined) return 'the message is gone'
  if (message.phase !== 'ready') return `the message is ${message.phase} until ${dueAtOf(message)}`
  const { queue } = message
  if (message.sentAt <= event.at - retentionMs(queue)) return 'the message has outlived its retention'
  if (isExhausted(model, message)) return 'the message has been received often enough'
  return (
    outOfTurn(model, message) ??
    some(
      asked,
      (action) =>
        action.kind === 'receive' &&
        action.queue === queue.definition.name &&
        event.until - event.at ===
          1000 * (action.visibilitySeconds ?? numberOf(queue, 'VisibilityTimeout', 30)),
    )
  )
}

/** In a message group everything before it must be out already, by this very command. */
function outOfTurn(model: Model, message: Message): string | undefined {
  if (!message.queue.definition.fifo) return undefined
  for (const other of model.messages.values()) {
    if (other.queue !== message.queue || other.group !== message.group || other.seq >= message.seq) continue
    if (other.phase === 'delayed' || (other.phase === 'in flight' && other.takenBy === model.command))
      continue
    return `number ${other.seq} of its group is ${other.phase} before it`
  }
  return undefined
}

function isExhausted(model: Model, message: Message): boolean {
  const redrive = redriveOf(message.queue)
  if (redrive === undefined) return false
  if (message.receiveCount - message.countBefore < redrive.maxReceiveCount) return false
  return discards(message.queue) || model.queueNamed(redrive.target) !== undefined
}

function discards({ definition }: Queue): boolean {
  return definition.tags['pabal:on-exhausted'] === 'discard'
}

function exhausted(
  model: Model,
  asked: Asked,
  event: Of<'deadLettered'> | Of<'discarded'>,
): string | undefined {
  const message = model.messages.get(event.seq)
  if (message === undefined) return 'the message is gone'
  if (message.phase !== 'ready') return `the message is ${message.phase}`
  if (!isExhausted(model, message)) return 'the message may still be received'
  if ((event.kind === 'discarded') !== discards(message.queue)) return 'the queue is not tagged so'
  const { name } = message.queue.definition
  if (event.kind === 'deadLettered') {
    const target = model.queues.get(event.queueId)?.definition.name
    if (target !== redriveOf(message.queue)!.target) return `it goes to ${target}`
  }
  return outOfTurn(model, message) ?? some(asked, ({ kind, queue }) => kind === 'receive' && queue === name)
}

function taskChanged(model: Model, asked: Asked, { task }: Of<'moveTaskChanged'>): string | undefined {
  const source = model.queues.get(task.sourceQueueId)
  if (source === undefined) return 'there is no such queue'
  const known = source.moveTasks.find(({ taskId }) => taskId === task.taskId)
  if (known !== undefined && JSON.stringify(known) === JSON.stringify(task)) return undefined
  if (known !== undefined && known.status !== 'RUNNING') return 'the task was over'
  if (known !== undefined && known.moved !== task.moved) return `it moved ${known.moved}, not ${task.moved}`
  if (known !== undefined && task.status !== 'CANCELLED') return undefined
  const wanted = known === undefined ? 'redrive' : 'cancel'
  return some(asked, ({ kind, queue }) => kind === wanted && queue === source.definition.name)
}

function redriven(model: Model, event: Of<'redriven'>): string | undefined {
  const old = model.messages.get(event.oldSeq)
  if (old === undefined) return 'the message is gone'
  if (old.phase !== 'ready') return `the message is ${old.phase}`
  const task = old.queue.moveTasks.find(({ taskId }) => taskId === event.taskId)
  if (task?.status !== 'RUNNING') return 'no such task is running'
  if (task.moved >= task.toMove) return 'the task has moved all it should'
  const target = model.queues.get(event.queueId)?.definition.name
  if (target !== (task.destination ?? old.source)) return `it goes to ${target}`
  if (event.seq !== model.nextSeq) return 'its number is wrong'
  if (event.group !== old.group || event.priority !== old.priority) return 'its group or priority changed'
  return old.content.equals(event.content) ? outOfTurn(model, old) : 'its content changed'
}

/** A copy says exactly what is known of its message. */
function relocated(model: Model, event: Of<'relocated'>): string | undefined {
  const message = model.messages.get(event.seq)
  if (message === undefined) return 'the message is gone'
  const { firstReceivedAt, leasedAt, receiveCount, phase, queue } = message
  const phases = { ready: 1, delayed: 2, 'in flight': 3 } as const
  const same =
    event.queueId === queue.definition.id &&
    event.phase === phases[phase] &&
    (phase === 'ready' || (phase === 'delayed' && queue.definition.fifo) || event.dueAt === message.dueAt) &&
    event.sentAt === message.sentAt &&
    event.priority === message.priority &&
    event.group === message.group &&
    event.source === message.source &&
    event.receiveCount === receiveCount &&
    event.countBefore === message.countBefore &&
    (receiveCount === 0 || event.sentAt + event.firstReceivedMs === firstReceivedAt) &&
    (phase !== 'in flight' || event.sentAt + event.leasedMs === leasedAt) &&
    message.content.equals(event.content)
  return same ? undefined : 'it is not as it was'
}

function onMessage(
  model: Model,
  asked: Asked,
  event: Of<'deleted'> | Of<'receiveUndone'> | Of<'visibilityChanged'> | Of<'leaseRenewed'>,
): string | undefined {
  const message = model.messages.get(event.seq)
  if (message === undefined) return 'the message is gone'
  const inFlight = message.phase === 'in flight'
  const { fifo, name } = message.queue.definition
  if (!inFlight && (fifo || event.kind === 'receiveUndone')) return `the message is ${message.phase}`
  const isHandle = (receipt: string): boolean => {
    const receive = asked.handles.get(receipt)
    if (receive?.seq !== event.seq) return false
    return receive.receiveCount === message.receiveCount || (!fifo && event.kind === 'visibilityChanged')
  }
  switch (event.kind) {
    case 'receiveUndone':
      return asked.undelivered({ seq: event.seq, receiveCount: message.receiveCount })
        ? undefined
        : 'its answer was delivered'
    case 'leaseRenewed':
      return some(
        asked,
        (action) =>
          action.kind === 'receive' && action.queue === name && action.attemptId === event.attemptId,
      )
    case 'deleted':
      return some(asked, (action) => action.kind === 'delete' && action.receipts.some(isHandle))
    case 'visibilityChanged':
      if (inFlight && event.until > event.at && event.until > message.leasedAt + LEASE_MS_MAX)
        return 'more than twelve hours'
      return some(
        asked,
        (action) =>
          action.kind === 'extend' &&
          action.receipts.some(isHandle) &&
          event.until === event.at + action.seconds * 1000,
      )
  }
}

function some(asked: Asked, is: (action: Action) => boolean): string | undefined {
  for (const { action } of asked.pending) if (is(action)) return undefined
  return 'nobody asked for it'
}

function retentionMs(queue: Queue): number {
  return numberOf(queue, 'MessageRetentionPeriod', 345_600) * 1000
}
