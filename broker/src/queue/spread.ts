/**
 * A queue that is spread over several shards: tag `pabal:shards` = so many. Each part is a queue of its shard; the
 * home's definition is the truth, and the parts have copies of it. Who goes to which part is the cluster's business.
 *
 * A FIFO queue is spread by message group. A deduplication id that counts over all groups would have to be known in
 * all parts, so DeduplicationScope must be messageGroup; and since a group's order and its memory stay in its part,
 * the number of parts of a FIFO queue never changes.
 */

import type { AdoptQueueCommand } from './command.ts'
import type { Emit } from './decide.ts'
import type { QueueDefinition } from './event.ts'
import type { Problem } from './problem.ts'
import type { State } from './state.ts'

export const SHARDS_TAG = 'pabal:shards'

type Texts = Readonly<Record<string, string>>

/** How many parts new messages go to. */
export function partsOf(tags: Texts): number {
  return Number(tags[SHARDS_TAG] ?? 1)
}

/** What a definition that was just made or changed says of its parts; nothing for a queue that was never spread. */
export function spreadOf(definition: QueueDefinition): Pick<QueueDefinition, 'partsMax' | 'revision'> {
  const partsMax = Math.max(partsOf(definition.tags), definition.partsMax ?? 1)
  return partsMax === 1 ? {} : { partsMax, revision: (definition.revision ?? 0) + 1 }
}

export function validateSpread(fifo: boolean, attributes: Texts, tags: Texts): Problem | undefined {
  if (!fifo || partsOf(tags) === 1 || attributes['DeduplicationScope'] === 'messageGroup') return undefined
  const text = `Tag '${SHARDS_TAG}' on a FIFO queue needs DeduplicationScope to be messageGroup.`
  return { problem: 'InvalidParameterValue', text }
}

export function validateRespread(definition: QueueDefinition, tags: Texts): Problem | undefined {
  if (!definition.fifo || partsOf(tags) === partsOf(definition.tags)) return undefined
  const text = `Tag '${SHARDS_TAG}' of a FIFO queue is given when the queue is made, and stays.`
  return { problem: 'InvalidParameterValue', text }
}

/** A part takes over the home's definition; an older one than it has changes nothing. */
export function decideAdoptQueue(state: State, command: AdoptQueueCommand, now: number, emit: Emit): void {
  const { definition, part } = command
  const known = state.queuesByName.get(definition.name)
  const age = definition.createdAt - (known?.definition.createdAt ?? 0)
  if (known !== undefined && age === 0) {
    if ((known.definition.revision ?? 0) >= (definition.revision ?? 0)) return
    emit({ kind: 'queueDefined', at: now, definition: { ...definition, id: known.id, part } })
    return
  }
  if (age < 0) return
  // The queue was deleted and made again, and this part was not told.
  if (known !== undefined) emit({ kind: 'queueDeleted', at: now, queueId: known.id })
  emit({ kind: 'queueDefined', at: now, definition: { ...definition, id: state.nextQueueId, part } })
}
