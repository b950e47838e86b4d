/**
 * Reads access key and region from a request's signature (Signature Version 4), from the header Authorization or
 * from a presigned URL. Signatures are not checked yet. Anything that cannot be read counts as unsigned: this must
 * never be the reason why a request fails.
 */

import type { HttpRequest } from '../http/exchange.ts'
import type { Caller } from './caller.ts'

export interface CallerDefaults {
  readonly account: string
  readonly region: string
}

/** Programs sign with the same few scopes all day; of those read before so many are remembered. */
const REMEMBERED_MAX = 1000

/** Access key, day, region, service: `AKIDEXAMPLE/20261122/us-east-1/sqs/aws4_request`. */
const SCOPE_CHARS_MAX = 256
const SCOPE = /^([\w.@+=-]{1,128})\/\d{8}\/([a-z0-9-]{1,64})\/[\w-]+\/aws4_request$/

export class Callers {
  readonly #defaults: CallerDefaults
  readonly #remembered = new Map<string, Caller>()

  constructor(defaults: CallerDefaults) {
    this.#defaults = defaults
  }

  identify(request: HttpRequest): Caller {
    const scope = credentialScope(request).slice(0, SCOPE_CHARS_MAX + 1)
    const known = this.#remembered.get(scope)
    if (known !== undefined) return known
    if (this.#remembered.size === REMEMBERED_MAX) this.#remembered.clear()
    const caller = this.#read(scope)
    this.#remembered.set(scope, caller)
    return caller
  }

  #read(scope: string): Caller {
    const { account, region } = this.#defaults
    const parts = scope.length > SCOPE_CHARS_MAX ? null : SCOPE.exec(scope)
    if (parts === null) return { accessKeyId: undefined, region, account }
    return { accessKeyId: parts[1]!, region: parts[2]!, account }
  }
}

function credentialScope(request: HttpRequest): string {
  const authorization = request.header('authorization')
  if (authorization !== undefined) return between(authorization, 'Credential=', ',')
  const presigned = between(request.target, 'X-Amz-Credential=', '&')
  return presigned.replaceAll('%2F', '/').replaceAll('%2f', '/')
}

/** What stands between `start` and the next `end`, or the end of the text; empty without `start`. */
function between(text: string, start: string, end: string): string {
  const at = text.indexOf(start)
  if (at === -1) return ''
  const from = at + start.length
  const to = text.indexOf(end, from)
  return text.slice(from, to === -1 ? undefined : to).trim()
}
