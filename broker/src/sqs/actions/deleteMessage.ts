/** DeleteMessage: the message is dealt with. Deleting twice is no error. */

import { isProblem } from '../../queue/problem.ts'
import type { DeleteMessageInput, Nothing } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { problemError } from '../errors.ts'

export async function deleteMessage(context: Context, input: DeleteMessageInput): Promise<Nothing> {
  const queue = queueName(input.QueueUrl)
  const { results } = await ask<'delete'>(context, {
    kind: 'delete',
    queue,
    receipts: [input.ReceiptHandle],
  })
  const problem = results[0]
  if (isProblem(problem)) throw problemError(problem)
  return {}
}
