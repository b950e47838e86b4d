/** PurgeQueue: every message is gone, those in flight and those delayed too; the queue stays. */

import type { Nothing, OneQueue } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'

export async function purgeQueue(context: Context, input: OneQueue): Promise<Nothing> {
  await ask<'purgeQueue'>(context, { kind: 'purgeQueue', queue: queueName(input.QueueUrl) })
  return {}
}
