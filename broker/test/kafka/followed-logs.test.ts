/** Warm standbys, and logs opened by one reading, on a modelled partition: the state is what reading the log makes. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KafkaLog } from '../../src/log/kafka/kafka-log.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { endOfTurn } from '../../src/runtime/turn.ts'
import { recover } from '../../src/shard/recovery.ts'
import { dump } from '../support/dump.ts'
import { BEGIN_AT } from '../support/shard-scene.ts'
import { live, Node, SHARD } from './followed-scene.ts'
import { ModelledPartition } from './modelled-partition.ts'

/** On which every wait is over in the next turn. */
const impatient: Clock = {
  now: () => BEGIN_AT,
  schedule: (_at, run) => {
    const waiting = setImmediate(run)
    return { cancel: () => clearImmediate(waiting) }
  },
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
    const [a, b] = [new Node(model.view(), 'a'), new Node(model.view(), 'b', impatient)]
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
    const first = await new Node(model.view(), 'a').open(clock)
    await live(first, 20)
    await first.shard.close()
    const b = new Node(model.view(), 'b')
    const second = await b.open(clock)
    ok(b.fetched < 1.2 * model.bytes, `${b.fetched} of ${model.bytes} bytes`)
    await second.assertRecoverable({ turns: false })
    await second.shard.close()
  })

  it('is read again where it broke, or where the standby was too slow for what was trimmed', async () => {
    const model = new ModelledPartition()
    const clock = manualClock(BEGIN_AT)
    const [a, b] = [new Node(model.view(), 'a'), new Node(model.view(), 'b', impatient)]
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
