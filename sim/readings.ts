/**
 * Questions that change nothing: what each must be answered with as things stand, and what it was answered with, in
 * one form, so that the two can be compared.
 */

import { redriveOf } from './dead-letters.ts'
import type { Action, Page } from './exchange.ts'
import { dueAtOf, type Model, type Queue } from './model.ts'
import { arnOf } from './wire.ts'

type Texts = Readonly<Record<string, string>>
type Output = Readonly<Record<string, unknown>>

const DEFAULTS: Texts = {
  VisibilityTimeout: '30',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  DelaySeconds: '0',
  ReceiveMessageWaitTimeSeconds: '0',
  SqsManagedSseEnabled: 'true',
}
const FIFO_DEFAULTS: Texts = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'queue',
  FifoThroughputLimit: 'perQueue',
}
const NAMES_MAX = 1000

/** What a question must be answered with; undefined where it is none, or is about nothing. */
export function readingOf(model: Model, action: Action, now: number): string | undefined {
  const names = [...model.queues.values()].map(({ definition }) => definition.name)
  if (action.kind === 'listQueues')
    return page(
      names.filter((name) => name.startsWith(action.prefix)),
      action,
    )
  const queue = model.queueNamed(action.queue)
  if (queue === undefined) return undefined
  switch (action.kind) {
    case 'listSources': {
      const sources = [...model.queues.values()].filter((other) => redriveOf(other)?.target === action.queue)
      return page(
        sources.map(({ definition }) => definition.name),
        action,
      )
    }
    case 'locate':
      return action.queue
    case 'listTags':
      return sorted(queue.definition.tags)
    case 'count':
      return sorted({ ...attributesOf(queue), ...countsOf(model, queue, now) })
    case 'tasks':
      return JSON.stringify(
        queue.moveTasks.toReversed().map(({ status, moved, toMove }) => [status, moved, toMove]),
      )
    default:
      return undefined
  }
}

/** What it was answered with. */
export function saidBy(action: Action, output: Output): string {
  switch (action.kind) {
    case 'listQueues':
    case 'listSources': {
      const urls = (output['QueueUrls'] ?? output['queueUrls'] ?? []) as readonly string[]
      return listed(urls.map(nameIn), output['NextToken'] !== undefined)
    }
    case 'locate':
      return nameIn(String(output['QueueUrl']))
    case 'listTags':
      return sorted((output['Tags'] ?? {}) as Texts)
    case 'count':
      return sorted(output['Attributes'] as Texts)
    case 'tasks': {
      const results = (output['Results'] ?? []) as readonly Output[]
      const numbers = ['ApproximateNumberOfMessagesMoved', 'ApproximateNumberOfMessagesToMove']
      return JSON.stringify(
        results.map((task) => [task['Status'], ...numbers.map((name) => Number(task[name]))]),
      )
    }
    default:
      return ''
  }
}

export function nameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}

function page(names: readonly string[], { max, after }: Page): string {
  const rest = names.filter((name) => after === undefined || name > after.name).sort()
  return listed(rest.slice(0, max ?? NAMES_MAX), max !== undefined && rest.length > max)
}

function listed(names: readonly string[], more: boolean): string {
  return `${names.join()}${more ? ' and more' : ''}`
}

function attributesOf({ definition }: Queue): Texts {
  const { name, fifo, attributes, createdAt, modifiedAt } = definition
  return {
    ...DEFAULTS,
    ...(fifo ? FIFO_DEFAULTS : {}),
    ...attributes,
    CreatedTimestamp: String(Math.floor(createdAt / 1000)),
    LastModifiedTimestamp: String(Math.floor(modifiedAt / 1000)),
    QueueArn: arnOf(name),
  }
}

/** How many messages are visible, in flight and delayed. */
function countsOf(model: Model, queue: Queue, now: number): Texts {
  const counts = { ready: 0, 'in flight': 0, delayed: 0 }
  for (const message of model.messages.values()) {
    if (message.queue === queue) counts[dueAtOf(message) > now ? message.phase : 'ready'] += 1
  }
  return {
    ApproximateNumberOfMessages: String(counts.ready),
    ApproximateNumberOfMessagesNotVisible: String(counts['in flight']),
    ApproximateNumberOfMessagesDelayed: String(counts.delayed),
  }
}

function sorted(map: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}
