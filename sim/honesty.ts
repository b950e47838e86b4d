/**
 * Whether the broker is honest: what it says was done has happened, and what it refuses it may refuse. Asked of every
 * answer when a client gets it.
 */

import type { Event } from '../broker/src/queue/event.ts'
import type { Action, Answer, Exchange, Letter } from './exchange.ts'
import type { Memory, Model } from './model.ts'
import type { Entry } from './oracle.ts'
import { saidBy } from './readings.ts'
import { type Receive, statementsOf } from './requests.ts'
import { isWithin } from './rules.ts'

/** All that has been seen so far. */
export interface Known {
  readonly model: Model
  readonly journal: readonly Entry[]
  readonly letters: ReadonlyMap<string, Letter>
  readonly handles: ReadonlyMap<string, Receive & { readonly queueId: number }>
  /** Sequence numbers by MessageId. */
  readonly numbers: ReadonlyMap<string, number>
  /** By sequence number: what was remembered of each send for deduplication. */
  readonly memories: ReadonlyMap<number, Memory>
  readonly latest: number
  readonly awsWaits: boolean
  readonly calm: boolean
}

/** What is untrue about a success; undefined where all is well. */
export function lieIn(
  known: Known,
  exchange: Exchange,
  output: Readonly<Record<string, unknown>>,
): string | undefined {
  const { action } = exchange
  switch (action.kind) {
    case 'send':
      return successes(action.letters, action.batch, output)
        .map(([letter, result]) => unsent(known, exchange, letter, String(result['MessageId'])))
        .find((lie) => lie !== undefined)
    case 'delete':
      return successes(action.receipts, action.batch, output)
        .map(([receipt]) => undeleted(known, action.queue, receipt))
        .find((lie) => lie !== undefined)
    case 'extend':
      return successes(action.receipts, action.batch, output)
        .map(([receipt]) => unextended(known, exchange, receipt, action.seconds))
        .find((lie) => lie !== undefined)
    case 'create':
      if (known.model.queueNamed(action.queue) !== undefined) return undefined
      return lacks(known, exchange, 'queueDeleted', () => true)
    case 'change':
      return lacks(known, exchange, 'queueDefined', ({ definition }) =>
        Object.entries(action.attributes).every(
          ([name, value]) => (definition.attributes[name] ?? '') === value,
        ),
      )
    case 'tag':
    case 'untag':
    case 'permit':
    case 'revoke':
      return lacks(known, exchange, 'queueDefined', ({ definition }) => definition.name === action.queue)
    case 'purge':
      return lacks(known, exchange, 'queuePurged', ({ queueId }) => {
        const purged = known.model.queues.get(queueId)
        return purged === undefined || purged.definition.name === action.queue
      })
    case 'remove':
      return lacks(known, exchange, 'queueDeleted', () => true)
    case 'redrive':
    case 'cancel':
      return lacks(known, exchange, 'moveTaskChanged', ({ task }) =>
        task.sourceArn.endsWith(`:${action.queue}`),
      )
    case 'receive':
      return undefined
    default: {
      const said = saidBy(action, output)
      return said === exchange.moment?.reading ? undefined : `not ${said}: ${exchange.moment?.reading}`
    }
  }
}

function unsent(known: Known, exchange: Exchange, letter: Letter, messageId: string): string | undefined {
  const seq = known.numbers.get(messageId)
  const entry = known.journal.findLast(({ event }) => event.kind === 'sent' && event.seq === seq)
  if (entry === undefined) return `no message ${messageId} was ever sent`
  if (entry.token === letter.token) return undefined
  const since = exchange.startedAt - 300_000
  const memory = known.memories.get(seq!)
  const repeated =
    memory !== undefined &&
    memory.dedupId === letter.dedupId &&
    (memory.group === undefined || memory.group === letter.group)
  if (!repeated || entry.event.at <= since) {
    return `${messageId} is ${entry.token}, of which ${letter.token} is no duplicate`
  }
  return undefined
}

function undeleted(known: Known, queue: string, receipt: string): string | undefined {
  const receive = known.handles.get(receipt)!
  const message = known.model.messages.get(receive.seq)
  if (message === undefined || message.queue.definition.name !== queue) return undefined
  if (!message.queue.definition.fifo && message.receiveCount !== receive.receiveCount) return undefined
  return `${message.token} (number ${message.seq}) is still there`
}

