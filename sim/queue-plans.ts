/** Which queues there are in a run, and with which settings they are made. */

import type { Dice } from './dice.ts'
import type { Action } from './exchange.ts'
import { arnOf } from './wire.ts'

/** Dead-letter queues come first: the others name them. */
export const QUEUES = ['dead', 'dead.fifo', 'plain', 'work', 'short', 'line.fifo', 'groups.fifo'] as const

type Attributes = Readonly<Record<string, string>>

export function isFifo(queue: string): boolean {
  return queue.endsWith('.fifo')
}

export function createAction(dice: Dice, queue: string): Action {
  const fifo: Attributes = isFifo(queue) ? { FifoQueue: 'true', ...dedupOf(queue) } : {}
  const tags: Attributes = dice.pick([{}, {}, { team: 'x' }, { 'pabal:on-exhausted': 'discard' }])
  return { kind: 'create', queue, attributes: { ...fifo, ...redrawn(dice, queue) }, tags }
}

/** Settings drawn anew. */
export function redrawn(dice: Dice, queue: string): Attributes {
  const attributes: Record<string, string> = {
    VisibilityTimeout: dice.pick(['1', '5', '30']),
    DelaySeconds: dice.pick(['0', '0', '0', '0', '2', '30']),
    MessageRetentionPeriod: retentionOf(dice, queue),
    ReceiveMessageWaitTimeSeconds: dice.pick(['0', '0', '2']),
  }
  if (!queue.startsWith('dead') && dice.chance(0.7)) {
    attributes['RedrivePolicy'] = JSON.stringify({
      deadLetterTargetArn: arnOf(isFifo(queue) ? 'dead.fifo' : 'dead'),
      maxReceiveCount: dice.between(1, 4),
    })
  }
  return attributes
}

/** A change of how a FIFO queue deduplicates; some of them are refused. */
export function rescoped(dice: Dice): Attributes {
  const scope = { DeduplicationScope: dice.pick(['queue', 'messageGroup']) }
  const limit = { FifoThroughputLimit: dice.pick(['perQueue', 'perMessageGroupId']) }
  return dice.pick([scope, scope, limit, { ...scope, ...limit }])
}

/** Whose dead letters a queue takes; an empty policy takes it away. */
export function reallowed(dice: Dice): Attributes {
  const byQueue = { redrivePermission: 'byQueue', sourceQueueArns: [arnOf('work'), arnOf('line.fifo')] }
  const policy = dice.pick([undefined, undefined, { redrivePermission: 'denyAll' }, byQueue])
  return { RedriveAllowPolicy: policy === undefined ? '' : JSON.stringify(policy) }
}

function retentionOf(dice: Dice, queue: string): string {
  if (queue === 'short') return dice.pick(['60', '120'])
  return dice.pick(['345600', '345600', '3600', '60'])
}

function dedupOf(queue: string): Attributes {
  return queue === 'line.fifo'
    ? { ContentBasedDeduplication: 'true' }
    : { DeduplicationScope: queue === 'groups.fifo' ? 'messageGroup' : 'queue' }
}
