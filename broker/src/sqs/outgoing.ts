/**
 * One message on its way in: judged by every rule that needs no queue, measured, hashed, and put into the form
 * that the core keeps. Single sends and batches share it.
 */

import { hash } from 'node:crypto'
import type { Outgoing, Sent } from '../queue/command.ts'
import type { Draft, MessageAttributes, MessageFields, SentFields } from './api.ts'
import { attributesBytes, encodeAttributes } from './attribute-layout.ts'
import { priorityOf, validateAttributes, validateSystemAttributes } from './attributes.ts'
import { encodeContent, TRACE_BYTES_MAX } from './content.ts'
import type { Context } from './context.ts'
import { invalidId, missingParameter, SqsError } from './errors.ts'
import { attributesMd5, md5 } from './md5.ts'
import { checkDelay } from './range.ts'
import { endsFifo, forbiddenCharacter, isId, isLegalText } from './text.ts'

export interface Prepared {
  readonly outgoing: Outgoing
  readonly bodyMd5: string
  readonly attributesMd5: string | undefined
  readonly systemAttributesMd5: string | undefined
}

/** What a message counts towards the size limits. It need not be valid. */
export function messageBytes(fields: MessageFields): number {
  const { MessageBody = '', MessageAttributes } = fields
  const bodyBytes = Buffer.byteLength(MessageBody)
  return MessageAttributes === undefined ? bodyBytes : bodyBytes + attributesBytes(MessageAttributes)
}

/** Throws the first of its mistakes. `queue`: the name, which tells whether content may be hashed for deduplication. */
export function prepare(context: Context, queue: string, fields: MessageFields): Prepared {
  validate(fields)
  const body = fields.MessageBody
  const bodyBytes = Buffer.byteLength(body)
  const bodyMd5 = md5(body)
  const attributes = noneIfEmpty(fields.MessageAttributes)
  const system = noneIfEmpty(fields.MessageSystemAttributes)
  const layout = attributes === undefined ? undefined : encodeAttributes(attributes)
  const layoutMd5 = layout === undefined ? undefined : md5(layout)
  const content = {
    body,
    bodyMd5,
    senderId: context.caller.accessKeyId ?? context.caller.account,
    traceHeader: system === undefined ? traceFromHttp(context) : system.AWSTraceHeader!.StringValue,
    attributes: layout,
    attributesMd5: layoutMd5,
  }
  const outgoing: Draft<Outgoing> = {
    content: encodeContent(content, bodyBytes),
    size: attributes === undefined ? bodyBytes : bodyBytes + attributesBytes(attributes),
  }
  addOptions(outgoing, queue, fields, attributes)
  const systemAttributesMd5 = system === undefined ? undefined : attributesMd5(system)
  return { outgoing, bodyMd5, attributesMd5: layoutMd5, systemAttributesMd5 }
}

function validate(fields: MessageFields): void {
  const { MessageBody: body, MessageGroupId: group, MessageDeduplicationId: dedupId } = fields
  if (body === undefined || body === '') throw missingParameter('MessageBody')
  if (!isLegalText(body)) throw invalidContents(body)
  checkDelay(fields.DelaySeconds)
  if (group !== undefined && !isId(group)) throw invalidId('MessageGroupId', group)
  if (dedupId !== undefined && !isId(dedupId)) throw invalidId('MessageDeduplicationId', dedupId)
  if (fields.MessageAttributes !== undefined) validateAttributes(fields.MessageAttributes)
  if (fields.MessageSystemAttributes !== undefined) validateSystemAttributes(fields.MessageSystemAttributes)
}

function invalidContents(body: string): SqsError {
  return new SqsError(
    'InvalidMessageContents',
    `Invalid binary character '${forbiddenCharacter(body)}' was found in the message body, the set of allowed ` +
      'characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
  )
}

/** Clients write "none" as an empty map too. */
function noneIfEmpty(attributes: MessageAttributes | undefined): MessageAttributes | undefined {
  if (attributes === undefined) return undefined
  for (const _name in attributes) return attributes
  return undefined
}

function traceFromHttp(context: Context): string | undefined {
  const trace = context.traceHeader
  if (trace === undefined || trace === '' || !isLegalText(trace)) return undefined
  return Buffer.byteLength(trace) <= TRACE_BYTES_MAX ? trace : undefined
}

function addOptions(
  outgoing: Draft<Outgoing>,
  queue: string,
  fields: MessageFields,
  attributes: MessageAttributes | undefined,
): void {
  if (fields.MessageGroupId !== undefined) outgoing.group = fields.MessageGroupId
  if (fields.MessageDeduplicationId !== undefined) outgoing.dedupId = fields.MessageDeduplicationId
  else if (endsFifo(queue)) outgoing.contentHash = hash('sha256', fields.MessageBody)
  if (fields.DelaySeconds !== undefined) outgoing.delaySeconds = fields.DelaySeconds
  const priority = attributes === undefined ? undefined : priorityOf(attributes)
  if (priority !== undefined) outgoing.priority = priority
}

const SEQUENCE_DIGITS = 20

export function sequenceNumber(seq: number): string {
  return String(seq).padStart(SEQUENCE_DIGITS, '0')
}

/** The part of a send's answer that single sends and batch entries share. */
export function sentFields(prepared: Prepared, sent: Sent): SentFields {
  const fields: Draft<SentFields> = { MessageId: sent.messageId, MD5OfMessageBody: prepared.bodyMd5 }
  if (prepared.attributesMd5 !== undefined) fields.MD5OfMessageAttributes = prepared.attributesMd5
  if (prepared.systemAttributesMd5 !== undefined) {
    fields.MD5OfMessageSystemAttributes = prepared.systemAttributesMd5
  }
  if (sent.fifo) fields.SequenceNumber = sequenceNumber(sent.seq)
  return fields
}
