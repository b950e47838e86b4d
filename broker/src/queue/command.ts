/**
 * What can be asked of the queue core, and what it answers. A command names its queue; its values are already
 * well formed (types, ranges that need no queue), and everything that depends on a queue is decided here.
 * Times are milliseconds since 1970 and end in `At`; lengths end in their unit.
 */

import type { QueueDefinition } from './event.ts'
import type { Problem } from './problem.ts'

/** A message as its producer gave it: the core keeps `content` and never looks inside. */
export interface Outgoing {
  /** Body, message attributes, trace header and sender, as one opaque blob (see sqs/content.ts). */
  readonly content: Uint8Array
  /** What counts towards the size limits: body + attribute names, types and values, in bytes. */
  readonly size: number
  readonly group?: string
  readonly dedupId?: string
  /** SHA-256 of the body in hex, used where the queue deduplicates by content and no `dedupId` was given. */
  readonly contentHash?: string
  readonly delaySeconds?: number
  /** 0–9, higher first. */
  readonly priority?: number
}

export interface SendCommand {
  readonly kind: 'send'
  readonly queue: string
  readonly entries: readonly Outgoing[]
  /** In a batch an entry may fail alone; some mistakes fail the whole request, with texts of their own. */
  readonly batch: boolean
}

export interface ReceiveCommand {
  readonly kind: 'receive'
  readonly queue: string
  readonly max: number
  /** Absent: the queue's VisibilityTimeout. */
  readonly visibilitySeconds?: number
  /** Absent: the queue's ReceiveMessageWaitTimeSeconds. The core never waits; the shard does. */
  readonly waitSeconds?: number
  readonly attemptId?: string
}

export interface DeleteCommand {
  readonly kind: 'delete'
  readonly queue: string
  readonly receipts: readonly string[]
}

export interface ChangeVisibilityCommand {
  readonly kind: 'changeVisibility'
  readonly queue: string
  readonly entries: readonly { readonly receipt: string; readonly visibilitySeconds: number }[]
}

/** Takes back a receive whose answer could not be delivered: place, visibility and count as before. */
export interface UndoReceiveCommand {
  readonly kind: 'undoReceive'
  readonly queue: string
  readonly receipts: readonly string[]
}

/** What is known of a queue that a command names beside its own, where that one is on another shard. */
export interface QueueElsewhere {
  readonly name: string
  readonly fifo: boolean
  readonly redriveAllowPolicy: string | undefined
}

/** What is known of the topic that a `pabal:source` tag names; nothing where the broker has no Kafka. */
export interface SourceFound {
  readonly topic: string
  /** Why no queue can be fed from it; undefined where one can. */
  readonly refusal: string | undefined
}

export interface CreateQueueCommand {
  readonly kind: 'createQueue'
  readonly name: string
  /** As the client wrote them; the core validates (queue/attributes.ts). */
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly elsewhere?: QueueElsewhere
  readonly source?: SourceFound
}

export interface SetAttributesCommand {
  readonly kind: 'setAttributes'
  readonly queue: string
  readonly attributes: Readonly<Record<string, string>>
  readonly elsewhere?: QueueElsewhere
}

export interface DeleteQueueCommand {
  readonly kind: 'deleteQueue'
  readonly queue: string
}

export interface PurgeQueueCommand {
  readonly kind: 'purgeQueue'
  readonly queue: string
}

/** Also what every refused request asks, because a missing queue is reported before any other mistake. */
export interface DescribeQueueCommand {
  readonly kind: 'describeQueue'
  readonly queue: string
}

export interface ListQueuesCommand {
  readonly kind: 'listQueues'
  readonly prefix: string
  /** Only names after this one, in code unit order. */
  readonly after?: string
  readonly limit: number
}

export interface ListDeadLetterSourcesCommand {
  readonly kind: 'listDeadLetterSources'
  readonly queue: string
  /** The queue itself is on another shard: it need not be here. */
  readonly isElsewhere?: true
  readonly after?: string
  readonly limit: number
}

export interface TagQueueCommand {
  readonly kind: 'tagQueue'
  readonly queue: string
  readonly tags: Readonly<Record<string, string>>
  readonly source?: SourceFound
}

export interface UntagQueueCommand {
  readonly kind: 'untagQueue'
  readonly queue: string
  readonly keys: readonly string[]
}

export interface AddPermissionCommand {
  readonly kind: 'addPermission'
  readonly queue: string
  /** The queue's ARN as the caller sees it: it is written into the policy. */
  readonly queueArn: string
  readonly label: string
  readonly accountIds: readonly string[]
  readonly actions: readonly string[]
}

export interface RemovePermissionCommand {
  readonly kind: 'removePermission'
  readonly queue: string
  readonly label: string
}

export interface StartMoveTaskCommand {
  readonly kind: 'startMoveTask'
  readonly source: string
  /** ARNs as the caller wrote them: they come back in listings and in the handle. */
  readonly sourceArn: string
  /** Absent: each message returns to the queue it came from. */
  readonly destination?: string
  readonly destinationArn?: string
  readonly messagesPerSecondMax?: number
  /** A fresh UUID: identity is an argument. */
  readonly taskId: string
  /** A queue on another shard has the source as its dead-letter queue. */
  readonly hasSourcesElsewhere?: boolean
  /** The destination, where it is on another shard. */
  readonly elsewhere?: QueueElsewhere
}

