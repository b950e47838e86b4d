/**
 * One message on its way out: the core's delivery and the stored content, with exactly those system and message
 * attributes that the receive asked for.
 */

import type { Delivered } from '../queue/command.ts'
import type { Draft, Message, ReceiveMessageInput } from './api.ts'
import { queueArn } from './arn.ts'
import { type AttributeFilter, attributeFilter, checkCount, selects } from './attribute-filter.ts'
import { type AttributeSlice, decodeAttribute, sliceAttributes } from './attribute-layout.ts'
import { StoredContent } from './content.ts'
import type { Context } from './context.ts'
import { md5 } from './md5.ts'
import { sequenceNumber } from './outgoing.ts'

/** What a receive asks to see beside bodies. */
export interface Wanted {
  readonly system: ReadonlySet<string> | undefined
  readonly message: AttributeFilter
}

/** The old and the new member for system attributes count together. */
export function wantedBy(input: ReceiveMessageInput): Wanted {
  const { AttributeNames: old = [], MessageSystemAttributeNames: names = [] } = input
  checkCount('AttributeNames', old)
  checkCount('MessageSystemAttributeNames', names)
  const system = old.length + names.length === 0 ? undefined : new Set([...old, ...names])
  return { system, message: attributeFilter(input.MessageAttributeNames) }
}

export function toMessage(context: Context, delivered: Delivered, wanted: Wanted): Message {
  const content = new StoredContent(delivered.content)
  const message: Draft<Message> = {
    MessageId: delivered.messageId,
    ReceiptHandle: delivered.receipt,
    MD5OfBody: content.bodyMd5,
    Body: content.body,
  }
  if (wanted.system !== undefined) addSystemAttributes(message, context, delivered, content, wanted.system)
  if (wanted.message.kind !== 'none') addAttributes(message, content, wanted.message)
  return message
}

function addSystemAttributes(
  message: Draft<Message>,
  context: Context,
  delivered: Delivered,
  content: StoredContent,
  asked: ReadonlySet<string>,
): void {
  const all = asked.has('All')
  const attributes: Record<string, string> = {}
  const add = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && (all || asked.has(name))) attributes[name] = String(value)
  }
  add('SenderId', content.senderId)
  add('SentTimestamp', delivered.sentAt)
  add('ApproximateReceiveCount', delivered.receiveCount)
  add('ApproximateFirstReceiveTimestamp', delivered.firstReceivedAt)
  add('SequenceNumber', delivered.fifo ? sequenceNumber(delivered.seq) : undefined)
  add('MessageDeduplicationId', delivered.dedupId)
  add('MessageGroupId', delivered.group)
  add('AWSTraceHeader', content.traceHeader)
  const source = delivered.deadLetterSource
  add('DeadLetterQueueSourceArn', source === undefined ? undefined : queueArn(context.caller, source))
  if (Object.keys(attributes).length > 0) message.Attributes = attributes
}

/** The MD5 covers what is returned; for a part of the attributes it is hashed from the stored bytes. */
function addAttributes(message: Draft<Message>, content: StoredContent, filter: AttributeFilter): void {
  const layout = content.attributes
  if (layout === undefined) return
  const stored = sliceAttributes(layout)
  const returned = stored.filter((slice) => selects(filter, slice.name))
  if (returned.length === 0) return
  const all = returned.length === stored.length
  message.MD5OfMessageAttributes = all ? content.attributesMd5! : md5OfSlices(layout, returned)
  message.MessageAttributes = Object.fromEntries(
    returned.map((slice) => [slice.name, decodeAttribute(layout, slice)]),
  )
}

function md5OfSlices(layout: Buffer, slices: readonly AttributeSlice[]): string {
  return md5(Buffer.concat(slices.map(({ start, end }) => layout.subarray(start, end))))
}
