/** A shard on a log on Kafka, and the brokers that own and follow it. */

import { crc32c } from '@platformatic/kafka'
import type { Partition } from '../../src/log/kafka/partition.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import type { ManualClock } from '../../src/runtime/manual-clock.ts'
import { endOfTurn } from '../../src/runtime/turn.ts'
import { FollowedLogs } from '../../src/shard/followed-logs.ts'
import { openShard } from '../../src/shard/shard.ts'
import { Scene } from '../support/shard-scene.ts'
import { countingRandom } from '../support/sim-log.ts'

export const SHARD = 0
const SEGMENT_BYTES_MAX = 4000

/** One broker's logs, and how many bytes it has fetched. */
export class Node {
  readonly logs: FollowedLogs
  fetched = 0

  constructor(inner: Partition, node: string, clock = systemClock()) {
    const partition: Partition = {
      name: inner.name,
      append: (batch) => inner.append(batch),
      offsets: () => inner.offsets(),
      deleteBefore: (offset) => inner.deleteBefore(offset),
      fetch: async (from, options) => {
        const answer = await inner.fetch(from, options)
        this.fetched += answer.bytes.length
        return answer
      },
    }
    this.logs = new FollowedLogs({
      partition: () => partition,
      claimant: { node, address: '' },
      segmentBytesMax: SEGMENT_BYTES_MAX,
      crc32c,
      clock,
      log: silentLogger,
    })
  }

  async open(clock: ManualClock): Promise<Scene> {
    const shard = await openShard({
      openLog: () => this.logs.openLog(SHARD),
      recover: this.logs.recover,
      clock,
      random: countingRandom(),
      log: silentLogger,
      awsWaits: false,
      endOfTurn,
    })
    return new Scene(shard, clock, [])
  }
}

/** A life with everything in it that makes segments fill, move and go. */
export async function live(scene: Scene, rounds: number): Promise<void> {
  await scene.queue('orders', { VisibilityTimeout: '30' })
  await scene.queue('orders.fifo')
  for (let round = 0; round < rounds; round++) {
    await scene.send('orders', `message ${round} ${'x'.repeat(100)}`)
    await scene.send('orders.fifo', `message ${round}`, { group: `g${round % 3}` })
    const taken = await scene.receive('orders', { max: 3 })
    if (round % 2 === 0) await scene.delete('orders', taken)
    await scene.delete('orders.fifo', await scene.receive('orders.fifo', { max: 1 }))
    if (round % 20 === 19) await scene.clock.advance('6m')
  }
}
