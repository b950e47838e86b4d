/** Several shards in one broker: each with its log, all behind one Submit. Looks from outside like one broker. */

import type { Shards } from '../broker.ts'
import type { Log } from '../log/log.ts'
import { openShard, type Shard, type ShardOptions } from '../shard/shard.ts'
import { othersOf } from './others-of.ts'
import { Router } from './router.ts'
import { enterShard } from './shard-door.ts'

export interface LocalShardsOptions extends Omit<ShardOptions, 'openLog' | 'others'> {
  readonly shards: number
  readonly openLog: (shard: number) => Promise<Log>
}

export async function openLocalShards(options: LocalShardsOptions): Promise<Shards> {
  const shards: Shard[] = []
  const router = new Router({
    shards: options.shards,
    ask: async (shard, command, passage, signal) =>
      (await enterShard(shards[shard]!, command, passage, signal)).answer,
    isLocal: () => true,
  })
  for (let number = 0; number < options.shards; number += 1) {
    const others = othersOf(number, router, () => shards[number])
    shards.push(await openShard({ ...options, openLog: () => options.openLog(number), others }))
  }
  return new LocalShards(shards, router)
}

class LocalShards implements Shards {
  readonly #shards: readonly Shard[]
  readonly submit: Shards['submit']

  constructor(shards: readonly Shard[], router: Router) {
    this.#shards = shards
    this.submit = router.submit
  }

  get healthy(): boolean {
    return this.#shards.every((shard) => shard.healthy)
  }

  /** What one shard does may give another one something to do. */
  async settled(): Promise<void> {
    while (this.#shards.some((shard) => !shard.idle)) {
      await Promise.all(this.#shards.map((shard) => shard.settled()))
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#shards.map((shard) => shard.close()))
  }
}
