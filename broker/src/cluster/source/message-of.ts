/**
 * A record of a topic as a message.
 *
 *     value                  body, where it is text that SQS allows; else in base64
 *     key                    MessageGroupId, where it is one; else its SHA-256, and the attribute `kafka.key` has it
 *     headers                message attributes: String where the value is text, else Binary; the last of a name counts
 *     topic/partition/offset the attribute `kafka.position`, where there is room; on FIFO queues MessageDeduplicationId
 *
 * The attribute `kafka.value` is there where the body is not the value itself: `base64`; `null` or `empty`, then the body
 * is `null`; or `left-out`, where the queue takes no message of that size: then the body says where the record is. A batch
 * that holds too much (read-records.ts) becomes one such message.
 * `kafka.headers-left-out` counts the headers that did not become attributes: beyond the ten, or none that SQS allows.
 */

import { isUtf8 } from 'node:buffer'
import { hash } from 'node:crypto'
import { MESSAGE_ATTRIBUTES_MAX } from '../../queue/limits.ts'
import type { FedRecord } from '../../queue/source.ts'
import type { MessageAttributeValue } from '../../sqs/api.ts'
import { attributeBytes, attributesBytes, encodeAttributes } from '../../sqs/attribute-layout.ts'
import { isAttribute, PRIORITY } from '../../sqs/attributes.ts'
import { encodeContent } from '../../sqs/content.ts'
import { md5 } from '../../sqs/md5.ts'
import { isId, isLegalText } from '../../sqs/text.ts'
import type { SourceRecord } from './source-topics.ts'

/** Of the queue that the message is for. */
export interface TargetQueue {
  readonly fifo: boolean
  readonly bytesMax: number
}

const VALUE = 'kafka.value'
const KEY = 'kafka.key'
const POSITION = 'kafka.position'
const LEFT_OUT = 'kafka.headers-left-out'
const RESERVED = 'pabal.'
const SENDER = 'kafka'
/** With a partition and an offset behind it, a topic's name must fit a deduplication id. */
const TOPIC_CHARS_MAX = 90

type Attributes = Map<string, MessageAttributeValue>

export function messageOf(
  topic: string,
  partition: number,
  record: SourceRecord,
  queue: TargetQueue,
): FedRecord {
  const group = groupOf(record.key, partition, queue.fifo)
  const position = `${topic.slice(0, TOPIC_CHARS_MAX)}/${partition}/${record.offset}`
  const common = { offset: record.offset, group, dedupId: queue.fifo ? position : undefined }
  if (record.leftOut !== undefined)
    return { ...common, priority: 0, content: notice(topic, partition, record) }
  const { body, marked } = bodyOf(record.value)
  const attributes: Attributes = new Map()
  if (marked !== undefined) attributes.set(VALUE, text(marked))
  addKey(attributes, record.key, group)
  addHeaders(attributes, record, queue.fifo)
  const priority = Number(attributes.get(PRIORITY)?.StringValue ?? 0)
  const size = Buffer.byteLength(body) + attributesBytes(Object.fromEntries(attributes))
  if (size > queue.bytesMax) return { ...common, priority, content: notice(topic, partition, record) }
  const place = text(`${topic}/${partition}/${record.offset}`)
  const hasRoom = attributes.size < MESSAGE_ATTRIBUTES_MAX
  if (hasRoom && size + attributeBytes(POSITION, place) <= queue.bytesMax) attributes.set(POSITION, place)
  return { ...common, priority, content: contentOf(body, attributes) }
}

/** Kafka's order is that of a partition: what has no key stays in it. A standard queue's groups are tenants. */
function groupOf(key: Buffer | undefined, partition: number, fifo: boolean): string | undefined {
  if (key === undefined || key.length === 0) return fifo ? `partition-${partition}` : undefined
  const given = key.toString('latin1')
  return isId(given) ? given : `key-${hash('sha256', key)}`
}

function bodyOf(value: Buffer | undefined): { readonly body: string; readonly marked?: string } {
  if (value === undefined) return { body: 'null', marked: 'null' }
  if (value.length === 0) return { body: 'null', marked: 'empty' }
  const body = legalText(value)
  return body === undefined ? { body: value.toString('base64'), marked: 'base64' } : { body }
}

function legalText(bytes: Buffer): string | undefined {
  if (!isUtf8(bytes)) return undefined
  const read = bytes.toString('utf8')
  return isLegalText(read) ? read : undefined
}

function addKey(attributes: Attributes, key: Buffer | undefined, group: string | undefined): void {
  if (key === undefined || key.length === 0 || key.toString('latin1') === group) return
  attributes.set(KEY, textOrBinary(key))
}

/** One place is kept for saying how many headers were left out, where any are. */
function addHeaders(attributes: Attributes, { headers }: SourceRecord, fifo: boolean): void {
  const last = new Map(headers.map(([name, value]) => [name.toString('utf8'), value]))
  const fit = [...last].flatMap(([name, value]) => {
    const attribute = headerAttribute(name, value, fifo)
    return attribute === undefined || attributes.has(name) ? [] : [[name, attribute] as const]
  })
  const places = MESSAGE_ATTRIBUTES_MAX - attributes.size
  const taken = fit.length === headers.length && fit.length <= places ? fit : fit.slice(0, places - 1)
  for (const [name, attribute] of taken) attributes.set(name, attribute)
  if (taken.length < headers.length) {
    attributes.set(LEFT_OUT, { DataType: 'Number', StringValue: String(headers.length - taken.length) })
  }
}

/** Names that begin with `pabal.` mean something to Pabal: a priority is obeyed, anything else is not let in. */
function headerAttribute(
  name: string,
  value: Buffer | undefined,
  fifo: boolean,
): MessageAttributeValue | undefined {
  if (value === undefined || [VALUE, KEY, POSITION, LEFT_OUT].includes(name)) return undefined
  if (name.startsWith(RESERVED)) return fifo || name !== PRIORITY ? undefined : priority(value)
  const attribute = textOrBinary(value)
  return isAttribute(name, attribute) ? attribute : undefined
}

function priority(value: Buffer): MessageAttributeValue | undefined {
  const digit = value.toString('latin1')
  return /^\d$/.test(digit) ? { DataType: 'Number', StringValue: digit } : undefined
}

function text(value: string): MessageAttributeValue {
  return { DataType: 'String', StringValue: value }
}

function textOrBinary(value: Buffer): MessageAttributeValue {
  const read = legalText(value)
  return read === undefined ? { DataType: 'Binary', BinaryValue: value } : text(read)
}

/** In the place of a record, or of a batch, that is too large: where it is, for whoever can read it from Kafka. */
function notice(topic: string, partition: number, record: SourceRecord): Buffer {
  const { offset, value, leftOut } = record
  const what =
    leftOut === undefined
      ? { offset, bytes: value?.length ?? 0 }
      : { offset: leftOut.from, lastOffset: offset, bytes: leftOut.bytes }
  const body = JSON.stringify({ topic, partition, ...what })
  return contentOf(body, new Map([[VALUE, text('left-out')]]))
}

function contentOf(body: string, attributes: Attributes): Buffer {
  const layout = attributes.size === 0 ? undefined : encodeAttributes(Object.fromEntries(attributes))
  return encodeContent(
    {
      body,
      bodyMd5: md5(body),
      senderId: SENDER,
      traceHeader: undefined,
      attributes: layout,
      attributesMd5: layout === undefined ? undefined : md5(layout),
    },
    Buffer.byteLength(body),
  )
}
