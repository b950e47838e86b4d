/** ChangeMessageVisibility: from now on the message stays hidden for this long; 0 gives it back at once. */

import { isProblem } from '../../queue/problem.ts'
import type { ChangeMessageVisibilityInput, Nothing } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { problemError } from '../errors.ts'
import { checkVisibility } from '../range.ts'

export async function changeMessageVisibility(
  context: Context,
  input: ChangeMessageVisibilityInput,
): Promise<Nothing> {
  checkVisibility(input.VisibilityTimeout)
  const { results } = await ask<'changeVisibility'>(context, {
    kind: 'changeVisibility',
    queue: queueName(input.QueueUrl),
    entries: [{ receipt: input.ReceiptHandle, visibilitySeconds: input.VisibilityTimeout }],
  })
  const problem = results[0]
  if (isProblem(problem)) throw problemError(problem)
  return {}
}
