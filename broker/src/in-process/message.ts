/** Messages as a Node program writes and reads them, and their form in the SQS API. */

import type { Draft, Message, MessageAttributes, MessageAttributeValue, MessageFields } from '../sqs/api.ts'

/** A text becomes the SQS type String, a number Number, bytes Binary. */
export type AttributeValue = string | number | Uint8Array

export interface SendOptions {
  /** At most ten, each with a value. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  /** 0–900; absent: the queue's DelaySeconds. Not on FIFO queues. */
  readonly delaySeconds?: number
  /** 0–9, higher first; absent: 0. Not on FIFO queues. */
  readonly priority?: number
  /** FIFO: what must stay in order. Standard: a tenant, with whom others take turns. */
  readonly groupId?: string
  /** FIFO: the same id within five minutes is the same message. */
  readonly deduplicationId?: string
}

export interface OutgoingMessage extends SendOptions {
  readonly body: string
}

export interface SentMessage {
  readonly messageId: string
  /** FIFO queues only: rises with every message. */
  readonly sequenceNumber: string | undefined
}

export interface ReceivedMessage {
  readonly messageId: string
  /** What `delete` and `changeVisibility` need; each receive gives another. */
  readonly receiptHandle: string
  readonly body: string
  readonly attributes: Readonly<Record<string, AttributeValue>>
  /** How often it has been received, this time included. */
  readonly receiveCount: number
  readonly sentAt: Date
  readonly groupId: string | undefined
  readonly deduplicationId: string | undefined
  readonly sequenceNumber: string | undefined
}

export const PRIORITY = 'pabal.priority'

export function messageFields(message: OutgoingMessage): MessageFields {
  const fields: Draft<MessageFields> = { MessageBody: message.body }
  const attributes = messageAttributes(message)
  if (attributes !== undefined) fields.MessageAttributes = attributes
  if (message.delaySeconds !== undefined) fields.DelaySeconds = message.delaySeconds
  if (message.groupId !== undefined) fields.MessageGroupId = message.groupId
  if (message.deduplicationId !== undefined) fields.MessageDeduplicationId = message.deduplicationId
  return fields
}

function messageAttributes({ attributes, priority }: SendOptions): MessageAttributes | undefined {
  if (attributes === undefined && priority === undefined) return undefined
  const values: Record<string, MessageAttributeValue> = {}
  for (const [name, value] of Object.entries(attributes ?? {})) values[name] = attributeOf(value)
  if (priority !== undefined) values[PRIORITY] = attributeOf(priority)
  return values
}

function attributeOf(value: AttributeValue): MessageAttributeValue {
  if (typeof value === 'string') return { DataType: 'String', StringValue: value }
  if (typeof value === 'number') return { DataType: 'Number', StringValue: String(value) }
  return { DataType: 'Binary', BinaryValue: value }
}

/** Of a message received with all its attributes. */
export function receivedMessage(message: Message): ReceivedMessage {
  const system = message.Attributes ?? {}
  const attributes: Record<string, AttributeValue> = {}
  for (const [name, value] of Object.entries(message.MessageAttributes ?? {}))
    attributes[name] = plainValue(value)
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes,
    receiveCount: Number(system['ApproximateReceiveCount']),
    sentAt: new Date(Number(system['SentTimestamp'])),
    groupId: system['MessageGroupId'],
    deduplicationId: system['MessageDeduplicationId'],
    sequenceNumber: system['SequenceNumber'],
  }
}

function plainValue({ DataType, StringValue, BinaryValue }: MessageAttributeValue): AttributeValue {
  if (BinaryValue !== undefined) return BinaryValue
  const text = StringValue ?? ''
  const number = Number(text)
  // A Number may have more digits than a JavaScript number holds: then it stays a text.
  return DataType?.startsWith('Number') === true && String(number) === text ? number : text
}
