/** What the two protocols have in common: a request becomes a call, its output or its error a response. */

import type { HttpRequest, HttpResponse } from '../http/exchange.ts'
import type { ActionName, Input } from './api.ts'
import type { SqsError } from './errors.ts'
import { takesQueue } from './model.ts'

export interface Call {
  readonly action: ActionName
  /** Of the right shape for `action`; its members may be missing still (perform.ts). */
  readonly input: Input<ActionName>
}

export interface Protocol {
  /** Throws an SqsError for what cannot be read. `addressed`: the queue named by the request's path. */
  read(request: HttpRequest, addressed: string | undefined): Call
  /** `output` is that of `action`. */
  success(action: ActionName, output: object, requestId: string): HttpResponse
  failure(error: SqsError, requestId: string): HttpResponse
}

export const REQUEST_ID_HEADER = 'x-amzn-RequestId'

/** What was decoded by the model of `action` is its input; a queue not named in it is the one in the path. */
export function call(
  action: ActionName,
  decoded: Record<string, unknown>,
  addressed: string | undefined,
): Call {
  if (addressed !== undefined && !decoded.QueueUrl && takesQueue(action)) decoded.QueueUrl = addressed
  return { action, input: decoded as object as Input<ActionName> }
}
