/** ChangeMessageVisibilityBatch: up to ten changes, each of which may fail alone. */

import type { ChangeMessageVisibilityBatchInput, ChangeMessageVisibilityBatchOutput } from '../api.ts'
import { queueName } from '../arn.ts'
import { runBatch, validateEntries } from '../batch.ts'
import { ask, type Context } from '../context.ts'
import { checkVisibility } from '../range.ts'

export function changeMessageVisibilityBatch(
  context: Context,
  input: ChangeMessageVisibilityBatchInput,
): Promise<ChangeMessageVisibilityBatchOutput> {
  validateEntries('ChangeMessageVisibilityBatchRequestEntry', input.Entries)
  const queue = queueName(input.QueueUrl)
  return runBatch(input.Entries, {
    prepare: ({ ReceiptHandle: receipt = '', VisibilityTimeout: visibilitySeconds = 0 }) => {
      checkVisibility(visibilitySeconds)
      return { receipt, visibilitySeconds }
    },
    carryOut: async (entries) => {
      return (await ask<'changeVisibility'>(context, { kind: 'changeVisibility', queue, entries })).results
    },
    answer: ({ Id }) => ({ Id }),
  })
}
