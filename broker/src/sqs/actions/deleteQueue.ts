/** DeleteQueue: the queue and everything in it is gone. */

import type { Nothing, OneQueue } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'

export async function deleteQueue(context: Context, input: OneQueue): Promise<Nothing> {
  await ask<'deleteQueue'>(context, { kind: 'deleteQueue', queue: queueName(input.QueueUrl) })
  return {}
}
