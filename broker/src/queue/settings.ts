/** A queue's attributes and tags as the numbers and choices that the core works with. */

import { queueNameOf } from './arn.ts'
import { defaultOf } from './attributes.ts'
import type { QueueDefinition } from './event.ts'
import { SCOPE_CHANGE_MS, SECOND_MS } from './limits.ts'

export interface Redrive {
  /** The dead-letter queue's name. */
  readonly target: string
  readonly maxReceiveCount: number
}

export interface Settings {
  readonly visibilityMs: number
  readonly delayMs: number
  readonly retentionMs: number
  readonly waitMs: number
  readonly bytesMax: number
  readonly redrive: Redrive | undefined
  /** Tag `pabal:on-exhausted` = `discard`. */
  readonly discard: boolean
  readonly contentDedup: boolean
}

/** Reads a definition whose values were validated when they were set. */
export function settingsOf(definition: QueueDefinition): Settings {
  const text = (name: string): string => definition.attributes[name] ?? defaultOf(name)
  return {
    visibilityMs: Number(text('VisibilityTimeout')) * SECOND_MS,
    delayMs: Number(text('DelaySeconds')) * SECOND_MS,
    retentionMs: Number(text('MessageRetentionPeriod')) * SECOND_MS,
    waitMs: Number(text('ReceiveMessageWaitTimeSeconds')) * SECOND_MS,
    bytesMax: Number(text('MaximumMessageSize')),
    redrive: redriveOf(definition.attributes['RedrivePolicy']),
    discard: definition.tags['pabal:on-exhausted'] === 'discard',
    contentDedup: definition.attributes['ContentBasedDeduplication'] === 'true',
  }
}

/** The DeduplicationScope in force: a change takes effect a minute later, as attribute changes do on SQS. */
export function dedupScopeOf(definition: QueueDefinition, now: number): 'queue' | 'messageGroup' {
  if (definition.scopeBefore !== undefined && now < (definition.scopeChangedAt ?? 0) + SCOPE_CHANGE_MS) {
    return definition.scopeBefore
  }
  return definition.attributes['DeduplicationScope'] === 'messageGroup' ? 'messageGroup' : 'queue'
}

function redriveOf(policy: string | undefined): Redrive | undefined {
  if (policy === undefined) return undefined
  const parsed = JSON.parse(policy) as { deadLetterTargetArn: string; maxReceiveCount: number | string }
  return { target: queueNameOf(parsed.deadLetterTargetArn), maxReceiveCount: Number(parsed.maxReceiveCount) }
}
