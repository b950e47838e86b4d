/**
 * What a message attribute may be: names, types, values, how many. Refusals are InvalidParameterValue with SQS's
 * texts where they are known. Also the attributes that mean something to Pabal itself, such as `pabal.priority`.
 */

import {
  ATTRIBUTE_NAME_CHARS_MAX,
  ATTRIBUTE_TYPE_CHARS_MAX,
  MESSAGE_ATTRIBUTES_MAX,
  PRIORITIES,
} from '../queue/limits.ts'
import type { MessageAttributes, MessageAttributeValue } from './api.ts'
import { isBinary } from './attribute-layout.ts'
import { TRACE_BYTES_MAX } from './content.ts'
import { echo, invalidParameterValue, SqsError } from './errors.ts'
import { isLegalText, isLonger } from './text.ts'

const TYPE = /^(?:String|Number|Binary)(?:\..+)?$/
/** Letters beyond ASCII are documented as not allowed, yet AWS was seen to accept them. */
const NAME = /^[\p{L}\p{M}\p{N}_.-]+$/u
const RESERVED = /^(?:aws|amazon)\./i
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const NUMBER_DIGITS_MAX = 38
const NUMBER_MIN = -1e128
const NUMBER_MAX = 1e126

/** Throws for the first attribute that SQS would refuse. */
export function validateAttributes(attributes: MessageAttributes): void {
  const names = Object.keys(attributes)
  if (names.length > MESSAGE_ATTRIBUTES_MAX) {
    throw invalidParameterValue(
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${MESSAGE_ATTRIBUTES_MAX}].`,
    )
  }
  for (const name of names) {
    validateName(name)
    validateValue('user', name, attributes[name]!)
  }
}

/** Of a send's system attributes there is one. */
export function validateSystemAttributes(attributes: MessageAttributes): void {
  for (const name of Object.keys(attributes)) {
    const attribute = attributes[name]!
    if (name !== 'AWSTraceHeader') {
      throw invalidParameterValue(`Message system attribute name '${echo(name)}' is invalid.`)
    }
    if (attribute.DataType !== 'String') {
      throw invalidParameterValue(`The message system attribute '${name}' must be of type 'String'.`)
    }
    validateValue('system', name, attribute)
    if (Buffer.byteLength(attribute.StringValue!) > TRACE_BYTES_MAX) {
      throw invalidParameterValue(
        `The message system attribute '${name}' is longer than ${TRACE_BYTES_MAX} bytes.`,
      )
    }
  }
}

/** Whether SQS would take this attribute. */
export function isAttribute(name: string, attribute: MessageAttributeValue): boolean {
  try {
    validateName(name)
    validateValue('user', name, attribute)
    return true
  } catch (error) {
    if (error instanceof SqsError) return false
    throw error
  }
}

function validateName(name: string): void {
  if (isLonger(name, ATTRIBUTE_NAME_CHARS_MAX)) {
    throw invalidParameterValue(
      `Message (user) attribute name can not be longer than ${ATTRIBUTE_NAME_CHARS_MAX} characters.`,
    )
  }
  if (!NAME.test(name) || name.startsWith('.') || name.endsWith('.') || name.includes('..')) {
    throw invalidParameterValue(
      `Invalid message (user) attribute name '${echo(name)}'. It can contain letters, digits, '_', '-' and '.', ` +
        `and no '.' at its ends or after another.`,
    )
  }
  if (RESERVED.test(name)) {
    throw invalidParameterValue(
      `Message (user) attribute name '${name}' can not start with 'AWS.' or 'Amazon.', which are reserved.`,
    )
  }
}

function validateValue(owner: 'user' | 'system', name: string, attribute: MessageAttributeValue): void {
  refuseLists(attribute)
  const type = attribute.DataType ?? ''
  validateType(name, type)
  const value = isBinary(type) ? attribute.BinaryValue : attribute.StringValue
  if (value === undefined || value.length === 0) {
    const baseType = type.split('.', 1)[0]
    throw invalidParameterValue(
      `Message (${owner}) attribute '${name}' must contain a non-empty value of type '${baseType}'.`,
    )
  }
  if (typeof value !== 'string') return
  if (!isLegalText(value)) {
    throw invalidParameterValue(
      `Message (${owner}) attribute '${name}' contains characters that are not allowed.`,
    )
  }
  if (type.startsWith('Number') && !isNumber(value)) {
    throw invalidParameterValue(`Can't cast the value of message (${owner}) attribute '${name}' to a number.`)
  }
}

function refuseLists(attribute: MessageAttributeValue): void {
  if (!attribute.StringListValues?.length && !attribute.BinaryListValues?.length) return
  throw new SqsError(
    'UnsupportedOperation',
    'Message attribute list values in SendMessage operation are not supported.',
  )
}

function validateType(name: string, type: string): void {
  if (type === '') {
    throw invalidParameterValue(
      `The message attribute '${name}' must contain a non-empty message attribute type.`,
    )
  }
  if (!TYPE.test(type) || !isLegalText(type)) {
    throw invalidParameterValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type ` +
        'prefixes is Binary, Number, and String.',
    )
  }
  if (isLonger(type, ATTRIBUTE_TYPE_CHARS_MAX)) {
    throw invalidParameterValue(
      `The type of the message attribute '${name}' can not be longer than ${ATTRIBUTE_TYPE_CHARS_MAX} characters.`,
    )
  }
}

/** 38 significant digits, from −10^128 to 10^126. */
function isNumber(text: string): boolean {
  if (!DECIMAL.test(text)) return false
  const digits = text.replace(/[eE].*$/, '').replace(/[+.-]/g, '')
  if (digits.replace(/^0+/, '').replace(/0+$/, '').length > NUMBER_DIGITS_MAX) return false
  const value = Number(text)
  return value >= NUMBER_MIN && value <= NUMBER_MAX
}

const PABAL = 'pabal.'
export const PRIORITY = 'pabal.priority'

/**
 * The priority that a validated message asks for. A value that is not understood is refused, and so is a
 * `pabal.` attribute that this broker does not know: accepted in silence, it would not do what it says.
 */
export function priorityOf(attributes: MessageAttributes): number | undefined {
  for (const name of Object.keys(attributes)) {
    if (name.startsWith(PABAL) && name !== PRIORITY) {
      throw invalidParameterValue(
        `Message attribute '${name}' is not known to this broker; names in '${PABAL}' are its own.`,
      )
    }
  }
  if (!Object.hasOwn(attributes, PRIORITY)) return undefined
  const { DataType, StringValue } = attributes[PRIORITY]!
  if (DataType!.startsWith('Number') && /^\d$/.test(StringValue!)) return Number(StringValue)
  throw invalidParameterValue(
    `Message attribute '${PRIORITY}' must be a Number, whole, from 0 to ${PRIORITIES - 1}; higher is delivered first.`,
  )
}
