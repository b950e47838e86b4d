/**
 * A queue that is fed from a topic of Kafka: tag `pabal:source` = `topic`, `topic@earliest` or `topic@latest`. The
 * queue keeps how far each partition of the topic has been read; a record that is before that place is here already.
 * Each message's event says which record it was, so a message and its place can only be durable together.
 *
 * Reading is for others (cluster/source/). A queue whose tag is taken away or changed forgets its places.
 */

import { noRoomForMessage } from './capacity.ts'
import type { SourceFound } from './command.ts'
import type { Emit } from './decide.ts'
import type { Fed, FedTo, QueueDefinition } from './event.ts'
import { SOURCES_MAX } from './limits.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { evolveSent } from './send.ts'
import { partsOf, SHARDS_TAG } from './spread.ts'
import type { State } from './state.ts'

export const SOURCE_TAG = 'pabal:source'
/** A topic's name as Kafka allows it. `@` is in no topic's name, and AWS allows it in tags. */
const SHAPE = /^([\w.-]{1,249})(?:@(earliest|latest))?$/

type Texts = Readonly<Record<string, string>>

export interface Source {
  readonly topic: string
  /** Where reading begins: at the oldest record that there is, or with those that come from now on. */
  readonly from: 'earliest' | 'latest'
}

/** How far a partition of the topic has been read. */
export interface SourcePlace {
  /** Of the topic as it is now: one that is deleted and made again has another id. */
  readonly topicId: string
  /** The offset of the next record. */
  next: number
}

/** A record of a topic as a message. */
export interface FedRecord {
  readonly offset: number
  readonly content: Uint8Array
  readonly group: string | undefined
  readonly dedupId: string | undefined
  readonly priority: number
}

export function readSource(text: string): Source | undefined {
  const [, topic, from = 'earliest'] = SHAPE.exec(text) ?? []
  return topic === undefined ? undefined : { topic, from: from as Source['from'] }
}

/** What a queue is fed from; a part of a spread one never is. */
export function sourceOf({ tags, part }: QueueDefinition): Source | undefined {
  const text = part === undefined ? tags[SOURCE_TAG] : undefined
  return text === undefined ? undefined : readSource(text)
}

/** Whether a queue may have these tags; `found`: what is known of the topic, where there is a Kafka. */
export function validateSource(
  state: State,
  queue: Queue | undefined,
  tags: Texts,
  found: SourceFound | undefined,
): Problem | undefined {
  const text = tags[SOURCE_TAG]
  if (text === undefined) return undefined
  if (partsOf(tags) > 1) return refused(`Tag '${SOURCE_TAG}' does not go with '${SHARDS_TAG}'.`)
  if (text === queue?.definition.tags[SOURCE_TAG]) return undefined
  const topic = readSource(text)?.topic
  if (found === undefined || found.topic !== topic)
    return refused(`Tag '${SOURCE_TAG}' needs a broker whose log is on Kafka.`)
  if (found.refusal !== undefined) return refused(found.refusal)
  if (state.fed.size < SOURCES_MAX || (queue !== undefined && state.fed.has(queue))) return undefined
  return {
    problem: 'OverLimit',
    text: `Too many queues with a source: the limit of a shard is ${SOURCES_MAX}.`,
  }
}

function refused(text: string): Problem {
  return { problem: 'InvalidParameterValue', text }
}

/**
 * Those of the records that are not here yet become messages; everything before `next` has been seen then. False
 * where there is no room for more: the rest is to come again.
 */
export function decideFeed(
  state: State,
  queue: Queue,
  partition: number,
  records: readonly FedRecord[],
  next: number,
  now: number,
  emit: Emit,
): boolean {
  const place = queue.places.get(partition)!
  for (const record of records) {
    if (record.offset < place.next) continue
    if (noRoomForMessage(state, queue, now) !== undefined) return false
    emit(fed(state, queue, partition, record, now))
  }
  // What lies between records (a transaction's marks, records that were compacted) is passed over.
  if (next > place.next) decideFeedFrom(queue, partition, place.topicId, next, now, emit)
  return true
}

/** From now on a partition is read from `next` on. */
export function decideFeedFrom(
  queue: Queue,
  partition: number,
  topicId: string,
  next: number,
  now: number,
  emit: Emit,
): void {
  emit({ kind: 'fedTo', at: now, queueId: queue.id, topicId, partition, next })
}

function fed(state: State, queue: Queue, partition: number, record: FedRecord, now: number): Fed {
  const { offset, content, group, dedupId, priority } = record
  const { delayMs } = queue.settings
  return {
    kind: 'fed',
    at: now,
    seq: state.nextSeq,
    queueId: queue.id,
    dueAt: queue.fifo || delayMs === 0 ? 0 : now + delayMs,
    partition,
    offset,
    priority: queue.fifo ? 0 : priority,
    group,
    dedupId,
    content,
  }
}

/** Its deduplication id is for whoever receives it: a record that was seen is known by its offset. */
export function evolveFed(state: State, event: Fed, position: number, length: number): void {
  const place = state.queues.get(event.queueId)?.places.get(event.partition)
  if (place !== undefined) place.next = event.offset + 1
  evolveSent(state, { ...event, kind: 'sent', dedupId: undefined }, position, length)
}

export function evolveFedTo(state: State, event: FedTo): void {
  const { topicId, partition, next } = event
  state.queues.get(event.queueId)?.places.set(partition, { topicId, next })
}

/** After a definition was told: the queue's places are those of its source, and of no other. */
export function followSource(state: State, queue: Queue, before: QueueDefinition | undefined): void {
  const text = queue.definition.tags[SOURCE_TAG]
  if (before?.tags[SOURCE_TAG] === text) return
  queue.places.clear()
  if (sourceOf(queue.definition) === undefined) state.fed.delete(queue)
  else state.fed.add(queue)
  state.fedRevision += 1
}

/** The queue is no more. */
export function forgetSource(state: State, queue: Queue): void {
  if (state.fed.delete(queue)) state.fedRevision += 1
}
