/** GetQueueUrl: the URL of a queue that exists. Every account named is taken for the broker's own. */

import type { GetQueueUrlInput, QueueUrlOutput } from '../api.ts'
import { queueUrl } from '../arn.ts'
import { ask, type Context } from '../context.ts'

export async function getQueueUrl(context: Context, input: GetQueueUrlInput): Promise<QueueUrlOutput> {
  const { name } = await ask<'describeQueue'>(context, { kind: 'describeQueue', queue: input.QueueName })
  return { QueueUrl: queueUrl(context.baseUrl, context.caller.account, name) }
}
