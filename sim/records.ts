/**
 * Whether the log is well kept, whatever SQS may say of its events: time does not run backwards, numbers follow each
 * other, and what is written down again is what is known already.
 */

import type { Event } from '../broker/src/queue/event.ts'
import type { Model } from './model.ts'
import type { Kind, Of, Scene } from './rules.ts'

/** What is wrong with an event as a record; undefined where nothing is. */
export function flawIn(model: Model, event: Event): string | undefined {
  if (event.at < model.now) return `it happened at ${event.at}, before ${model.now}`
  switch (event.kind) {
    case 'opened':
      return opened(model, event)
    case 'queueDefined': {
      const { id, name } = event.definition
      if (model.queues.has(id) || id === model.nextQueueId) return undefined
      return `a queue came back from the dead: ${name}`
    }
    case 'sent':
    case 'redriven':
      return event.seq === model.nextSeq ? undefined : `its number is ${event.seq}, not ${model.nextSeq}`
    case 'relocated':
      return relocated(model, event)
    default:
      return undefined
  }
}

function opened(model: Model, event: Of<'opened'>): string | undefined {
  if (event.nextSeq !== model.nextSeq) return `the next number is ${event.nextSeq}, not ${model.nextSeq}`
  if (event.nextQueueId !== model.nextQueueId) return 'the next queue id is wrong'
  return model.salt === '' || Buffer.from(event.salt).toString('hex') === model.salt
    ? undefined
    : 'a new salt'
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

/** True for what every segment begins with and for moved copies: they change nothing. */
export function isRetold(model: Model, event: Event): boolean {
  if (event.kind === 'opened' || event.kind === 'relocated') return true
  if (event.kind === 'queueDefined') {
    const known = model.queues.get(event.definition.id)
    return known !== undefined && JSON.stringify(known.definition) === JSON.stringify(event.definition)
  }
  if (event.kind !== 'moveTaskChanged') return false
  const { task } = event
  const known = model.queues.get(task.sourceQueueId)?.moveTasks.find(({ taskId }) => taskId === task.taskId)
  return known !== undefined && JSON.stringify(known) === JSON.stringify(task)
}

/** The message and the queue that an event is about; what is missing where one is not there. */
export function sceneOf(
  model: Model,
  event: Event,
  circumstances: Pick<Scene, 'latest' | 'awsWaits'>,
  isUndelivered: (message: Scene['message']) => boolean,
): Scene | string {
  const seq =
    event.kind === 'redriven' ? event.oldSeq : event.kind === 'sent' || !('seq' in event) ? 0 : event.seq
  const message = model.messages.get(seq)
  if (seq !== 0 && message === undefined) return 'the message is gone'
  const queue = message?.queue ?? model.queues.get(queueIdOf(event))
  if (queue === undefined && event.kind !== 'queueDefined') return 'there is no such queue'
  // What is not there is nothing that this kind of event is about.
  const about = { message: message!, queue: queue! }
  const undelivered = message !== undefined && isUndelivered(message)
  return { model, event: event as Of<Kind>, ...about, ...circumstances, undelivered }
}

function queueIdOf(event: Event): number {
  if (event.kind === 'queueDefined') return event.definition.id
  if (event.kind === 'moveTaskChanged') return event.task.sourceQueueId
  return 'queueId' in event ? event.queueId : 0
}
