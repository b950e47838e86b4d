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

/** Access key, day, region, service: `AKIDEXAMPLE/20261122/us-east-1/sqs/aws4_request`. */
const SCOPE = /^([\w.@+=-]{1,128})\/\d{8}\/([a-z0-9-]{1,64})\/[\w-]+\/aws4_request$/

export function identify(request: HttpRequest, defaults: CallerDefaults): Caller {
  const scope = SCOPE.exec(credentialScope(request))
  if (scope === null) return { accessKeyId: undefined, region: defaults.region, account: defaults.account }
  return { accessKeyId: scope[1]!, region: scope[2]!, account: defaults.account }
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
