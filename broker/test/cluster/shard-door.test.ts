/** What proves that a broker is a shard's owner: records that the log has taken, and not before it has. */

import { equal } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { enterShard } from '../../src/cluster/shard-door.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { BEGIN_AT, rest, scriptedScene, watch } from '../support/shard-scene.ts'

describe('the door of a shard', () => {
  it('does not take what a long poll was given for a proof before the log has it', async () => {
    // Nobody is woken by this clock: as in a process that slept.
    let now = BEGIN_AT
    const clock = { ...manualClock(BEGIN_AT), now: () => now, schedule: () => ({ cancel: () => {} }) }
    const { scene, script } = await scriptedScene(clock)
    await scene.queue('orders')
    await scene.send('orders', '1', { delaySeconds: 5 })
    const poll = watch(scene.receive('orders', { wait: 20 }))
    await rest()
    now += 6000
    script.hold()
    const described = enterShard(scene.shard, { kind: 'describeQueue', queue: 'orders' }, undefined)
    const watched = watch(described)
    await rest()
    equal(watched.state, 'pending')
    script.release()
    equal((await described).proven, true)
    equal((await poll.promise).length, 1)
    await scene.shard.close()
  })

  it('takes an answer without a record for no proof', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const described = await enterShard(scene.shard, { kind: 'describeQueue', queue: 'orders' }, undefined)
    equal(described.proven, false)
    await scene.shard.close()
  })

  it('takes neither an empty receive nor one that is refused for a proof', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const receive = { kind: 'receive', max: 1, waitSeconds: 0 } as const
    equal((await enterShard(scene.shard, { ...receive, queue: 'orders' }, undefined)).proven, false)
    equal((await enterShard(scene.shard, { ...receive, queue: 'nowhere' }, undefined)).proven, false)
    await scene.send('orders', '1')
    equal((await enterShard(scene.shard, { ...receive, queue: 'orders' }, undefined)).proven, true)
    await scene.shard.close()
  })
})
