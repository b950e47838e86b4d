/** What a shard is after a restart, what housekeeping does, and whose time counts. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { BEGIN_AT, bodyOf, fileScene, scriptedScene, watch } from '../support/shard-scene.ts'
import { SimDisk } from '../support/sim-disk.ts'

describe('after a restart', () => {
  it('everything is as it was: phases, order, locks, memory, definitions (L1–L3)', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, {}, clock)
    await scene.queue('orders', { VisibilityTimeout: '60' })
    await scene.queue('orders.fifo')
    await scene.submit({ kind: 'tagQueue', queue: 'orders', tags: { team: 'red' } })
    for (const body of ['1', '2', '3', '4']) await scene.send('orders', body)
    await scene.send('orders', 'delayed', { delaySeconds: 100 })
    const taken = await scene.receive('orders', { max: 2 })
    await scene.delete('orders', taken.slice(0, 1))
    await scene.send('orders.fifo', 'a1', { group: 'a' })
    await scene.send('orders.fifo', 'a2', { group: 'a' })
    const locked = await scene.receive('orders.fifo', { max: 1 })
    await scene.assertRecoverable({ turns: true })
    const before = await scene.counts('orders')
    disk.kill()
    await scene.shard.close().catch(() => {})

    await using again = await fileScene(disk, {}, clock)
    deepEqual(await again.counts('orders'), before)
    deepEqual(await again.receiveBodies('orders.fifo'), [])
    await again.delete('orders.fifo', locked)
    deepEqual(await again.receiveBodies('orders.fifo'), ['a2'])
    await again.delete('orders', taken.slice(1))
    deepEqual(await again.receiveBodies('orders'), ['3', '4'])
    await again.send('orders.fifo', 'a1', { group: 'a' })
    deepEqual(await again.counts('orders.fifo'), [0, 1, 0])
    await clock.advance('100s')
    deepEqual(await again.receiveBodies('orders'), ['3', '4', 'delayed'])
    await again.assertRecoverable({ turns: true })
  })

  it('turns are as they were, also after a receive that hid several messages for no time at all', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    for (const body of ['1', '2']) await scene.send('orders', body, { group: 'tenant' })
    await scene.send('orders', '3')
    deepEqual(await scene.receiveBodies('orders', { visibility: 0 }), ['1', '3', '2'])
    await scene.assertRecoverable({ turns: true })
    await scene.shard.close()
  })

  it('sequence numbers and message ids go on', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, {}, clock)
    await scene.queue('orders')
    await scene.send('orders', '1')
    const [first] = await scene.receive('orders', { visibility: 0 })
    await scene.shard.close()
    await using again = await fileScene(disk, {}, clock)
    await again.send('orders', '2')
    const [same, second] = await again.receive('orders')
    equal(same!.messageId, first!.messageId)
    equal(second!.seq, first!.seq + 1)
  })

  it('a clock that was set back does not make time go back', async () => {
    const disk = new SimDisk()
    const scene = await fileScene(disk, {}, manualClock(BEGIN_AT))
    await scene.queue('orders')
    await scene.send('orders', 'delayed', { delaySeconds: 60 })
    await scene.clock.advance('30s')
    await scene.send('orders', 'later')
    await scene.shard.close()

    const clock = manualClock(BEGIN_AT - 3_600_000)
    await using again = await fileScene(disk, {}, clock)
    const [later] = await again.receive('orders', { visibility: 10 })
    equal(bodyOf(later!), 'later')
    ok(later!.firstReceivedAt >= later!.sentAt)
    const polled = watch(again.receiveBodies('orders', { wait: 20 }))
    await clock.advance('9s')
    equal(polled.state, 'pending')
    await clock.advance('1s')
    deepEqual(await polled.promise, ['later'])
    await clock.advance('20s')
    deepEqual(await again.receiveBodies('orders', { max: 1 }), ['delayed'])
    await again.assertRecoverable({ turns: true })
  })

  it('a wait ends after its own time, also while time stands still for the log', async () => {
    const disk = new SimDisk()
    const scene = await fileScene(disk, {}, manualClock(BEGIN_AT))
    await scene.queue('orders')
    await scene.shard.close()
    const clock = manualClock(BEGIN_AT - 1_000_000)
    await using again = await fileScene(disk, {}, clock)
    const polled = watch(again.receive('orders', { wait: 5 }))
    await clock.advance(4999)
    equal(polled.state, 'pending')
    await clock.advance(1)
    deepEqual(await polled.promise, [])
  })

  it('time that passed while nothing ran has passed', async () => {
    const disk = new SimDisk()
    const scene = await fileScene(disk, {}, manualClock(BEGIN_AT))
    await scene.queue('orders', { MessageRetentionPeriod: '60' })
    await scene.send('orders', 'old')
    await scene.receive('orders', { visibility: 3600 })
    await scene.clock.advance('30s')
    await scene.send('orders', 'young', { delaySeconds: 20 })
    await scene.shard.close()
    await using again = await fileScene(disk, {}, manualClock(BEGIN_AT + 60_000))
    deepEqual(await again.counts('orders'), [1, 0, 0])
    deepEqual(await again.receiveBodies('orders'), ['young'])
  })
})

describe('housekeeping', () => {
  it('forgets within a minute what outlived its retention, though nobody asks', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders', { MessageRetentionPeriod: '60' })
    for (let index = 0; index < 50; index += 1) await scene.send('orders', `${index}`)
    await scene.clock.advance('2m')
    equal(scene.shard.state!.messages.size, 0)
    equal(scene.shard.state!.space.liveBytes, 0)
    await scene.assertRecoverable({ turns: true })
    await scene.shard.close()
  })

  it('writes nothing where there is nothing to do', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    const { flushes } = script
    await scene.clock.advance('1h')
    equal(script.flushes, flushes)
    await scene.shard.close()
  })
})
