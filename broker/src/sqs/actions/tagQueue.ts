/** TagQueue: adds tags and replaces values of those that are there. */

import type { Nothing, TagQueueInput } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { missingParameter } from '../errors.ts'
import { validateTags } from '../tags.ts'

export async function tagQueue(context: Context, input: TagQueueInput): Promise<Nothing> {
  const { QueueUrl, Tags: tags } = input
  const queue = queueName(QueueUrl)
  if (Object.keys(tags).length === 0) throw missingParameter('Tags')
  validateTags(queue, tags)
  await ask<'tagQueue'>(context, { kind: 'tagQueue', queue, tags })
  return {}
}
