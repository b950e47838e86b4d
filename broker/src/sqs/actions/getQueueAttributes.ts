/** GetQueueAttributes: settings, counters, times and the ARN of a queue, as text; those that are asked for. */

import type { QueueDescription } from '../../queue/command.ts'
import { SECOND_MS } from '../../queue/limits.ts'
import type { GetQueueAttributesInput, GetQueueAttributesOutput } from '../api.ts'
import { queueArn, queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { unknownAttribute } from '../errors.ts'

/** Every name that SQS knows, whether this queue has it or not. */
const KNOWN: ReadonlySet<string> = new Set([
  'All',
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'ContentBasedDeduplication',
  'CreatedTimestamp',
  'DeduplicationScope',
  'DelaySeconds',
  'FifoQueue',
  'FifoThroughputLimit',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'LastModifiedTimestamp',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'Policy',
  'QueueArn',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
])

export async function getQueueAttributes(
  context: Context,
  input: GetQueueAttributesInput,
): Promise<GetQueueAttributesOutput> {
  const { AttributeNames: asked = [] } = input
  const unknown = asked.find((name) => !KNOWN.has(name))
  if (unknown !== undefined) throw unknownAttribute(unknown)
  const queue = queueName(input.QueueUrl)
  const description = await ask<'describeQueue'>(context, { kind: 'describeQueue', queue })
  if (asked.length === 0) return {}
  const selected = select(allAttributes(context, description), asked)
  return Object.keys(selected).length === 0 ? {} : { Attributes: selected }
}

function allAttributes(context: Context, queue: QueueDescription): Record<string, string> {
  return {
    ...queue.attributes,
    ApproximateNumberOfMessages: String(queue.visible),
    ApproximateNumberOfMessagesNotVisible: String(queue.inFlight),
    ApproximateNumberOfMessagesDelayed: String(queue.delayed),
    CreatedTimestamp: seconds(queue.createdAt),
    LastModifiedTimestamp: seconds(queue.modifiedAt),
    QueueArn: queueArn(context.caller, queue.name),
  }
}

function seconds(at: number): string {
  return String(Math.floor(at / SECOND_MS))
}

function select(all: Record<string, string>, asked: readonly string[]): Record<string, string> {
  if (asked.includes('All')) return all
  const selected: Record<string, string> = {}
  for (const name of asked) {
    const value = all[name]
    if (value !== undefined) selected[name] = value
  }
  return selected
}
