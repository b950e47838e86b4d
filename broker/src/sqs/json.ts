/**
 * AWS JSON 1.0. A body is parsed once and then checked in place against the model: no copy is made of what is
 * right already. A member that is null is absent; one of a wrong type is refused with the words of AWS's own
 * server. Errors carry their older code in `x-amzn-query-error`, which is where SDKs look for it.
 */

import { isUtf8 } from 'node:buffer'
import type { HttpRequest, HttpResponse } from '../http/exchange.ts'
import type { ActionName, Message, MessageAttributeValue, ReceiveMessageOutput } from './api.ts'
import { decodeBase64, encodeBase64 } from './base64.ts'
import { invalidAction, SqsError } from './errors.ts'
import { inputs, isAction, type ListShape, type MapShape, type Shape, type StructureShape } from './model.ts'
import { type Call, call, type Protocol, REQUEST_ID_HEADER } from './protocol.ts'

const CONTENT_TYPE = 'application/x-amz-json-1.0'
const TARGET_PREFIX = 'AmazonSQS.'

export const TARGET_HEADER = 'x-amz-target'

export const jsonProtocol: Protocol = {
  read: readCall,
  success: (action, output, requestId) => ({
    status: 200,
    contentType: CONTENT_TYPE,
    headers: [[REQUEST_ID_HEADER, requestId]],
    body: encodeOutput(action, output),
  }),
  failure,
}

function readCall(request: HttpRequest, addressed: string | undefined): Call {
  const target = request.header(TARGET_HEADER) ?? ''
  const action = target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : target
  if (!isAction(action)) throw invalidAction(action)
  return call(action, decodeInput(inputs[action], request.body), addressed)
}

/** An empty body is an empty object. */
export function decodeInput(shape: StructureShape, body: Buffer): Record<string, unknown> {
  const value = body.length === 0 ? {} : parse(body)
  return value === null ? {} : readStructure(shape, value)
}

function parse(body: Buffer): unknown {
  if (!isUtf8(body)) throw serialization('The request is not valid UTF-8.')
  try {
    return JSON.parse(body.toString())
  } catch {
    throw serialization('The request is not valid JSON.')
  }
}

function serialization(text: string): SqsError {
  return new SqsError('SerializationException', text)
}

/** The checked value; undefined for null. */
function read(shape: Shape, value: unknown): unknown {
  if (value === null) return undefined
  switch (shape.type) {
    case 'string':
      return typeof value === 'string' ? value : mismatch(value, 'a String')
    case 'integer':
      return Number.isSafeInteger(value) ? value : mismatch(value, 'an Integer')
    case 'boolean':
      return typeof value === 'boolean' ? value : mismatch(value, 'a Boolean')
    case 'blob':
      return typeof value === 'string' ? readBlob(value) : mismatch(value, 'a Blob')
    case 'list':
      return readList(shape, value)
    case 'map':
      return readMap(shape, value)
    case 'structure':
      return readStructure(shape, value)
  }
}

function mismatch(value: unknown, wanted: string): never {
  if (Array.isArray(value)) throw serialization('Start of list found where not expected')
  if (typeof value === 'object') throw serialization('Start of structure or map found where not expected.')
  throw serialization(`${tokenOf(value)} can not be converted to ${wanted}`)
}

function tokenOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'TRUE_VALUE' : 'FALSE_VALUE'
  return typeof value === 'number' ? 'NUMBER_VALUE' : 'STRING_VALUE'
}

function readBlob(value: string): Uint8Array {
  const bytes = decodeBase64(value)
  if (bytes === undefined)
    throw serialization('STRING_VALUE can not be converted to a Blob: it is not base64')
  return bytes
}

function readList(shape: ListShape, value: unknown): unknown[] {
  if (!Array.isArray(value)) throw serialization('Expected list or null')
  return value.filter((item) => item !== null).map((item) => read(shape.item, item))
}

function readMap(shape: MapShape, value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw serialization('Expected map or null')
  for (const key of Object.keys(value)) replace(value, key, shape.value)
  return value
}

function readStructure(shape: StructureShape, value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw serialization('Expected structure or null')
  for (const member of shape.members) {
    if (value[member.name] !== undefined) replace(value, member.name, member.shape)
  }
  return value
}

/** `value` comes from JSON.parse, so that even a key such as `__proto__` is a property like any other. */
function replace(value: Record<string, unknown>, key: string, shape: Shape): void {
  const before = value[key]
  const after = read(shape, before)
  if (after === undefined) delete value[key]
  else if (after !== before) value[key] = after
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function encodeOutput(action: ActionName, output: object): string {
  return JSON.stringify(action === 'ReceiveMessage' ? withBase64(output as ReceiveMessageOutput) : output)
}

/** Binary attributes are the only bytes in any answer; nearly all answers go out as they are. */
function withBase64(output: ReceiveMessageOutput): object {
  if (!output.Messages?.some(hasBytes)) return output
  return { Messages: output.Messages.map(encodeMessage) }
}

function hasBytes({ MessageAttributes: attributes }: Message): boolean {
  if (attributes === undefined) return false
  return Object.values(attributes).some((value) => value.BinaryValue !== undefined)
}

function encodeMessage(message: Message): object {
  const attributes = Object.entries(message.MessageAttributes ?? {})
  if (attributes.length === 0) return message
  return {
    ...message,
    MessageAttributes: Object.fromEntries(attributes.map(([name, value]) => [name, encodeAttribute(value)])),
  }
}

function encodeAttribute(value: MessageAttributeValue): object {
  if (value.BinaryValue === undefined) return value
  return { ...value, BinaryValue: encodeBase64(value.BinaryValue) }
}

function failure(error: SqsError, requestId: string): HttpResponse {
  return {
    status: error.status,
    contentType: CONTENT_TYPE,
    headers: [
      [REQUEST_ID_HEADER, requestId],
      ['x-amzn-query-error', `${error.code};${error.senderFault ? 'Sender' : 'Receiver'}`],
    ],
    body: JSON.stringify({ __type: `com.amazonaws.sqs#${error.shape}`, message: error.message }),
  }
}
