/** ListDeadLetterSourceQueues: URLs of the queues whose dead letters come here, in pages. */

import type { Draft, ListDeadLetterSourceQueuesInput, ListDeadLetterSourceQueuesOutput } from '../api.ts'
import { queueName, queueUrl } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { nextToken, pageOf } from '../page.ts'

export async function listDeadLetterSourceQueues(
  context: Context,
  input: ListDeadLetterSourceQueuesInput,
): Promise<ListDeadLetterSourceQueuesOutput> {
  const queue = queueName(input.QueueUrl)
  const listed = await ask<'listDeadLetterSources'>(context, {
    kind: 'listDeadLetterSources',
    queue,
    ...pageOf(input),
  })
  const output: Draft<ListDeadLetterSourceQueuesOutput> = {}
  if (listed.names.length > 0) {
    output.queueUrls = listed.names.map((name) => queueUrl(context.baseUrl, context.caller.account, name))
  }
  const token = nextToken(input, listed)
  if (token !== undefined) output.NextToken = token
  return output
}
