/** CreateQueue: makes a queue, or finds the one of that name when nothing that is given differs from it. */

import type { CreateQueueInput, QueueUrlOutput } from '../api.ts'
import { queueUrl } from '../arn.ts'
import { validateAttributeValues } from '../attribute-values.ts'
import { ask, type Context } from '../context.ts'
import { invalidParameterValue } from '../errors.ts'
import { validateTags } from '../tags.ts'
import { isFifoName, isStandardName } from '../text.ts'

export async function createQueue(context: Context, input: CreateQueueInput): Promise<QueueUrlOutput> {
  const { QueueName: name, Attributes: attributes = {}, tags = {} } = input
  validateName(name, /^true$/i.test(attributes.FifoQueue ?? ''))
  validateAttributeValues(attributes)
  validateTags(name, tags)
  const created = await ask<'createQueue'>(context, { kind: 'createQueue', name, attributes, tags })
  return { QueueUrl: queueUrl(context.baseUrl, context.caller.account, created.name) }
}

function validateName(name: string, fifo: boolean): void {
  if (fifo ? isFifoName(name) : isStandardName(name)) return
  throw invalidParameterValue(
    fifo
      ? 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end ' +
          'with .fifo suffix and be 1 to 80 in length'
      : 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
  )
}
