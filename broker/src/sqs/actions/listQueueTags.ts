/** ListQueueTags: all tags of a queue. */

import type { ListQueueTagsOutput, OneQueue } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'

export async function listQueueTags(context: Context, input: OneQueue): Promise<ListQueueTagsOutput> {
  const queue = queueName(input.QueueUrl)
  const { tags } = await ask<'describeQueue'>(context, { kind: 'describeQueue', queue })
  return Object.keys(tags).length === 0 ? {} : { Tags: tags }
}
