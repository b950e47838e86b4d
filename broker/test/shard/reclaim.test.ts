/** Space comes back by moving, and what is left of the log always tells the whole story. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { memoryLog, memoryStore } from '../../src/log/memory-log.ts'
import { DEDUPLICATION_MS } from '../../src/queue/limits.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { BEGIN_AT, bodyOf, fileScene, openScene, type Scene } from '../support/shard-scene.ts'
import { SimDisk } from '../support/sim-disk.ts'

const SEGMENT_BYTES = 4000
const OPTIONS = { segmentBytesMax: SEGMENT_BYTES }
const BODY = 'x'.repeat(200)

/** Sends and deletes as much as fills a number of segments. */
async function churn(scene: Scene, queue: string, segments: number): Promise<void> {
  const before = scene.shard.log!.segments().at(-1)!.start
  for (;;) {
    const log = scene.shard.log!
    if (log.segments().filter(({ start }) => start > before).length >= segments) return
    for (let index = 0; index < 5; index += 1) await scene.send(queue, `${index}${BODY}`)
    await scene.delete(queue, await scene.receive(queue))
  }
}

/** The housekeeping of every minute, and what it sets off. */
async function pass(scene: Scene, duration: string): Promise<void> {
  await scene.clock.advance(duration)
  await scene.shard.settled()
}

