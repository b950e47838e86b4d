/**
 * Query's answers: XML without blanks between elements, lists and maps flattened to repeated elements; and the
 * JSON that AWS makes of the same where a Query client asks for it.
 */

import { encodeBase64 } from './base64.ts'
import type { MapShape, Shape, StructureShape } from './model.ts'

/** Parsers turn a bare CR into LF, so it is escaped. The last class is what XML cannot hold even escaped. */
const SPECIAL = /[&<>"'\r]|[^\t\n -\ufffd]/g
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\r': '&#xD;',
}

export function escapeXml(text: string): string {
  return text.toWellFormed().replace(SPECIAL, (character) => ESCAPES[character] ?? '\ufffd')
}

export function element(name: string, inner: string): string {
  return inner === '' ? `<${name}/>` : `<${name}>${inner}</${name}>`
}

/** The members of a structure as elements; absent ones leave nothing. */
export function xmlMembers(shape: StructureShape, value: object): string {
  const object = value as Readonly<Record<string, unknown>>
  let xml = ''
  for (const member of shape.members) {
    const found = object[member.name]
    if (found !== undefined) xml += xmlMember(member.name, member.shape, found)
  }
  return xml
}

function xmlMember(name: string, shape: Shape, value: unknown): string {
  switch (shape.type) {
    case 'list':
      return (value as readonly unknown[]).map((item) => xmlMember(shape.query, shape.item, item)).join('')
    case 'map':
      return Object.entries(value as object)
        .map(([key, entry]) => element(shape.query, xmlEntry(shape, key, entry)))
        .join('')
    case 'structure':
      return element(name, xmlMembers(shape, value as object))
    case 'blob':
      return element(name, encodeBase64(value as Uint8Array))
    default:
      return `<${name}>${escapeXml(String(value))}</${name}>`
  }
}

function xmlEntry(shape: MapShape, key: string, value: unknown): string {
  return `<${shape.key}>${escapeXml(key)}</${shape.key}>${xmlMember('Value', shape.value, value)}`
}

/** The same as JSON: members keep their own names, a map becomes a list of its entries. */
export function queryJson(shape: Shape, value: unknown): unknown {
  switch (shape.type) {
    case 'list':
      return (value as readonly unknown[]).map((item) => queryJson(shape.item, item))
    case 'map':
      return Object.entries(value as object).map(([key, entry]) => ({
        [shape.key]: key,
        Value: queryJson(shape.value, entry),
      }))
    case 'structure':
      return queryJsonMembers(shape, value as Readonly<Record<string, unknown>>)
    case 'blob':
      return encodeBase64(value as Uint8Array)
    default:
      return value
  }
}

function queryJsonMembers(shape: StructureShape, value: Readonly<Record<string, unknown>>): object {
  const present = shape.members.filter((member) => value[member.name] !== undefined)
  return Object.fromEntries(
    present.map((member) => [member.name, queryJson(member.shape, value[member.name])]),
  )
}
