/**
 * What has happened: the facts that the log keeps and that `evolve` folds into the state. Nothing else changes
 * it but the passing of time (a delay or a lease that ends needs no event: when it ends is in one already).
 * Byte layouts are in event-codec.ts.
 */

import type { MoveTask } from './move-task.ts'

export interface QueueDefinition {
  readonly id: number
  readonly name: string
  readonly fifo: boolean
  /** What was set, as text; defaults are not here. */
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly createdAt: number
  readonly modifiedAt: number
  /** The DeduplicationScope before the last change of it, which holds on for a minute (an SQS rule). */
  readonly scopeBefore?: 'queue' | 'messageGroup'
  readonly scopeChangedAt?: number
  /** A queue that is spread over several shards (spread.ts): of which of its parts this is; absent for the home. */
  readonly part?: number
  /** How many parts it has had at most: messages may be in all of them. */
  readonly partsMax?: number
  /** Rises with every change of a spread queue's definition. */
  readonly revision?: number
}

/** The shard's own identity and counters. `salt`: 16 random bytes from which MessageIds are made. */
export interface Opened {
  readonly kind: 'opened'
  readonly at: number
  readonly salt: Uint8Array
  readonly nextSeq: number
  readonly nextQueueId: number
}

/** Made, or changed in any way: always the whole definition. */
export interface QueueDefined {
  readonly kind: 'queueDefined'
  readonly at: number
  readonly definition: QueueDefinition
}

export interface QueueDeleted {
  readonly kind: 'queueDeleted'
  readonly at: number
  readonly queueId: number
}

export interface QueuePurged {
  readonly kind: 'queuePurged'
  readonly at: number
  readonly queueId: number
}

export interface Sent {
  readonly kind: 'sent'
  readonly at: number
  readonly seq: number
  readonly queueId: number
  /** When its delay ends, or 0. On a FIFO queue always 0: the queue's delay at the time decides. */
  readonly dueAt: number
  readonly priority: number
  readonly group: string | undefined
  /** On FIFO queues the id that counts, given or made from the body; else as given. */
  readonly dedupId: string | undefined
  readonly content: Uint8Array
}

export interface Received {
  readonly kind: 'received'
  readonly at: number
  readonly seq: number
  readonly until: number
  readonly attemptId: string | undefined
}

/** The answer of a receive could not be delivered: the message is as it was before. */
export interface ReceiveUndone {
  readonly kind: 'receiveUndone'
  readonly at: number
  readonly seq: number
}

export interface Deleted {
  readonly kind: 'deleted'
  readonly at: number
  readonly seq: number
}

/** `until` = `at` makes it visible at once. */
export interface VisibilityChanged {
  readonly kind: 'visibilityChanged'
  readonly at: number
  readonly seq: number
  readonly until: number
}

/** A receive with an attempt id was repeated: the same messages, their leases begun anew. */
export interface LeaseRenewed {
  readonly kind: 'leaseRenewed'
  readonly at: number
  readonly seq: number
  readonly until: number
  readonly attemptId: string | undefined
}

export interface DeadLettered {
  readonly kind: 'deadLettered'
  readonly at: number
  readonly seq: number
  readonly queueId: number
}

/** Deleted instead of dead-lettered. */
export interface Discarded {
  readonly kind: 'discarded'
  readonly at: number
  readonly seq: number
}

/** Every message of the queue sent at or before `sentBefore` has outlived its retention. */
export interface Expired {
  readonly kind: 'expired'
  readonly at: number
  readonly queueId: number
  readonly sentBefore: number
}

export interface MoveTaskChanged {
  readonly kind: 'moveTaskChanged'
  readonly at: number
  readonly task: MoveTask
}

/** A move task sent a message anew and removed the old one: one record, so that neither can happen alone. */
export interface Redriven {
  readonly kind: 'redriven'
  readonly at: number
  readonly seq: number
  readonly queueId: number
  readonly priority: number
  readonly group: string | undefined
  readonly dedupId: string | undefined
  readonly content: Uint8Array
  readonly oldSeq: number
  readonly taskId: string
}

