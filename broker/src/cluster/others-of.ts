/** What a shard is told of the others: whose queues are elsewhere, and the way there. */

import type { Others } from '../shard/departure-runner.ts'
import type { Shard } from '../shard/shard.ts'
import { isSpread } from './ask-shard.ts'
import type { Router } from './router.ts'

/** `self`: the shard itself, once it is open. */
export function othersOf(number: number, router: Router, self: () => Shard | undefined): Others {
  return {
    number,
    elsewhere: (queue) => router.homeOf(queue) !== number || isByGroup(self(), queue),
    arrive: router.submit<'arrive'>,
  }
}

/** A FIFO queue's message goes to the part of its group, which may be another one even where the home is here. */
function isByGroup(shard: Shard | undefined, queue: string): boolean {
  const known = shard?.state?.queuesByName.get(queue)
  return known?.fifo === true && isSpread(known.definition)
}
