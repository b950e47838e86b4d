/**
 * What an action is given beside its input: who asks, through which address, and the way to the queues. Over
 * HTTP there is one per request (service.ts); in process one for as long as the broker is open.
 */

import type { Caller } from '../auth/caller.ts'
import type { Answers, Command, Submit } from '../queue/command.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import type { Random } from '../runtime/random.ts'
import { problemError, SqsError } from './errors.ts'

export interface Context {
  readonly submit: Submit
  readonly random: Random
  readonly caller: Caller
  /** What queue URLs in answers begin with, without a slash at the end, such as `http://127.0.0.1:9324`. */
  readonly baseUrl: string
  /** Ends a waiting receive, which then takes nothing. */
  readonly signal: AbortSignal | undefined
  /** From the HTTP header `X-Amzn-Trace-Id`: given to messages that bring no AWSTraceHeader. */
  readonly traceHeader: string | undefined
}

type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>

/** Submits a command. A problem, and an outcome that is not known, reject with an {@link SqsError}. */
export function ask<Kind extends Command['kind']>(
  context: Context,
  command: CommandOf<Kind>,
  signal?: AbortSignal,
): Promise<Answers[Kind]> {
  return context.submit<Kind>(command, signal).then(orThrow<Answers[Kind]>, unavailable)
}

function orThrow<Answer extends object>(answer: Answer | Problem): Answer {
  if (isProblem(answer)) throw problemError(answer)
  return answer
}

/**
 * SDKs try again after a 503. An error called Unavailable has a text that is meant for clients (shard/unavailable.ts,
 * which is not for this folder to see); of any other nobody outside shall know.
 */
function unavailable(cause: unknown): never {
  const told = cause instanceof Error && cause.name === 'Unavailable'
  const text = told ? cause.message : 'Whether the request was carried out is not known.'
  throw new SqsError('ServiceUnavailable', text, { cause })
}
