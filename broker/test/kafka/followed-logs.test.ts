/** Warm standbys, and logs opened by one reading, on a modelled partition: the state is what reading the log makes. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c } from '@platformatic/kafka'
import type { KafkaLog } from '../../src/log/kafka/kafka-log.ts'
import type { Partition } from '../../src/log/kafka/partition.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'
import { endOfTurn } from '../../src/runtime/turn.ts'
import { FollowedLogs } from '../../src/shard/followed-logs.ts'
import { recover } from '../../src/shard/recovery.ts'
import { openShard } from '../../src/shard/shard.ts'
import { dump } from '../support/dump.ts'
import { BEGIN_AT, Scene } from '../support/shard-scene.ts'
import { countingRandom } from '../support/sim-log.ts'
import { ModelledPartition } from './modelled-partition.ts'

const SHARD = 0
const SEGMENT_BYTES_MAX = 4000

/** One broker's logs, and how many bytes it has fetched. */
class Node {
  readonly logs: FollowedLogs
  fetched = 0

  constructor(model: ModelledPartition, node: string) {
    const inner = model.view()
    const partition: Partition = {
      ...inner,
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
      clock: systemClock(),
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
async function live(scene: Scene, rounds: number): Promise<void> {
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

/** Resolves when whoever follows has read all there is. */
async function settled(node: Node): Promise<void> {
  for (let before = -1; before !== node.fetched; ) {
    before = node.fetched
    await new Promise<void>((resolve) => endOfTurn(resolve))
  }
}

describe('a log on Kafka that is taken over', () => {
  it('by a warm standby has the state that reading it makes, and little was left to read', async () => {
    const model = new ModelledPartition()
    const clock = manualClock(BEGIN_AT)
    const [a, b] = [new Node(model, 'a'), new Node(model, 'b')]
    const first = await a.open(clock)
    b.logs.standBy([SHARD])
    await live(first, 60)
    await settled(b)
    const behind = b.fetched
    const second = await b.open(clock)
    ok(b.fetched - behind < 1000, `${b.fetched - behind} bytes`)
    deepEqual(b.logs.following, [])
    const log = second.shard.log as KafkaLog
    ok(log.start > 1, 'nothing was trimmed')
    const read = await recover(log)
    deepEqual(dump(second.shard.state!, { turns: false }), dump(read.state, { turns: false }))
    equal(second.shard.state!.space.liveBytes, read.state.space.liveBytes)
    await live(second, 30)
    await second.assertRecoverable({ turns: false })
    await second.shard.close()
    await first.shard.close()
  })

  it('without a standby is read once', async () => {
    const model = new ModelledPartition()
    const clock = manualClock(BEGIN_AT)
    const first = await new Node(model, 'a').open(clock)
    await live(first, 20)
    await first.shard.close()
    const b = new Node(model, 'b')
    const second = await b.open(clock)
    ok(b.fetched < 1.2 * model.bytes, `${b.fetched} of ${model.bytes} bytes`)
    await second.assertRecoverable({ turns: false })
    await second.shard.close()
  })

  it('is read again where it broke, or where the standby was too slow for what was trimmed', async () => {
    const model = new ModelledPartition()
    const clock = manualClock(BEGIN_AT)
    const [a, b] = [new Node(model, 'a'), new Node(model, 'b')]
    const first = await a.open(clock)
    b.logs.standBy([SHARD])
    await settled(b)
    b.logs.standBy([])
    await live(first, 60)
    b.logs.standBy([SHARD])
    const second = await b.open(clock)
    await second.assertRecoverable({ turns: false })
    // The first one finds out, claims, and has what the second one did.
    await second.send('orders', 'by the second')
    await first.trySend('orders', 'too late').catch(() => undefined)
    await first.shard.settled()
    await second.shard.close()
    await a.logs.close()
    await b.logs.close()
    await first.shard.close()
  })
})
