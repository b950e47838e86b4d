/** ListQueues: URLs of the queues whose names begin with a prefix, in pages. */

import type { Draft, ListQueuesInput, ListQueuesOutput } from '../api.ts'
import { queueUrl } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { nextToken, pageOf } from '../page.ts'

export async function listQueues(context: Context, input: ListQueuesInput): Promise<ListQueuesOutput> {
  const { QueueNamePrefix: prefix = '' } = input
  const listed = await ask<'listQueues'>(context, { kind: 'listQueues', prefix, ...pageOf(input) })
  const output: Draft<ListQueuesOutput> = {}
  if (listed.names.length > 0) {
    output.QueueUrls = listed.names.map((name) => queueUrl(context.baseUrl, context.caller.account, name))
  }
  const token = nextToken(input, listed)
  if (token !== undefined) output.NextToken = token
  return output
}
