/** Tags: kept for their owners, and those that begin with `pabal:` obeyed. */

import type { TagQueueCommand } from './command.ts'
import type { Emit } from './decide.ts'
import { PARTS_MAX, TAGS_MAX } from './limits.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { redefine } from './queues.ts'
import { readSource, SOURCE_TAG, validateSource } from './source.ts'
import { SHARDS_TAG, validateRespread } from './spread.ts'
import type { State } from './state.ts'

type Tags = Readonly<Record<string, string>>

interface Obeyed {
  readonly allows: (value: string) => boolean
  readonly said: string
}

/** The tags that Pabal obeys, and what each may say. */
const OBEYED: Readonly<Record<string, Obeyed>> = {
  'pabal:on-exhausted': oneOf(['dead-letter', 'discard']),
  [SHARDS_TAG]: oneOf(Array.from({ length: PARTS_MAX }, (_, index) => String(index + 1))),
  [SOURCE_TAG]: {
    allows: (value) => readSource(value) !== undefined,
    said: 'the name of a topic of Kafka, with @earliest or @latest behind it or without',
  },
}

function oneOf(values: readonly string[]): Obeyed {
  return { allows: (value) => values.includes(value), said: `one of ${spoken(values)}` }
}

/** `queueName` stands in the text that SQS has for too many tags. */
export function validateTags(queueName: string, present: Tags, added: Tags): Problem | undefined {
  for (const [key, value] of Object.entries(added)) {
    if (!key.startsWith('pabal:')) continue
    const obeyed = Object.hasOwn(OBEYED, key) ? OBEYED[key]! : undefined
    if (obeyed === undefined)
      return refused(`Tag '${key}' is not one that Pabal knows: ${Object.keys(OBEYED).join(', ')}.`)
    if (!obeyed.allows(value)) return refused(`Tag '${key}' must be ${obeyed.said}, not '${value}'.`)
  }
  if (Object.keys({ ...present, ...added }).length > TAGS_MAX) {
    return refused(`Too many tags added for queue ${queueName}.`)
  }
  return undefined
}

/** A long list of numbers is said as its range. */
function spoken(values: readonly string[]): string {
  return values.length <= 5 ? values.join(', ') : `${values[0]} to ${values.at(-1)}`
}

function refused(text: string): Problem {
  return { problem: 'InvalidParameterValue', text }
}

export function decideTagQueue(
  state: State,
  queue: Queue,
  { tags, source }: TagQueueCommand,
  now: number,
  emit: Emit,
): Problem | undefined {
  const all = { ...queue.definition.tags, ...tags }
  const problem =
    validateTags(queue.name, queue.definition.tags, tags) ??
    validateRespread(queue.definition, all) ??
    validateSource(state, queue, all, source)
  if (problem !== undefined) return problem
  redefine(queue, { tags: { ...queue.definition.tags, ...tags } }, now, emit)
  return undefined
}

export function decideUntagQueue(
  queue: Queue,
  keys: readonly string[],
  now: number,
  emit: Emit,
): Problem | undefined {
  const tags = Object.fromEntries(
    Object.entries(queue.definition.tags).filter(([key]) => !keys.includes(key)),
  )
  const problem = validateRespread(queue.definition, tags)
  if (problem !== undefined) return problem
  redefine(queue, { tags }, now, emit)
  return undefined
}
