/** Making, changing, listing and deleting queues. */

import { queueNameOf } from './arn.ts'
import {
  allowsRedriveFrom,
  changedAttributes,
  listedAttributes,
  parseJson,
  sameValue,
  validateAttributes,
  validateTogether,
} from './attributes.ts'
import { noRoomForQueue } from './capacity.ts'
import type {
  CreateQueueCommand,
  ListDeadLetterSourcesCommand,
  ListQueuesCommand,
  QueueDescription,
  QueueElsewhere,
  SetAttributesCommand,
} from './command.ts'
import type { Emit } from './decide.ts'
import type { QueueDefined, QueueDefinition, QueueDeleted } from './event.ts'
import { PURGE_WAIT_MS, QUEUE_NAME_CHARS_MAX } from './limits.ts'
import { isProblem, type Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { dedupScopeOf, settingsOf } from './settings.ts'
import { followSource, forgetSource, validateSource } from './source.ts'
import { spreadOf, validateSpread } from './spread.ts'
import type { State } from './state.ts'
import { validateTags } from './tags.ts'

const STANDARD_NAME = /^[A-Za-z0-9_-]+$/
const FIFO_NAME = /^[A-Za-z0-9_-]*\.fifo$/

export function decideCreateQueue(
  state: State,
  command: CreateQueueCommand,
  now: number,
  awsWaits: boolean,
  emit: Emit,
): { readonly name: string } | Problem {
  const { name } = command
  const fifo = command.attributes['FifoQueue']?.toLowerCase() === 'true'
  const misnamed = checkName(name, fifo)
  if (misnamed !== undefined) return misnamed
  const checked = validateAttributes(command.attributes, fifo)
  if (isProblem(checked)) return checked
  const known = state.queuesByName.get(name)
  if (known !== undefined) return differing(known, checked.valid) ?? { name }
  if (awsWaits && state.deletedNames.get(name, now) === true) return { problem: 'QueueDeletedRecently' }
  const attributes = changedAttributes({}, checked.valid)
  const problem =
    noRoomForQueue(state) ??
    validateTogether(attributes) ??
    checkRedriveTarget(state, name, fifo, attributes, command.elsewhere) ??
    validateTags(name, {}, command.tags) ??
    validateSource(state, undefined, command.tags, command.source) ??
    validateSpread(fifo, attributes, command.tags)
  if (problem !== undefined) return problem
  const id = state.nextQueueId
  const made = { id, name, fifo, attributes, tags: command.tags, createdAt: now, modifiedAt: now }
  const definition = { ...made, ...spreadOf(made) }
  emit({ kind: 'queueDefined', at: now, definition })
  return { name }
}

function checkName(name: string, fifo: boolean): Problem | undefined {
  const length = name.length
  if (length > 0 && length <= QUEUE_NAME_CHARS_MAX && (fifo ? FIFO_NAME : STANDARD_NAME).test(name))
    return undefined
  const text = fifo
    ? 'The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length'
    : 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length'
  return { problem: 'InvalidParameterValue', text }
}

/** A queue that exists is found again by equal attributes, or none; the first that differs is named. */
function differing(queue: Queue, wanted: Readonly<Record<string, string>>): Problem | undefined {
  const listed = describeAttributes(queue)
  for (const [attribute, value] of Object.entries(wanted)) {
    if (!sameValue(listed[attribute] ?? '', value)) return { problem: 'QueueNameExists', attribute }
  }
  return undefined
}

/** Another queue that a command names. */
export function findTarget(
  state: State,
  name: string,
  elsewhere: QueueElsewhere | undefined,
): QueueElsewhere | undefined {
  if (elsewhere?.name === name) return elsewhere
  const queue = state.queuesByName.get(name)
  if (queue === undefined) return undefined
  return { name, fifo: queue.fifo, redriveAllowPolicy: queue.definition.attributes['RedriveAllowPolicy'] }
}

/** The dead-letter queue must exist, be of the same type, and let this queue use it. */
function checkRedriveTarget(
  state: State,
  name: string,
  fifo: boolean,
  attributes: Readonly<Record<string, string>>,
  elsewhere: QueueElsewhere | undefined,
): Problem | undefined {
  const policy = attributes['RedrivePolicy']
  if (policy === undefined) return undefined
  const invalid = (reason: string): Problem => ({
    problem: 'InvalidParameter',
    parameter: 'RedrivePolicy',
    value: policy,
    reason,
  })
  const { deadLetterTargetArn } = parseJson(policy) as { deadLetterTargetArn: string }
  const target = findTarget(state, queueNameOf(deadLetterTargetArn), elsewhere)
  if (target === undefined) return invalid('Dead letter target does not exist.')
  if (target.name === name) return invalid('Dead letter target owner should not be the source queue itself.')
  if (target.fifo !== fifo) return invalid('Dead-letter queue must be same type of queue as the source.')
  if (!allowsRedriveFrom(target.redriveAllowPolicy, name)) {
    return invalid("The dead-letter queue's RedriveAllowPolicy does not allow this queue to use it.")
  }
  return undefined
}

export function decideSetAttributes(
  state: State,
  queue: Queue,
  command: SetAttributesCommand,
  now: number,
  emit: Emit,
): Problem | undefined {
  const checked = validateAttributes(command.attributes, queue.fifo)
  if (isProblem(checked)) return checked
  if (checked.valid['FifoQueue'] === 'false') {
    return {
      problem: 'InvalidAttributeValue',
      attribute: 'FifoQueue',
      reason: 'Modifying queue type is not supported.',
    }
  }
  const attributes = changedAttributes(queue.definition.attributes, checked.valid)
  const setsRedrive = checked.valid['RedrivePolicy'] !== undefined
  const problem =
    validateTogether(attributes) ??
    (setsRedrive
      ? checkRedriveTarget(state, queue.name, queue.fifo, attributes, command.elsewhere)
      : undefined) ??
    validateSpread(queue.fifo, attributes, queue.definition.tags)
  if (problem !== undefined) return problem
  redefine(queue, { attributes, ...scopeChange(queue, attributes, now) }, now, emit)
  return undefined
}

/** Remembers the DeduplicationScope in force before a change, because it stays in force for a while. */
function scopeChange(
  queue: Queue,
  attributes: Readonly<Record<string, string>>,
  now: number,
): Pick<QueueDefinition, 'scopeBefore' | 'scopeChangedAt'> {
  const before = queue.definition.attributes['DeduplicationScope'] ?? 'queue'
  if (!queue.fifo || before === (attributes['DeduplicationScope'] ?? 'queue')) return {}
  return { scopeBefore: dedupScopeOf(queue.definition, now), scopeChangedAt: now }
}

/** Any change of a queue is its whole new definition. */
export function redefine(queue: Queue, change: Partial<QueueDefinition>, now: number, emit: Emit): void {
  const changed = { ...queue.definition, ...change, modifiedAt: now }
  emit({ kind: 'queueDefined', at: now, definition: { ...changed, ...spreadOf(changed) } })
}

export function decidePurgeQueue(
  queue: Queue,
  now: number,
  awsWaits: boolean,
  emit: Emit,
): Problem | undefined {
  if (awsWaits && now < queue.purgedAt + PURGE_WAIT_MS)
    return { problem: 'PurgeQueueInProgress', queue: queue.name }
  emit({ kind: 'queuePurged', at: now, queueId: queue.id })
  return undefined
}

export function describeQueue(queue: Queue): QueueDescription {
  const { name, fifo, tags, createdAt, modifiedAt } = queue.definition
  const { visible, inFlight, delayed } = queue
  return {
    name,
    fifo,
    attributes: describeAttributes(queue),
    tags,
    createdAt,
    modifiedAt,
    visible,
    inFlight,
    delayed,
  }
}

function describeAttributes(queue: Queue): Record<string, string> {
  return listedAttributes(queue.definition.attributes, queue.fifo)
}

export function listQueues(state: State, command: ListQueuesCommand): { names: string[]; more: boolean } {
  const names: string[] = []
  for (const [name, { definition }] of state.queuesByName) {
    // A part of a spread queue is told of by its home.
    if (name.startsWith(command.prefix) && definition.part === undefined) names.push(name)
  }
  return page(names, command.after, command.limit)
}

export function listDeadLetterSources(
  state: State,
  command: ListDeadLetterSourcesCommand,
): { names: string[]; more: boolean } {
  const names: string[] = []
  for (const source of state.queues.values()) {
    if (source.definition.part !== undefined) continue
    if (source.settings.redrive?.target === command.queue) names.push(source.name)
  }
  return page(names, command.after, command.limit)
}

function page(names: string[], after: string | undefined, limit: number): { names: string[]; more: boolean } {
  const rest = after === undefined ? names : names.filter((name) => name > after)
  rest.sort((a, b) => (a < b ? -1 : 1))
  return { names: rest.slice(0, limit), more: rest.length > limit }
}

/** `length`: of the event's record in the log. */
export function evolveQueueDefined(state: State, event: QueueDefined, length: number): void {
  const { definition } = event
  if (definition.id >= state.nextQueueId) state.nextQueueId = definition.id + 1
  const known = state.queues.get(definition.id)
  const queue = known ?? state.define(definition)
  state.definitionBytes += length - queue.definitionBytes
  queue.definitionBytes = length
  if (known === undefined) return followSource(state, queue, undefined)
  const before = known.definition
  const delayBefore = known.settings.delayMs
  known.definition = definition
  known.settings = settingsOf(definition)
  if (known.settings.delayMs !== delayBefore) state.delayChanged(known)
  followSource(state, queue, before)
}

export function evolveQueueDeleted(state: State, event: QueueDeleted): void {
  const queue = state.queues.get(event.queueId)
  if (queue === undefined) return
  state.vacate(queue)
  state.definitionBytes -= queue.definitionBytes
  state.queues.delete(queue.id)
  state.queuesByName.delete(queue.name)
  if (queue.arrivals.size > 0) state.arrivals.keep(queue.name, queue.arrivals)
  state.moving.delete(queue)
  forgetSource(state, queue)
  state.deletedNames.set(queue.name, true, event.at)
  state.wake(queue)
}
