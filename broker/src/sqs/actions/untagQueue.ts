/** UntagQueue: takes tags away; a key that is not there is no error. */

import type { Nothing, UntagQueueInput } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { missingParameter } from '../errors.ts'
import { validateTagKey } from '../tags.ts'

export async function untagQueue(context: Context, input: UntagQueueInput): Promise<Nothing> {
  const { QueueUrl, TagKeys: keys } = input
  if (keys.length === 0) throw missingParameter('TagKeys')
  for (const key of keys) validateTagKey(key)
  await ask<'untagQueue'>(context, { kind: 'untagQueue', queue: queueName(QueueUrl), keys })
  return {}
}
