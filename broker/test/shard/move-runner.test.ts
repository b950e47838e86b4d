/** Move tasks carried out: their rate, their end, and that neither a crash nor a failure loses or doubles a message. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MoveTaskDescription } from '../../src/queue/command.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { Unavailable } from '../../src/shard/unavailable.ts'
import { BEGIN_AT, fileScene, good, rest, type Scene, scriptedScene, watch } from '../support/shard-scene.ts'
import { SimDisk } from '../support/sim-disk.ts'

const ARN = 'arn:aws:sqs:us-east-1:000000000000'
const REDRIVE = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${ARN}:dead`, maxReceiveCount: 1 }) }

async function prepare(scene: Scene, messages: number): Promise<void> {
  await scene.queue('dead')
  await scene.queue('orders', REDRIVE)
  for (let index = 0; index < messages; index += 1) await scene.send('dead', `${index}`)
}

async function start(scene: Scene, options: { readonly rate?: number } = {}): Promise<void> {
  const command = {
    kind: 'startMoveTask',
    source: 'dead',
    sourceArn: `${ARN}:dead`,
    destination: 'orders',
    destinationArn: `${ARN}:orders`,
    taskId: 'task',
    ...(options.rate === undefined ? {} : { messagesPerSecondMax: options.rate }),
  } as const
  good(await scene.submit(command))
}

async function newest(scene: Scene): Promise<MoveTaskDescription> {
  const { tasks } = good(await scene.submit({ kind: 'listMoveTasks', source: 'dead', limit: 1 }))
  return tasks[0]!
}

describe('a move task', () => {
  it('without a rate moves everything at once, in order', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 250)
    await start(scene)
    await scene.shard.settled()
    const { status, moved, toMove } = await newest(scene)
    deepEqual([status, moved, toMove], ['COMPLETED', 250, 250])
    deepEqual(await scene.counts('orders'), [250, 0, 0])
    deepEqual(await scene.receiveBodies('orders', { max: 3 }), ['0', '1', '2'])
    await scene.assertRecoverable({ turns: true })
    await scene.shard.close()
  })

  it('that comes upon a message it cannot read ends, and leaves the rest', async () => {
    const { scene, script } = await scriptedScene()
    await prepare(scene, 3)
    script.readError = () => new Error('EIO')
    await start(scene)
    await scene.shard.settled()
    const { status, failureReason, moved } = await newest(scene)
    deepEqual([status, moved], ['FAILED', 0])
    equal(failureReason, 'A message of the source queue cannot be read.')
    deepEqual(await scene.counts('dead'), [3, 0, 0])
    await scene.shard.close()
  })

  it('with a rate takes the time that the rate says (M3)', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 4)
    await start(scene, { rate: 1 })
    const seen: number[] = []
    for (let second = 0; second < 4; second += 1) {
      await scene.shard.settled()
      seen.push((await scene.counts('orders'))[0])
      await scene.clock.advance('1s')
    }
    deepEqual(seen, [1, 2, 3, 4])
    equal((await newest(scene)).status, 'COMPLETED')
    await scene.shard.close()
  })

  it('with a high rate keeps to it between whole seconds too', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 500)
    await start(scene, { rate: 100 })
    await scene.clock.advance('995ms')
    equal((await newest(scene)).moved, 100)
    await scene.clock.advance('1s')
    equal((await newest(scene)).moved, 200)
    await scene.shard.close()
  })

  it('wakes a long poll at its destination', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 1)
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    await start(scene)
    deepEqual(await polled.promise, ['0'])
    await scene.shard.close()
  })

  it('that is cancelled stops, and another may begin at once', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 5)
    await start(scene, { rate: 1 })
    await scene.shard.settled()
    const cancel = { kind: 'cancelMoveTask', source: 'dead', taskId: 'task' } as const
    equal(good(await scene.submit(cancel)).moved, 1)
    await scene.clock.advance('10s')
    deepEqual(await scene.counts('dead'), [4, 0, 0])
    await start(scene)
    await scene.shard.settled()
    deepEqual(await scene.counts('orders'), [5, 0, 0])
    await scene.shard.close()
  })

  it('fails when its destination is deleted, and leaves the rest (M4)', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 10)
    await start(scene, { rate: 1 })
    await scene.clock.advance('2s')
    await scene.submit({ kind: 'deleteQueue', queue: 'orders' })
    await scene.clock.advance('1s')
    const { status, moved, toMove, failureReason } = await newest(scene)
    deepEqual([status, moved, toMove], ['FAILED', 3, 10])
    equal(failureReason, 'AWS.SimpleQueueService.NonExistentQueue')
    deepEqual(await scene.counts('dead'), [7, 0, 0])
    await scene.shard.close()
  })

  it('ends when its source is deleted', async () => {
    const { scene } = await scriptedScene()
    await prepare(scene, 10)
    await start(scene, { rate: 1 })
    await scene.clock.advance('2s')
    await scene.submit({ kind: 'deleteQueue', queue: 'dead' })
    const end = scene.shard.log!.end
    await scene.clock.advance('10s')
    equal(scene.shard.log!.end, end, 'nothing more is said about it')
    deepEqual(await scene.counts('orders'), [3, 0, 0])
    await scene.assertRecoverable({ turns: true })
    await scene.shard.close()
  })

  it('goes on after the log failed and was opened again', async () => {
    const { scene, script } = await scriptedScene()
    await prepare(scene, 5)
    await start(scene, { rate: 1 })
    await scene.clock.advance('1s')
    script.breakFlush()
    await rejects(scene.trySend('orders', 'lost'), Unavailable)
    await rest()
    await scene.clock.advance('10s')
    deepEqual([(await newest(scene)).status, await scene.counts('orders')], ['COMPLETED', [5, 0, 0]])
    await scene.shard.close()
  })

  it('goes on after a restart, neither losing nor doubling, at its own rate', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, {}, clock)
    await prepare(scene, 20)
    await start(scene, { rate: 2 })
    await clock.advance('3s')
    const { moved } = await newest(scene)
    disk.crash(7)
    await scene.shard.close().catch(() => {})
    await using again = await fileScene(disk, {}, clock)
    await again.shard.settled()
    ok((await newest(again)).moved >= moved)
    await clock.advance('10s')
    equal((await newest(again)).status, 'COMPLETED')
    const bodies = [
      ...(await again.receiveBodies('orders')),
      ...(await again.receiveBodies('orders')),
      ...(await again.receiveBodies('orders')),
    ]
    deepEqual(
      bodies,
      Array.from({ length: 20 }, (_, index) => `${index}`),
    )
  })

  it('moves what has to be read from the disk', async () => {
    const disk = new SimDisk()
    const clock = manualClock(BEGIN_AT)
    const scene = await fileScene(disk, {}, clock)
    await prepare(scene, 150)
    await scene.shard.close()
    await using again = await fileScene(disk, {}, clock)
    await start(again)
    await again.shard.settled()
    deepEqual(await again.counts('orders'), [150, 0, 0])
  })
})
