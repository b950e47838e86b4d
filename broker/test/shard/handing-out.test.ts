/** How much may be on its way to clients at once: the memory of receives is bounded, whatever their number. */

import { equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HANDING_OUT_BYTES_MAX } from '../../src/shard/shard.ts'
import { rest, type Scene, scriptedScene, watch } from '../support/shard-scene.ts'

const LARGE = 'x'.repeat(1024 * 1024)
const FITTING = HANDING_OUT_BYTES_MAX / LARGE.length

async function sendLarge(scene: Scene, count: number, delaySeconds = 0): Promise<void> {
  for (let sent = 0; sent < count; sent += 1) await scene.send('orders', LARGE, { delaySeconds })
}

describe('messages on their way to clients', () => {
  it('have a limit, beyond which a receive is refused until they have gone out', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await sendLarge(scene, FITTING + 10)
    script.hold()
    const received = Array.from({ length: Math.ceil((FITTING + 1) / 10) }, () => scene.receive('orders'))
    await rejects(scene.receive('orders'), /Too many large messages/)
    script.release()
    for (const one of await Promise.all(received)) equal(one.length, 10)
    equal((await scene.receive('orders')).length, FITTING + 10 - 10 * received.length)
    await scene.shard.close()
  })

  it('have a limit, beyond which long polls go on waiting, and are served then', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await sendLarge(scene, FITTING + 2, 5)
    const polls = Array.from({ length: FITTING + 2 }, () =>
      watch(scene.receive('orders', { max: 1, wait: 20 })),
    )
    script.hold()
    const advanced = scene.clock.advance('5s')
    await rest()
    equal(scene.shard.waiting > 0, true)
    script.release()
    await advanced
    for (const { promise } of polls) equal((await promise).length, 1)
    await scene.shard.close()
  })
})
