/** RemovePermission: takes the statement of that label out of the queue's Policy. */

import type { Nothing, RemovePermissionInput } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'

export async function removePermission(context: Context, input: RemovePermissionInput): Promise<Nothing> {
  const { QueueUrl, Label: label } = input
  await ask<'removePermission'>(context, { kind: 'removePermission', queue: queueName(QueueUrl), label })
  return {}
}
