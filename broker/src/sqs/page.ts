/** Pages of queue names: a page's NextToken is the last name on it, in base64, so that no state is kept. */

import { LIST_RESULTS_MAX } from '../queue/limits.ts'
import type { PageInput } from './api.ts'
import { invalidParameterValue } from './errors.ts'
import { checkMaxResults } from './range.ts'
import { isFifoName, isStandardName } from './text.ts'

export interface Page {
  readonly limit: number
  readonly after?: string
}

/** What a listing asks the core for. */
export function pageOf(input: PageInput): Page {
  const { MaxResults: limit = LIST_RESULTS_MAX, NextToken: token } = input
  checkMaxResults(limit)
  return token === undefined || token === '' ? { limit } : { limit, after: decodeToken(token) }
}

/** As in SQS there is a token only where the request had MaxResults. */
export function nextToken(
  input: PageInput,
  listed: { readonly names: readonly string[]; readonly more: boolean },
): string | undefined {
  const last = listed.names.at(-1)
  if (input.MaxResults === undefined || !listed.more || last === undefined) return undefined
  return Buffer.from(last).toString('base64')
}

function decodeToken(token: string): string {
  const name = Buffer.from(token, 'base64').toString('latin1')
  if (isStandardName(name) || isFifoName(name)) return name
  throw invalidParameterValue('Invalid or expired next token.')
}