export interface CancelMoveTaskCommand {
  readonly kind: 'cancelMoveTask'
  readonly source: string
  readonly taskId: string
}

export interface ListMoveTasksCommand {
  readonly kind: 'listMoveTasks'
  readonly source: string
  readonly limit: number
}

/** A message on its way from one shard to another (departures.ts), with what happened to it. */
export interface Traveller {
  readonly number: number
  readonly fifo: boolean
  /** The name of the queue that it comes from. */
  readonly source: string
  readonly redrive: boolean
  readonly messageId: string
  readonly sentAt: number
  readonly receiveCount: number
  readonly firstReceivedAt: number
  readonly priority: number
  readonly group: string | undefined
  readonly dedupId: string | undefined
  readonly content: Uint8Array
}

/** Between shards: messages come to a queue, in the order of their numbers; those that came before are recognised. */
export interface ArriveCommand {
  readonly kind: 'arrive'
  readonly queue: string
  /** The number of the shard that they come from. */
  readonly from: number
  readonly travellers: readonly Traveller[]
}

/** Between the shards of a spread queue: the home's definition, for a part of it. */
export interface AdoptQueueCommand {
  readonly kind: 'adoptQueue'
  readonly definition: QueueDefinition
  readonly part: number
}

export interface ReadDefinitionCommand {
  readonly kind: 'readDefinition'
  readonly queue: string
}

export type Command =
  | SendCommand
  | ReceiveCommand
  | DeleteCommand
  | ChangeVisibilityCommand
  | UndoReceiveCommand
  | CreateQueueCommand
  | SetAttributesCommand
  | DeleteQueueCommand
  | PurgeQueueCommand
  | DescribeQueueCommand
  | ListQueuesCommand
  | ListDeadLetterSourcesCommand
  | TagQueueCommand
  | UntagQueueCommand
  | AddPermissionCommand
  | RemovePermissionCommand
  | StartMoveTaskCommand
  | CancelMoveTaskCommand
  | ListMoveTasksCommand
  | ArriveCommand
  | AdoptQueueCommand
  | ReadDefinitionCommand

export interface Sent {
  readonly messageId: string
  /** Rising; on FIFO queues shown as SequenceNumber. */
  readonly seq: number
  readonly fifo: boolean
}

/** A delivered message: the record it was sent with, and what has happened to it since. */
export interface Delivered {
  readonly messageId: string
  readonly seq: number
  readonly fifo: boolean
  readonly receipt: string
  readonly content: Uint8Array
  readonly group: string | undefined
  readonly dedupId: string | undefined
  readonly sentAt: number
  readonly receiveCount: number
  readonly firstReceivedAt: number
  /** The name of the queue that dead-lettered it. */
  readonly deadLetterSource: string | undefined
}

export interface QueueDescription {
  readonly name: string
  readonly fifo: boolean
  /** Every settable attribute that has a value, defaults included, as SQS lists them under `All`. */
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: number
  readonly modifiedAt: number
  readonly visible: number
  readonly inFlight: number
  readonly delayed: number
}

export interface MoveTaskDescription {
  readonly taskId: string
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLING' | 'CANCELLED' | 'FAILED'
  readonly sourceArn: string
  readonly destinationArn: string | undefined
  readonly messagesPerSecondMax: number | undefined
  readonly moved: number
  readonly toMove: number
  readonly failureReason: string | undefined
  readonly startedAt: number
}

/** What each command answers when it succeeds. */
export interface Answers {
  /** One result an entry, in order. */
  send: { readonly results: readonly (Sent | Problem)[] }
  receive: { readonly messages: readonly Delivered[] }
  delete: { readonly results: readonly (Problem | undefined)[] }
  changeVisibility: { readonly results: readonly (Problem | undefined)[] }
  undoReceive: Record<never, never>
  createQueue: { readonly name: string }
  setAttributes: Record<never, never>
  deleteQueue: Record<never, never>
  purgeQueue: Record<never, never>
  describeQueue: QueueDescription
  listQueues: { readonly names: readonly string[]; readonly more: boolean }
  listDeadLetterSources: { readonly names: readonly string[]; readonly more: boolean }
  tagQueue: Record<never, never>
  untagQueue: Record<never, never>
  addPermission: Record<never, never>
  removePermission: Record<never, never>
  startMoveTask: { readonly taskId: string }
  cancelMoveTask: { readonly moved: number }
  listMoveTasks: { readonly tasks: readonly MoveTaskDescription[] }
  /** Those up to this number are here; the next one is refused, if there is a reason. */
  adoptQueue: Record<never, never>
  readDefinition: { readonly definition: QueueDefinition }
  arrive: { readonly upTo: number; readonly refused: Problem | undefined }
}

/**
 * Hands a command to whoever owns the queue; resolves when everything the answer rests on is durable.
 * A client's mistake is a value ({@link Problem}); a rejection means the outcome is not known (a broken disk,
 * a closing broker) and the client should try again. `signal` ends a waiting receive: nothing is taken.
 */
export type Submit = <Kind extends Command['kind']>(
  command: Extract<Command, { kind: Kind }>,
  signal?: AbortSignal,
) => Promise<Answers[Kind] | Problem>
