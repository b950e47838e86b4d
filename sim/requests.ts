/**
 * Whether a client asked for it: behind every event but the broker's own there must be a request under way that wants
 * exactly this.
 */

import type { QueueDefinition } from '../broker/src/queue/event.ts'
import type { Action, Exchange, Letter } from './exchange.ts'
import { numberOf } from './model.ts'
import type { Kind, Scene } from './rules.ts'
import { arnOf } from './wire.ts'

/** A receive that a client holds: which message, and which of its receives. */
export interface Receive {
  readonly seq: number
  readonly receiveCount: number
}

export interface Asked {
  /** Requests under way. */
  readonly pending: Iterable<Exchange>
  /** By receipt handle. */
  readonly handles: ReadonlyMap<string, Receive>
}

type Wanted<K extends Kind> = (the: Scene<K> & Request, asked: Asked) => boolean

interface Request {
  readonly action: Action
  /** The message that the event holds. */
  readonly token: string
}

/** Kinds that are not here nobody asks for: what time brings, what move tasks do, and what is taken back. */
const WANTED: { readonly [K in Kind]?: Wanted<K> } = {
  queueDefined: ({ action, event, queue }) =>
    isRedefinition(action, queue?.definition, event.definition, event.at),
  queueDeleted: ({ action }) => action.kind === 'remove',
  queuePurged: ({ action }) => action.kind === 'purge',
  sent: (the) =>
    the.action.kind === 'send' &&
    the.action.letters.some((letter) => letter.token === the.token && isAsMeant(the, letter)),
  received: ({ action, event, queue }) =>
    action.kind === 'receive' &&
    event.until - event.at === 1000 * (action.visibilitySeconds ?? numberOf(queue, 'VisibilityTimeout', 30)),
  leaseRenewed: ({ action, event }) => action.kind === 'receive' && action.attemptId === event.attemptId,
  visibilityChanged: (the, asked) =>
    the.action.kind === 'extend' &&
    the.event.until === the.event.at + the.action.seconds * 1000 &&
    hasHandle(the, the.action.receipts, asked, !the.queue.definition.fifo),
  deleted: (the, asked) => the.action.kind === 'delete' && hasHandle(the, the.action.receipts, asked, false),
  deadLettered: ({ action }) => action.kind === 'receive',
  discarded: ({ action }) => action.kind === 'receive',
  moveTaskChanged: ({ action, event: { task }, queue }) =>
    action.kind === (queue.moveTasks.some(({ taskId }) => taskId === task.taskId) ? 'cancel' : 'redrive'),
}

/** True where nobody asked for it. */
export function isUnasked(scene: Scene, token: string, asked: Asked): boolean {
  const { event, queue } = scene
  const wanted = WANTED[event.kind] as Wanted<never> | undefined
  if (wanted === undefined || (event.kind === 'moveTaskChanged' && endsByItself(event.task.status)))
    return false
  const name = queue?.definition.name ?? (event.kind === 'queueDefined' ? event.definition.name : '')
  for (const { action } of asked.pending) {
    if (action.queue === name && wanted({ ...scene, action, token } as never, asked)) return false
  }
  return true
}

function endsByItself(status: string): boolean {
  return status === 'COMPLETED' || status === 'FAILED'
}

function isAsMeant({ queue, event }: Scene<'sent'>, letter: Letter): boolean {
  const delay = letter.delaySeconds ?? numberOf(queue, 'DelaySeconds', 0)
  const dueAt = queue.definition.fifo || delay === 0 ? 0 : event.at + delay * 1000
  return (
    letter.group === event.group &&
    letter.dedupId === event.dedupId &&
    (letter.priority ?? 0) === event.priority &&
    dueAt === event.dueAt
  )
}

/** One of the handles is of this message's newest receive (`old`: of any). */
function hasHandle({ message }: Scene, receipts: readonly string[], asked: Asked, old: boolean): boolean {
  return receipts.some((receipt) => {
    const receive = asked.handles.get(receipt)
    return receive?.seq === message.seq && (old || receive.receiveCount === message.receiveCount)
  })
}

/** Exactly what was asked for is different, and all else is as it was. */
function isRedefinition(
  action: Action,
  known: QueueDefinition | undefined,
  next: QueueDefinition,
  at: number,
): boolean {
  const wanted = known === undefined ? created(action, next, at) : changed(action, known)
  if (wanted === undefined) return false
  return canonical(next) === canonical({ ...next, modifiedAt: at, ...wanted })
}

function created(action: Action, { id }: QueueDefinition, at: number): Partial<QueueDefinition> | undefined {
  if (action.kind !== 'create') return undefined
  const { queue: name, tags } = action
  const attributes = withChanges({}, action.attributes)
  return { id, name, fifo: name.endsWith('.fifo'), attributes, tags, createdAt: at }
}

function changed(action: Action, known: QueueDefinition): Partial<QueueDefinition> | undefined {
  const { attributes, tags } = known
  const { modifiedAt: _, ...same } = known
  switch (action.kind) {
    case 'change':
      return { ...same, attributes: withChanges(attributes, action.attributes) }
    case 'tag':
      return { ...same, tags: { ...tags, ...action.tags } }
    case 'untag':
      return { ...same, tags: without(tags, action.keys) }
    case 'permit':
      return { ...same, attributes: withStatements(attributes, [...statementsOf(known), statement(action)]) }
    case 'revoke': {
      const left = statementsOf(known).filter(({ Sid }) => Sid !== action.label)
      return { ...same, attributes: withStatements(attributes, left) }
    }
    default:
      return undefined
  }
}

type Texts = Readonly<Record<string, string>>
type Statement = Readonly<Record<string, unknown>>

function withChanges(attributes: Texts, changes: Texts): Texts {
  const removed = Object.keys(changes).filter((name) => changes[name] === '')
  return without({ ...attributes, ...changes }, removed)
}

function without(map: Texts, keys: readonly string[]): Texts {
  return Object.fromEntries(Object.entries(map).filter(([key]) => !keys.includes(key)))
}

export function statementsOf({ attributes }: QueueDefinition): readonly Statement[] {
  const policy = JSON.parse(attributes['Policy'] ?? '{}') as { readonly Statement?: readonly Statement[] }
  return policy.Statement ?? []
}

function statement({ queue, label, accounts, actions }: Extract<Action, { kind: 'permit' }>): Statement {
  const principals = accounts.map((account) => `arn:aws:iam::${account}:root`)
  const allowed = actions.map((action) => `SQS:${action}`)
  return {
    Sid: label,
    Effect: 'Allow',
    Principal: { AWS: principals.length === 1 ? principals[0] : principals },
    Action: allowed.length === 1 ? allowed[0] : allowed,
    Resource: arnOf(queue),
  }
}

/** No policy where no statement is left. The rest of one that was there stays. */
function withStatements(attributes: Texts, statements: readonly Statement[]): Texts {
  if (statements.length === 0) return without(attributes, ['Policy'])
  const Policy = JSON.stringify({ Statement: statements })
  return { ...attributes, Policy }
}

/**
 * Whatever the order of members, and of a policy only its statements. Which deduplication scope was in force is the
 * broker's own note; what follows from it is checked with each send.
 */
function canonical(definition: QueueDefinition): string {
  const { attributes, tags, scopeBefore: _, scopeChangedAt: __, ...rest } = definition
  return JSON.stringify([
    Object.entries(rest).sort(byKey),
    Object.entries(without(attributes, ['Policy'])).sort(byKey),
    Object.entries(tags).sort(byKey),
    statementsOf(definition),
    attributes['Policy'] === undefined,
  ])
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1
}
