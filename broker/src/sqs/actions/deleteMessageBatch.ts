/** DeleteMessageBatch: up to ten deletes, each of which may fail alone. */

import type { DeleteMessageBatchInput, DeleteMessageBatchOutput } from '../api.ts'
import { queueName } from '../arn.ts'
import { runBatch, validateEntries } from '../batch.ts'
import { ask, type Context } from '../context.ts'

export function deleteMessageBatch(
  context: Context,
  input: DeleteMessageBatchInput,
): Promise<DeleteMessageBatchOutput> {
  validateEntries('DeleteMessageBatchRequestEntry', input.Entries)
  const queue = queueName(input.QueueUrl)
  return runBatch(input.Entries, {
    // One that is left out is as unreadable as an empty one.
    prepare: ({ ReceiptHandle = '' }) => ReceiptHandle,
    carryOut: async (receipts) => (await ask<'delete'>(context, { kind: 'delete', queue, receipts })).results,
    answer: ({ Id }) => ({ Id }),
  })
}
