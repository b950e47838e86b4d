/**
 * Which message attributes a receive returns: `MessageAttributeNames` holds names, prefixes such as `foo.*`
 * (a prefix of characters), or `All`, `.*` or `*` for every one. Unknown and illegal names select nothing.
 */

import { ATTRIBUTE_NAMES_ASKED_MAX } from '../queue/limits.ts'
import { invalidParameterValue } from './errors.ts'

export type AttributeFilter =
  | { readonly kind: 'none' }
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly names: ReadonlySet<string>; readonly prefixes: readonly string[] }

const NONE: AttributeFilter = { kind: 'none' }
const ALL: AttributeFilter = { kind: 'all' }

export function attributeFilter(asked: readonly string[] | undefined): AttributeFilter {
  if (asked === undefined || asked.length === 0) return NONE
  checkCount('MessageAttributeNames', asked)
  if (asked.includes('All') || asked.includes('.*') || asked.includes('*')) return ALL
  const prefixes = asked.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -2))
  return { kind: 'some', names: new Set(asked), prefixes }
}

export function selects(filter: AttributeFilter, name: string): boolean {
  if (filter.kind !== 'some') return filter.kind === 'all'
  return filter.names.has(name) || filter.prefixes.some((prefix) => name.startsWith(prefix))
}

export function checkCount(parameter: string, asked: readonly string[]): void {
  if (asked.length <= ATTRIBUTE_NAMES_ASKED_MAX) return
  throw invalidParameterValue(
    `${parameter} can hold at most ${ATTRIBUTE_NAMES_ASKED_MAX} names. You have sent ${asked.length}.`,
  )
}
