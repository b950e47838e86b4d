/** Dead letters: which messages have been received often enough, and where they go. */

import type { Message, Model, Queue } from './model.ts'

/** Received as often as its queue allows, and there is somewhere to go. */
export function isExhausted(model: Model, { queue, receiveCount, countBefore }: Message): boolean {
  const redrive = redriveOf(queue)
  if (redrive === undefined || receiveCount - countBefore < redrive.maxReceiveCount) return false
  const target = model.queueNamed(redrive.target)
  return discards(queue) || (target !== undefined && admits(target, queue))
}

export function discards({ definition }: Queue): boolean {
  return definition.tags['pabal:on-exhausted'] === 'discard'
}

/** The dead-letter queue's name and the count, where the queue has such a policy. */
export function redriveOf({ definition }: Queue): { target: string; maxReceiveCount: number } | undefined {
  const policy = definition.attributes['RedrivePolicy']
  if (policy === undefined) return undefined
  const { deadLetterTargetArn, maxReceiveCount } = JSON.parse(policy) as Record<string, string>
  return { target: deadLetterTargetArn!.split(':').at(-1)!, maxReceiveCount: Number(maxReceiveCount) }
}

interface AllowPolicy {
  readonly redrivePermission?: string
  readonly sourceQueueArns?: readonly string[]
}

/** Whether a dead-letter queue takes messages of that queue. */
function admits(target: Queue, source: Queue): boolean {
  const policy = JSON.parse(target.definition.attributes['RedriveAllowPolicy'] ?? '{}') as AllowPolicy
  const { redrivePermission = 'allowAll', sourceQueueArns = [] } = policy
  if (redrivePermission !== 'byQueue') return redrivePermission === 'allowAll'
  return sourceQueueArns.some((arn) => arn.endsWith(`:${source.definition.name}`))
}
