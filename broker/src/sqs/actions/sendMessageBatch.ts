/** SendMessageBatch: up to ten messages, each of which may fail alone. */

import { BATCH_BYTES_MAX } from '../../queue/limits.ts'
import type { SendMessageBatchEntry, SendMessageBatchInput, SendMessageBatchOutput } from '../api.ts'
import { queueName } from '../arn.ts'
import { runBatch, validateEntries } from '../batch.ts'
import { ask, type Context } from '../context.ts'
import { SqsError } from '../errors.ts'
import { messageBytes, prepare, sentFields } from '../outgoing.ts'

export function sendMessageBatch(
  context: Context,
  input: SendMessageBatchInput,
): Promise<SendMessageBatchOutput> {
  validateEntries('SendMessageBatchRequestEntry', input.Entries)
  refuseTooLong(input.Entries)
  const queue = queueName(input.QueueUrl)
  return runBatch(input.Entries, {
    prepare: (entry) => prepare(context, queue, entry),
    carryOut: async (items) => {
      const entries = items.map((item) => item.outgoing)
      return (await ask<'send'>(context, { kind: 'send', queue, entries, batch: true })).results
    },
    answer: (entry, prepared, sent) => ({ Id: entry.Id, ...sentFields(prepared, sent) }),
  })
}

/** The sum counts every entry, those that would fail alone included. */
function refuseTooLong(entries: readonly SendMessageBatchEntry[]): void {
  const bytes = entries.reduce((sum, entry) => sum + messageBytes(entry), 0)
  if (bytes <= BATCH_BYTES_MAX) return
  throw new SqsError(
    'BatchRequestTooLong',
    `Batch requests cannot be longer than ${BATCH_BYTES_MAX} bytes. You have sent ${bytes} bytes.`,
  )
}
