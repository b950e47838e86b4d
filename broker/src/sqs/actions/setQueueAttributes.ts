/** SetQueueAttributes: changes what is named and nothing else; all of it or, with one mistake, none. */

import type { Nothing, SetQueueAttributesInput } from '../api.ts'
import { queueName } from '../arn.ts'
import { validateAttributeValues } from '../attribute-values.ts'
import { ask, type Context } from '../context.ts'

export async function setQueueAttributes(context: Context, input: SetQueueAttributesInput): Promise<Nothing> {
  const { QueueUrl, Attributes: attributes } = input
  validateAttributeValues(attributes)
  await ask<'setAttributes'>(context, { kind: 'setAttributes', queue: queueName(QueueUrl), attributes })
  return {}
}
