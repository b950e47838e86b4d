/**
 * Looks after the parts of spread queues that a shard holds: one whose queue is no more goes, one with an older
 * definition gets the home's. Both only happen where a broker died in the middle of a change.
 */

import type { QueueDefinition } from '../queue/event.ts'
import { isProblem } from '../queue/problem.ts'
import type { Shard } from '../shard/shard.ts'
import type { Router } from './router.ts'

export async function checkParts(shard: Shard, router: Router): Promise<void> {
  const queues = [...(shard.state?.queues.values() ?? [])]
  for (const { definition } of queues) {
    if (definition.part !== undefined) await checkPart(shard, router, definition, definition.part)
  }
}

async function checkPart(shard: Shard, router: Router, mine: QueueDefinition, part: number): Promise<void> {
  const { name: queue } = mine
  const home = await router.submit<'readDefinition'>({ kind: 'readDefinition', queue })
  // What was asked may be old by now.
  if (shard.state?.queuesByName.get(queue)?.definition !== mine) return
  if (isProblem(home) && home.problem === 'QueueDoesNotExist') {
    await shard.submit<'deleteQueue'>({ kind: 'deleteQueue', queue })
  }
  if (!isProblem(home))
    await shard.submit<'adoptQueue'>({ kind: 'adoptQueue', definition: home.definition, part })
}