describe('reclaiming', () => {
  it('drops segments in which nothing lives', async () => {
    await using scene = await fileScene(new SimDisk(), OPTIONS)
    await scene.queue('orders')
    await churn(scene, 'orders', 6)
    ok(scene.shard.log!.segments().length > 6)
    await pass(scene, '7m')
    ok(scene.shard.log!.segments().length <= 2)
    await scene.assertRecoverable({ turns: false })
  })

  it('keeps a segment for five minutes after its last record', async () => {
    await using scene = await fileScene(new SimDisk(), OPTIONS)
    await scene.queue('orders')
    await churn(scene, 'orders', 3)
    const { start } = scene.shard.log!
    await pass(scene, `${DEDUPLICATION_MS - 1}ms`)
    equal(scene.shard.log!.start, start)
    await pass(scene, '61s')
    ok(scene.shard.log!.start > start)
  })

  it('is not kept from it by a few old messages: they are moved', async () => {
    const disk = new SimDisk()
    await using scene = await fileScene(disk, OPTIONS)
    await scene.queue('dead')
    await scene.queue('orders')
    for (let index = 0; index < 5; index += 1) {
      await scene.send('dead', `dead ${index}`)
      await churn(scene, 'orders', 2)
    }
    const bytes = disk.usedBytes
    await pass(scene, '7m')
    ok(disk.usedBytes < bytes / 2, `${bytes} bytes became ${disk.usedBytes}`)
    deepEqual(
      (await scene.receive('dead')).map(bodyOf),
      [0, 1, 2, 3, 4].map((index) => `dead ${index}`),
    )
    await scene.assertRecoverable({ turns: false })
  })

  it('leaves out what is deleted or purged while it reads', async () => {
    const disk = new SimDisk()
    await using scene = await fileScene(disk, { ...OPTIONS, cacheBytesMax: 0 })
    await scene.queue('dead')
    await scene.queue('purged')
    await scene.queue('orders')
    for (const body of ['1', '2', '3']) await scene.send('dead', body)
    await scene.send('purged', '4')
    await churn(scene, 'orders', 6)
    const taken = await scene.receive('dead', { max: 2, visibility: 1000 })
    await scene.clock.advance('4m')
    const reading = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    disk.before = ({ kind }) => {
      if (kind !== 'read') return
      reading.resolve()
      return gate.promise
    }
    const passed = pass(scene, '3m')
    await reading.promise
    await scene.delete('dead', taken)
    await scene.submit({ kind: 'purgeQueue', queue: 'purged' })
    disk.before = () => {}
    gate.resolve()
    await passed
    deepEqual(await scene.counts('purged'), [0, 0, 0])
    deepEqual((await scene.receive('dead')).map(bodyOf), ['3'])
    await scene.assertRecoverable({ turns: false })
  })

  it('leaves alone what mostly lives', async () => {
    await using scene = await fileScene(new SimDisk(), OPTIONS)
    await scene.queue('orders')
    for (let index = 0; index < 100; index += 1) await scene.send('orders', `${index}${BODY}`)
    const { start, end } = scene.shard.log!
    await pass(scene, '10m')
    deepEqual([scene.shard.log!.start, scene.shard.log!.end], [start, end])
  })

  it('goes on beside sends, receives and deletes, and a later opening finds the same', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, OPTIONS, clock)
    await scene.queue('churned')
    await scene.queue('kept.fifo')
    await scene.queue('orders', { VisibilityTimeout: '43200' })
    for (let round = 0; round < 12; round += 1) {
      await scene.send('kept.fifo', `kept ${round}`, { group: `${round % 3}` })
      await scene.send('orders', `delayed ${round}`, { delaySeconds: 900 })
      await scene.send('orders', `held ${round}`)
      await scene.receive('orders', { max: 1 })
      await churn(scene, 'churned', 1)
      await pass(scene, '2m')
    }
    ok(scene.shard.log!.start > 10 * SEGMENT_BYTES)
    await scene.assertRecoverable({ turns: false })
    const counts = await scene.counts('orders')
    await scene.shard.close()
    await using again = await fileScene(disk, OPTIONS, clock)
    deepEqual(await again.counts('orders'), counts)
    const kept = await again.receive('kept.fifo')
    for (const group of ['0', '1', '2']) {
      const bodies = kept.filter((message) => message.group === group).map(bodyOf)
      const sent = [0, 3, 6, 9].map((round) => `kept ${round + Number(group)}`)
      deepEqual(bodies, sent.slice(0, bodies.length))
    }
  })

  it('loses no queue where a crash came between a full segment and the next one', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, OPTIONS, clock)
    await scene.queue('orders')
    let crashed = false
    disk.before = ({ kind, path }) => {
      // A second segment is about to get its file.
      if (kind !== 'open' || !path.endsWith('.log')) return
      crashed = true
      disk.before = () => {}
      disk.kill()
    }
    for (let index = 0; !crashed; index += 1) await scene.send('orders', `${index}${BODY}`).catch(() => {})
    await scene.shard.close()

    await using again = await fileScene(disk, OPTIONS, clock)
    const [visible] = await again.counts('orders')
    for (let left = visible; left > 0; left -= 10) {
      await again.delete('orders', await again.receive('orders'))
    }
    const { start } = again.shard.log!
    await pass(again, '7m')
    ok(again.shard.log!.start > start)
    await again.assertRecoverable({ turns: false })
  })

  it('survives being closed and opened at every step of a life', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    for (let round = 0; round < 40; round += 1) {
      await using scene = await fileScene(disk, OPTIONS, clock)
      if (round === 0) {
        await scene.queue('orders', { VisibilityTimeout: '7' })
        await scene.send('orders', 'oldest')
      }
      for (let index = 0; index < 1 + (round % 7); index += 1) await scene.send('orders', `${round}${BODY}`)
      const messages = await scene.receive('orders')
      equal(bodyOf(messages[0]!), 'oldest', `round ${round}`)
      await scene.delete('orders', messages.slice(1))
      await pass(scene, '3m')
      await scene.assertRecoverable({ turns: false })
    }
  })

  it('stops at once when the broker closes', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, OPTIONS, clock)
    await scene.queue('orders')
    await churn(scene, 'orders', 20)
    const segments = scene.shard.log!.segments().length
    let trims = 0
    disk.before = ({ kind, path }) => {
      if (kind === 'open' && path.endsWith('.start') && ++trims === 2) void scene.shard.close()
    }
    await clock.advance('7m')
    await scene.shard.close()
    ok(trims < segments / 2, `${trims} of ${segments} segments were dropped`)
    disk.before = () => {}
    await using again = await fileScene(disk, OPTIONS, clock)
    deepEqual(await again.counts('orders'), [0, 0, 0])
  })

  it('makes room on a full disk, so that sends are taken again', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const clock = manualClock(BEGIN_AT)
    await (await fileScene(disk, { ...OPTIONS, reserveBytes: 40_000 }, clock)).shard.close()
    await using scene = await fileScene(disk, { ...OPTIONS, reserveBytes: 40_000 }, clock)
    await scene.queue('orders')
    let sent = 0
    while (!scene.shard.log!.full) {
      await scene.send('orders', `${sent}${BODY}`)
      sent += 1
    }
    for (let left = sent; left > 0; left -= 10) await scene.delete('orders', await scene.receive('orders'))
    deepEqual(await scene.counts('orders'), [0, 0, 0])
    await pass(scene, '7m')
    equal(scene.shard.log!.full, false)
    await scene.send('orders', 'again')
    await scene.assertRecoverable({ turns: false })
  })
})

describe('the log in memory', () => {
  it('keeps its queues when old segments are dropped', async () => {
    const store = memoryStore()
    const clock = manualClock(BEGIN_AT)
    const openLog = async () => memoryLog({ store, segmentBytesMax: SEGMENT_BYTES })
    const scene = await openScene({ openLog, clock })
    await scene.queue('orders')
    await scene.send('orders', 'kept')
    await scene.receive('orders', { visibility: 43_200 })
    await churn(scene, 'orders', 8)
    await pass(scene, '7m')
    ok(scene.shard.log!.start > 0)
    await scene.assertRecoverable({ turns: false })
    await scene.shard.close()
    await using again = await openScene({ openLog, clock })
    deepEqual(await again.counts('orders'), [0, 1, 0])
  })
})
