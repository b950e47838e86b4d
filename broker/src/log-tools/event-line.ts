/** An event as an object for a line of JSON: names and instants that a person can read, bodies cut unless asked for. */

import type { Event, MessageEvent } from '../queue/event.ts'
import { messageIdOf } from '../queue/message-id.ts'
import { DELAYED, IN_FLIGHT, type Phase } from '../queue/message-table.ts'
import { isoDate } from '../runtime/dates.ts'
import { decodeAttribute, sliceAttributes } from '../sqs/attribute-layout.ts'
import { StoredContent } from '../sqs/content.ts'

/** Characters of a body that are shown. */
export const BODY_SHOWN_MAX = 80

export interface EventNames {
  readonly salt: Int32Array
  /** A queue's name, where it is known. */
  readonly queueName: (id: number) => string | undefined
}

export type Line = Readonly<Record<string, unknown>>

export function eventLine(event: Event, names: EventNames, full: boolean): Line {
  return { kind: event.kind, at: isoDate(event.at), ...fieldsOf(event, names, full) }
}

function fieldsOf(event: Event, names: EventNames, full: boolean): Line {
  switch (event.kind) {
    case 'opened':
      return { nextSeq: event.nextSeq, nextQueueId: event.nextQueueId }
    case 'queueDefined':
      return { definition: event.definition }
    case 'moveTaskChanged':
      return { task: event.task }
    case 'queueDeleted':
    case 'queuePurged':
      return { queue: queueOf(event.queueId, names) }
    case 'expired':
      return { queue: queueOf(event.queueId, names), sentBefore: isoDate(event.sentBefore) }
    case 'sent':
      return { ...messageOf(event, names, full), ...dueOf(event.dueAt) }
    case 'fed':
      return {
        ...messageOf(event, names, full),
        ...dueOf(event.dueAt),
        partition: event.partition,
        offset: event.offset,
      }
    case 'fedTo':
      return {
        queue: queueOf(event.queueId, names),
        topicId: event.topicId,
        partition: event.partition,
        next: event.next,
      }
    case 'redriven':
      return { ...messageOf(event, names, full), oldSeq: event.oldSeq, task: event.taskId }
    case 'relocated':
      return {
        ...messageOf(event, names, full),
        phase: phaseName(event.phase),
        ...dueOf(event.dueAt),
        sentAt: isoDate(event.sentAt),
        receiveCount: event.receiveCount,
        ...(event.source === undefined ? {} : { deadLetteredFrom: event.source }),
      }
    case 'arrived':
      return {
        ...messageOf(event, names, full),
        ...(event.messageId === undefined ? {} : { messageId: event.messageId }),
        ...(event.number === 0 ? {} : { fromShard: event.from, number: event.number }),
        phase: phaseName(event.phase),
        ...dueOf(event.dueAt),
        sentAt: isoDate(event.sentAt),
        receiveCount: event.receiveCount,
        ...(event.source === undefined ? {} : { deadLetteredFrom: event.source }),
      }
    case 'arrivalsKnown':
      return { queue: queueOf(event.queueId, names), fromShard: event.from, number: event.number }
    case 'arrivalsTold':
      return {
        ...(event.queue === undefined ? {} : { queue: event.queue }),
        fromShard: event.from,
        number: event.arrived,
        refused: event.refused,
      }
    case 'departing':
      return {
        ...idOf(event.seq, names),
        number: event.number,
        from: event.source,
        to: event.target,
        ...(event.taskId === undefined ? {} : { task: event.taskId }),
      }
    case 'received':
    case 'leaseRenewed':
    case 'visibilityChanged':
      return { ...idOf(event.seq, names), until: isoDate(event.until) }
    case 'deadLettered':
      return { ...idOf(event.seq, names), queue: queueOf(event.queueId, names) }
    case 'deleted':
    case 'discarded':
    case 'receiveUndone':
    case 'departed':
    case 'returned':
      return idOf(event.seq, names)
  }
}

export function phaseName(phase: Phase): string {
  if (phase === IN_FLIGHT) return 'inFlight'
  return phase === DELAYED ? 'delayed' : 'visible'
}

function messageOf(event: MessageEvent, names: EventNames, full: boolean): Line {
  const { body, attributes } = readContent(event.content)
  return {
    ...idOf(event.seq, names),
    queue: queueOf(event.queueId, names),
    ...(event.priority === 0 ? {} : { priority: event.priority }),
    ...(event.group === undefined ? {} : { group: event.group }),
    ...(event.dedupId === undefined ? {} : { dedupId: event.dedupId }),
    ...(full && attributes !== undefined ? { attributes } : {}),
    body: full || body.length <= BODY_SHOWN_MAX ? body : `${body.slice(0, BODY_SHOWN_MAX)}…`,
  }
}

export interface ReadableContent {
  readonly body: string
  readonly traceHeader: string | undefined
  /** As SQS has them in JSON: a Binary value in base64. */
  readonly attributes: Readonly<Record<string, AttributeLine>> | undefined
}

export interface AttributeLine {
  readonly DataType: string
  readonly StringValue?: string
  readonly BinaryValue?: string
}

export function readContent(content: Uint8Array): ReadableContent {
  const { body, traceHeader, attributes: layout } = new StoredContent(content)
  if (layout === undefined) return { body, traceHeader, attributes: undefined }
  const attributes: Record<string, AttributeLine> = {}
  for (const slice of sliceAttributes(layout)) {
    const { DataType = '', StringValue, BinaryValue } = decodeAttribute(layout, slice)
    attributes[slice.name] =
      BinaryValue === undefined
        ? { DataType, StringValue: StringValue ?? '' }
        : { DataType, BinaryValue: Buffer.from(BinaryValue).toString('base64') }
  }
  return { body, traceHeader, attributes }
}

function idOf(seq: number, { salt }: EventNames): Line {
  return { seq, messageId: messageIdOf(seq, salt) }
}

function queueOf(id: number, { queueName }: EventNames): string | number {
  return queueName(id) ?? id
}

function dueOf(dueAt: number): Line {
  return dueAt === 0 ? {} : { dueAt: isoDate(dueAt) }
}
