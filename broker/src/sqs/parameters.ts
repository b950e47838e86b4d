/**
 * The parameters of a Query request as a tree: `Tag.1.Key=a` hangs under `Tag`, `1`, `Key`. They may stand in the
 * query string, in the form body, or partly in each; where both have one, the body's counts. Text that is not
 * UTF-8 is kept as something that no rule of SQS lets through, so that whoever reads it refuses it in its words.
 */

import { isAscii } from 'node:buffer'
import type { HttpRequest } from '../http/exchange.ts'
import { QUERY_PARAMETERS_MAX } from '../queue/limits.ts'
import { SqsError } from './errors.ts'

export interface Parameter {
  value: string | undefined
  children: Map<string, Parameter> | undefined
}

/** The deepest name is `SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringListValue.1`. */
const DEPTH_MAX = 8
/** A lone surrogate: legal nowhere, and no UTF-8 decodes to it. */
const NOT_UTF8 = '\ud800'

export function readParameters(request: HttpRequest): Parameter {
  const root: Parameter = { value: undefined, children: undefined }
  const question = request.target.indexOf('?')
  let left = QUERY_PARAMETERS_MAX
  if (question !== -1) left = addAll(root, escapeBytes(request.target.slice(question + 1)), left)
  addAll(root, formText(request.body), left)
  return root
}

/** At `name` directly under `parent`. */
export function child(parent: Parameter, name: string): Parameter | undefined {
  return parent.children?.get(name)
}

/** The numbered children in the order of their numbers: `.10` comes after `.9`. */
export function numbered(parent: Parameter): Parameter[] {
  const found: [number: number, parameter: Parameter][] = []
  for (const [name, parameter] of parent.children ?? []) {
    if (/^\d{1,9}$/.test(name)) found.push([Number(name), parameter])
  }
  return found.sort(([a], [b]) => a - b).map(([, parameter]) => parameter)
}

/** Returns how many more parameters are allowed. */
function addAll(root: Parameter, encoded: string, allowed: number): number {
  let left = allowed
  let start = 0
  while (start < encoded.length) {
    const next = encoded.indexOf('&', start)
    const end = next === -1 ? encoded.length : next
    if (end > start) {
      if (left-- === 0) throw malformed(`A request can have at most ${QUERY_PARAMETERS_MAX} parameters.`)
      add(root, encoded.slice(start, end))
    }
    start = end + 1
  }
  return left
}

function add(root: Parameter, pair: string): void {
  const equals = pair.indexOf('=')
  const name = decode(equals === -1 ? pair : pair.slice(0, equals))
  const path = name.split('.', DEPTH_MAX + 1)
  if (path.length > DEPTH_MAX) return
  let parameter = root
  for (const part of path) parameter = grow(parameter, part)
  parameter.value = equals === -1 ? '' : decode(pair.slice(equals + 1))
}

function grow(parent: Parameter, name: string): Parameter {
  parent.children ??= new Map()
  let found = parent.children.get(name)
  if (found === undefined) {
    found = { value: undefined, children: undefined }
    parent.children.set(name, found)
  }
  return found
}

function decode(text: string): string {
  const spaced = text.replaceAll('+', ' ')
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    return NOT_UTF8
  }
}

/** Clients such as curl may send bytes that they should have escaped. */
function formText(body: Buffer): string {
  return isAscii(body) ? body.toString('latin1') : escapeBytes(body.toString('latin1'))
}

function escapeBytes(latin1: string): string {
  return latin1.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
}

function malformed(text: string): SqsError {
  return new SqsError('MalformedQueryStringException', text)
}