function unextended(known: Known, exchange: Exchange, receipt: string, seconds: number): string | undefined {
  const { seq } = known.handles.get(receipt)!
  const message = known.model.messages.get(seq)
  if (message === undefined || (seconds === 0 && message.phase === 'ready')) return undefined
  if (seconds === 0 && !message.queue.definition.fifo) return undefined
  return lacks(
    known,
    exchange,
    'visibilityChanged',
    (event) => event.seq === seq && event.until - event.at === seconds * 1000,
  )
}

/** Whether the journal has no such event since the request began. */
function lacks<Kind extends Event['kind']>(
  known: Known,
  exchange: Exchange,
  kind: Kind,
  is: (event: Extract<Event, { kind: Kind }>) => boolean,
): string | undefined {
  for (let index = known.journal.length - 1; index >= 0; index -= 1) {
    const { event } = known.journal[index]!
    if (event.at < exchange.startedAt) break
    if (event.kind === kind && is(event as Extract<Event, { kind: Kind }>)) return undefined
  }
  return `nothing of it happened (${kind})`
}

/** True for a refusal that a client need not put up with. */
export function unjust(
  known: Known,
  exchange: Exchange,
  { status, code, text }: Extract<Answer, { kind: 'refused' }>,
): boolean {
  const { action, moment } = exchange
  const queue = known.model.queueNamed(action.queue)
  switch (code) {
    case 'ServiceUnavailable':
      // On a full disk receives and deletes go on.
      if (text.includes('disk is full')) return action.kind !== 'send' || moment?.full === false
      return known.calm
    case 'PurgeQueueInProgress':
    case 'QueueDeletedRecently':
    case 'InvalidAttributeValue':
      return moment?.refusals.includes(code) !== true
    case 'NonExistentQueue':
    case 'ResourceNotFoundException':
      return (
        queue !== undefined &&
        action.kind !== 'cancel' &&
        action.kind !== 'redrive' &&
        lacks(known, exchange, 'queueDefined', ({ definition }) => definition.name === action.queue) !==
          undefined
      )
    case 'QueueAlreadyExists':
      return action.kind !== 'create'
    case 'UnsupportedOperation':
      return action.kind !== 'redrive' && action.kind !== 'cancel'
    case 'ReceiptHandleIsInvalid':
      return (
        !('receipts' in action) ||
        action.receipts.every((receipt) => known.handles.get(receipt)!.queueId === queue?.definition.id)
      )
    case 'InvalidParameterValue':
      if (action.kind === 'redrive' || action.kind === 'create' || action.kind === 'change') return false
      if (action.kind === 'permit' || action.kind === 'revoke') return !moment!.refusals.includes(code)
      if (action.kind === 'receive') return action.attemptId === undefined
      return !('receipts' in action) || !action.receipts.every((receipt) => isStale(known, receipt))
    default:
      return status >= 400
  }
}

/** The refusals that a request deserves as things stand, of those that are told apart. */
export function refusalsOf({ model, awsWaits }: Known, action: Action, now: number): readonly string[] {
  const queue = model.queueNamed(action.queue)
  switch (action.kind) {
    case 'purge':
      return awsWaits && isWithin(queue?.purgedAt, now) ? ['PurgeQueueInProgress'] : []
    case 'create':
      return awsWaits && isWithin(model.deletedAt.get(action.queue), now) ? ['QueueDeletedRecently'] : []
    case 'change': {
      const set: Readonly<Record<string, string>> = { ...queue?.definition.attributes, ...action.attributes }
      const unfit =
        set['FifoThroughputLimit'] === 'perMessageGroupId' && set['DeduplicationScope'] !== 'messageGroup'
      return unfit ? ['InvalidAttributeValue'] : []
    }
    case 'permit':
    case 'revoke': {
      const labels = queue === undefined ? [] : statementsOf(queue.definition).map(({ Sid }) => Sid)
      return labels.includes(action.label) === (action.kind === 'permit') ? ['InvalidParameterValue'] : []
    }
    default:
      return []
  }
}

function isStale(known: Known, receipt: string): boolean {
  const receive = known.handles.get(receipt)!
  const message = known.model.messages.get(receive.seq)
  if (message === undefined || message.receiveCount !== receive.receiveCount) return true
  return message.phase !== 'in flight' || message.dueAt <= known.latest
}

/** Pairs each item of a request with its result; in a batch only those that succeeded. */
function successes<Item>(
  items: readonly Item[],
  batch: boolean,
  output: Readonly<Record<string, unknown>>,
): readonly (readonly [Item, Readonly<Record<string, unknown>>])[] {
  if (!batch) return [[items[0]!, output]]
  const results = (output['Successful'] ?? []) as readonly Readonly<Record<string, unknown>>[]
  return results.map((result) => [items[Number(String(result['Id']).slice(1))]!, result] as const)
}