/** A live message, with all that has happened to it, copied out of a segment that is about to be trimmed. */
export interface Relocated {
  readonly kind: 'relocated'
  readonly at: number
  readonly seq: number
  readonly queueId: number
  readonly phase: 1 | 2 | 3
  readonly dueAt: number
  readonly priority: number
  readonly group: string | undefined
  readonly dedupId: string | undefined
  readonly content: Uint8Array
  readonly sentAt: number
  /** The name of the queue that dead-lettered it, and how often it had been received until then. */
  readonly source: string | undefined
  readonly countBefore: number
  readonly receiveCount: number
  readonly firstReceivedMs: number
  readonly leasedMs: number
}

/** A message has left its queue for one of another shard (departures.ts). Told again, it changes nothing. */
export interface Departing {
  readonly kind: 'departing'
  readonly at: number
  readonly seq: number
  readonly number: number
  /** The name of the queue that it goes to. */
  readonly target: string
  readonly fromQueueId: number
  /** Its name, which outlives it. */
  readonly source: string
  /** A move task takes it; else it is a dead letter. */
  readonly redrive: boolean
  /** Of the task whose count it adds to; undefined when told again. */
  readonly taskId: string | undefined
}

/** It has arrived there: it is no longer here. */
export interface Departed {
  readonly kind: 'departed'
  readonly at: number
  readonly seq: number
}

/** It is not wanted there: it is back in its place. */
export interface Returned {
  readonly kind: 'returned'
  readonly at: number
  readonly seq: number
  /** Of the task whose count it is taken off from. */
  readonly taskId: string | undefined
}

/** A message from another shard, as a live one with its history; with its MessageId where that is an older one. */
export interface Arrived extends Omit<Relocated, 'kind'> {
  readonly kind: 'arrived'
  /** The shard it came from, and its number there; 0 when it is merely moved within the log. */
  readonly from: number
  readonly number: number
  readonly messageId: string | undefined
}

/** The highest number that came from a shard to a queue. */
export interface ArrivalsKnown {
  readonly kind: 'arrivalsKnown'
  readonly at: number
  readonly queueId: number
  readonly from: number
  readonly number: number
}

/**
 * What came from a shard to a queue, by the queue's name: the highest number that arrived, and the last one that was
 * refused. Without a name: whatever is not above `refused` is refused by queues of which nothing else is known.
 */
export interface ArrivalsTold {
  readonly kind: 'arrivalsTold'
  readonly at: number
  readonly queue: string | undefined
  readonly from: number
  readonly arrived: number
  readonly refused: number
}

/** What only happens where there are several shards. */
export type CrossingEvent = Departing | Departed | Returned | Arrived | ArrivalsKnown | ArrivalsTold

/** A record of a topic of Kafka became a message: sent, and with the place of that record (source.ts). */
export interface Fed extends Omit<Sent, 'kind'> {
  readonly kind: 'fed'
  readonly partition: number
  readonly offset: number
}

/** How far a partition of a queue's topic has been read. */
export interface FedTo {
  readonly kind: 'fedTo'
  readonly at: number
  readonly queueId: number
  readonly topicId: string
  readonly partition: number
  /** The offset of the next record. */
  readonly next: number
}

/** What only happens where a queue is fed from a topic of Kafka. */
export type SourceEvent = Fed | FedTo

export type Event =
  | Opened
  | QueueDefined
  | QueueDeleted
  | QueuePurged
  | Sent
  | Received
  | ReceiveUndone
  | Deleted
  | VisibilityChanged
  | LeaseRenewed
  | DeadLettered
  | Discarded
  | Expired
  | MoveTaskChanged
  | Redriven
  | Relocated
  | CrossingEvent
  | SourceEvent

/** The events whose record holds a message. */
export type MessageEvent = Sent | Fed | Redriven | Relocated | Arrived
