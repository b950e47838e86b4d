/**
 * Message attributes as bytes, in the layout over which SQS defines their MD5: sorted by name, lengths
 * big-endian, `kind` 1 for String and Number, 2 for Binary.
 *
 *     +-------+--------+-------+--------+--------+-------+---------+
 *     | n (4) | name n | n (4) | type n | kind 1 | n (4) | value n |  and so on for the next attribute
 *     +-------+--------+-------+--------+--------+-------+---------+
 *
 * Messages are stored with their attributes in this layout (content.ts), so that the MD5 of those which a
 * receive returns is a hash of slices, without encoding or even decoding them.
 */

import type { MessageAttributes, MessageAttributeValue } from './api.ts'

const KIND_TEXT = 1
const KIND_BINARY = 2
/** The three lengths and the kind. */
const ATTRIBUTE_HEAD_BYTES = 13

export function isBinary(type: string): boolean {
  return type.startsWith('Binary')
}

/** All attributes, sorted by name, in the layout above. They must have been validated. */
export function encodeAttributes(attributes: MessageAttributes): Buffer {
  const names = Object.keys(attributes).sort()
  const buffer = Buffer.allocUnsafe(attributesBytes(attributes) + names.length * ATTRIBUTE_HEAD_BYTES)
  let at = 0
  for (const name of names) at = writeAttribute(buffer, at, name, attributes[name]!)
  return buffer
}

/** What an attribute counts towards a message's size: its name, its type and its value. It may be invalid. */
export function attributeBytes(name: string, attribute: MessageAttributeValue): number {
  const { DataType: type = '', StringValue: text = '', BinaryValue: bytes } = attribute
  const valueBytes = isBinary(type) ? (bytes?.length ?? 0) : Buffer.byteLength(text)
  return Buffer.byteLength(name) + Buffer.byteLength(type) + valueBytes
}

/** The same over all attributes of a message. */
export function attributesBytes(attributes: MessageAttributes): number {
  let bytes = 0
  for (const name of Object.keys(attributes)) bytes += attributeBytes(name, attributes[name]!)
  return bytes
}

function writeAttribute(
  buffer: Buffer,
  start: number,
  name: string,
  attribute: MessageAttributeValue,
): number {
  const type = attribute.DataType!
  let at = writeText(buffer, writeText(buffer, start, name), type)
  if (!isBinary(type)) {
    at = buffer.writeUInt8(KIND_TEXT, at)
    return writeText(buffer, at, attribute.StringValue!)
  }
  at = buffer.writeUInt32BE(attribute.BinaryValue!.length, buffer.writeUInt8(KIND_BINARY, at))
  buffer.set(attribute.BinaryValue!, at)
  return at + attribute.BinaryValue!.length
}

function writeText(buffer: Buffer, at: number, value: string): number {
  const length = buffer.write(value, at + 4)
  return buffer.writeUInt32BE(length, at) + length
}

/** One attribute found in the layout, between `start` and `end`, not yet decoded. */
export interface AttributeSlice {
  readonly name: string
  readonly start: number
  readonly typeAt: number
  readonly end: number
}

/** The attributes in the layout, in order; only names are decoded. */
export function sliceAttributes(layout: Buffer): readonly AttributeSlice[] {
  const slices: AttributeSlice[] = []
  let at = 0
  while (at < layout.length) {
    const start = at
    const typeAt = start + 4 + layout.readUInt32BE(start)
    const kindAt = typeAt + 4 + layout.readUInt32BE(typeAt)
    at = kindAt + 5 + layout.readUInt32BE(kindAt + 1)
    slices.push({ name: layout.toString('utf8', start + 4, typeAt), start, typeAt, end: at })
  }
  return slices
}

/** The type and the value of a slice. */
export function decodeAttribute(layout: Buffer, slice: AttributeSlice): MessageAttributeValue {
  const kindAt = slice.typeAt + 4 + layout.readUInt32BE(slice.typeAt)
  const DataType = layout.toString('utf8', slice.typeAt + 4, kindAt)
  const valueAt = kindAt + 5
  if (layout[kindAt] === KIND_TEXT) {
    return { StringValue: layout.toString('utf8', valueAt, slice.end), DataType }
  }
  return { BinaryValue: new Uint8Array(layout.subarray(valueAt, slice.end)), DataType }
}
