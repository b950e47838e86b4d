/** SendMessage: one message, durable in its queue when this resolves. */

import { isProblem } from '../../queue/problem.ts'
import type { SendMessageInput, SendMessageOutput } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { problemError } from '../errors.ts'
import { prepare, sentFields } from '../outgoing.ts'

export async function sendMessage(context: Context, input: SendMessageInput): Promise<SendMessageOutput> {
  const queue = queueName(input.QueueUrl)
  const prepared = prepare(context, queue, input)
  const { results } = await ask<'send'>(context, {
    kind: 'send',
    queue,
    entries: [prepared.outgoing],
    batch: false,
  })
  const sent = results[0]!
  if (isProblem(sent)) throw problemError(sent)
  return sentFields(prepared, sent)
}
