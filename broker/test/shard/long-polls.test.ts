/** Long polls: what wakes them, who is served first, and how a wait ends. */

import { deepEqual, equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isProblem } from '../../src/queue/problem.ts'
import { Unavailable } from '../../src/shard/unavailable.ts'
import { rest, scriptedScene, watch } from '../support/shard-scene.ts'

describe('a long poll wakes', () => {
  it('when a message is sent, and brings what is there without waiting for more', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    await scene.clock.advance('5s')
    equal(polled.state, 'pending')
    await scene.send('orders', '1')
    deepEqual(await polled.promise, ['1'])
    await scene.shard.close()
  })

  it('when a delay ends', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1', { delaySeconds: 5 })
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    await scene.clock.advance(4999)
    equal(polled.state, 'pending')
    await scene.clock.advance(1)
    deepEqual(await polled.promise, ['1'])
    await scene.shard.close()
  })

  it("when a FIFO queue's delay ends, also after it was shortened", async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders.fifo', { DelaySeconds: '100' })
    await scene.send('orders.fifo', '1', { group: 'a' })
    const polled = watch(scene.receiveBodies('orders.fifo', { wait: 20 }))
    const attributes = { DelaySeconds: '3' }
    await scene.submit({ kind: 'setAttributes', queue: 'orders.fifo', attributes })
    await scene.clock.advance(2999)
    equal(polled.state, 'pending')
    await scene.clock.advance(1)
    deepEqual(await polled.promise, ['1'])
    await scene.shard.close()
  })

  it('when a visibility timeout ends', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    await scene.receive('orders', { visibility: 3 })
    const polled = watch(scene.receive('orders', { wait: 20 }))
    await scene.clock.advance(2999)
    equal(polled.state, 'pending')
    await scene.clock.advance(1)
    equal((await polled.promise)[0]!.receiveCount, 2)
    await scene.shard.close()
  })

  it('when the earlier of two deadlines comes, though it was set later', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', 'late', { delaySeconds: 10 })
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    await scene.send('orders', 'early', { delaySeconds: 2 })
    await scene.clock.advance('2s')
    deepEqual(await polled.promise, ['early'])
    await scene.shard.close()
  })

  it('when a visibility timeout is changed to zero', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    const [message] = await scene.receive('orders')
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    const entries = [{ receipt: message!.receipt, visibilitySeconds: 0 }]
    await scene.submit({ kind: 'changeVisibility', queue: 'orders', entries })
    deepEqual(await polled.promise, ['1'])
    await scene.shard.close()
  })

  it('when a receive is taken back', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    const [message] = await scene.receive('orders')
    const polled = watch(scene.receive('orders', { wait: 20 }))
    await scene.submit({ kind: 'undoReceive', queue: 'orders', receipts: [message!.receipt] })
    const [again] = await polled.promise
    deepEqual([again!.messageId, again!.receiveCount], [message!.messageId, 1])
    await scene.shard.close()
  })

  it('when a delete frees a locked group, and not before (F17)', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders.fifo')
    await scene.send('orders.fifo', '1', { group: 'a' })
    const taken = await scene.receive('orders.fifo')
    await scene.send('orders.fifo', '2', { group: 'a' })
    const polled = watch(scene.receiveBodies('orders.fifo', { wait: 20 }))
    await scene.clock.advance('5s')
    equal(polled.state, 'pending')
    await scene.delete('orders.fifo', taken)
    deepEqual(await polled.promise, ['2'])
    await scene.shard.close()
  })

  it('on a dead-letter queue when a message moves there', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('dead')
    await scene.queue('orders', { RedrivePolicy: redriveTo('dead') })
    await scene.send('orders', '1')
    await scene.receive('orders', { visibility: 0 })
    const polled = watch(scene.receiveBodies('dead', { wait: 20 }))
    deepEqual(await scene.receive('orders'), [])
    deepEqual(await polled.promise, ['1'])
    await scene.shard.close()
  })

  it('when its queue is deleted, and is told so (R14)', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const command = { kind: 'receive', queue: 'orders', max: 1, waitSeconds: 20 } as const
    const polls = [watch(scene.submit(command)), watch(scene.submit(command))]
    await scene.submit({ kind: 'deleteQueue', queue: 'orders' })
    const answers = await Promise.all(polls.map(({ promise }) => promise))
    equal(answers.every(isProblem), true)
    equal(scene.shard.waiting, 0)
    await scene.shard.close()
  })
})

describe('a long poll ends', () => {
  it('with nothing when its time is over', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const polled = watch(scene.receive('orders', { wait: 10 }))
    await scene.clock.advance(9999)
    equal(polled.state, 'pending')
    await scene.clock.advance(1)
    deepEqual(await polled.promise, [])
    equal(scene.shard.waiting, 0)
    await scene.shard.close()
  })

  it("after the queue's own time where it names none", async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders', { ReceiveMessageWaitTimeSeconds: '7' })
    const polled = watch(scene.submit({ kind: 'receive', queue: 'orders', max: 1 }))
    await scene.clock.advance(6999)
    equal(polled.state, 'pending')
    await scene.clock.advance(1)
    deepEqual(await polled.promise, { messages: [] })
    await scene.shard.close()
  })

  it('when its client leaves, and takes nothing with it (R13)', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const leaving = new AbortController()
    const polled = watch(scene.receive('orders', { wait: 20, signal: leaving.signal }))
    const staying = watch(scene.receive('orders', { wait: 20 }))
    await rest()
    leaving.abort()
    deepEqual(await polled.promise, [])
    await scene.send('orders', '1')
    equal((await staying.promise)[0]!.receiveCount, 1)
    await scene.shard.close()
  })

  it('before it began where its client had left already', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    deepEqual(await scene.receive('orders', { wait: 20, signal: AbortSignal.abort() }), [])
    deepEqual(await scene.counts('orders'), [1, 0, 0])
    equal((await scene.receive('orders'))[0]!.receiveCount, 1)
    await scene.shard.close()
  })

  it('with nothing when the broker closes', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const polled = watch(scene.receive('orders', { wait: 20 }))
    await rest()
    await scene.shard.close()
    deepEqual(await polled.promise, [])
    await rejects(scene.receive('orders'), Unavailable)
  })
})

describe('several long polls', () => {
  it('are served in the order in which they came', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const polls = [1, 2, 3].map(() => scene.receiveBodies('orders', { wait: 20, max: 1 }))
    await rest()
    for (const body of ['1', '2', '3']) await scene.send('orders', body)
    deepEqual(await Promise.all(polls), [['1'], ['2'], ['3']])
    await scene.shard.close()
  })

  it('get each message once, and the first ones what one send brought (R12)', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    const polls = [1, 2, 3].map(() => watch(scene.receiveBodies('orders', { wait: 20, max: 2 })))
    await rest()
    const entries = ['1', '2', '3'].map((body) => ({ content: Buffer.from(body), size: 1 }))
    await scene.submit({ kind: 'send', queue: 'orders', entries, batch: true })
    await rest()
    deepEqual(await polls[0]!.promise, ['1', '2'])
    deepEqual(await polls[1]!.promise, ['3'])
    equal(polls[2]!.state, 'pending')
    await scene.clock.advance('20s')
    deepEqual(await polls[2]!.promise, [])
    await scene.shard.close()
  })

  it('on other queues are left alone', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders')
    await scene.queue('others')
    const polled = watch(scene.receive('others', { wait: 20 }))
    await scene.send('orders', '1')
    await rest()
    equal(polled.state, 'pending')
    await scene.shard.close()
  })

  it('on a FIFO queue get a group one after the other', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('orders.fifo')
    const first = watch(scene.receive('orders.fifo', { wait: 20, max: 1 }))
    const second = watch(scene.receiveBodies('orders.fifo', { wait: 20, max: 1 }))
    await scene.send('orders.fifo', '1', { group: 'a' })
    await scene.send('orders.fifo', '2', { group: 'a' })
    const taken = await first.promise
    await rest()
    equal(second.state, 'pending')
    await scene.delete('orders.fifo', taken)
    deepEqual(await second.promise, ['2'])
    await scene.shard.close()
  })
})

describe('a receive behind many exhausted messages', () => {
  it('moves them all, in several turns, and gets what lies behind them', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('dead')
    await scene.queue('orders', { RedrivePolicy: redriveTo('dead') })
    const sends = Array.from({ length: 2500 }, (_, index) => scene.send('orders', `${index}`))
    await Promise.all(sends)
    for (let times = 0; times < 250; times += 1) await scene.receive('orders', { visibility: 0 })
    await scene.send('orders', 'behind')
    deepEqual(await scene.receiveBodies('orders'), ['behind'])
    deepEqual(await scene.counts('dead'), [2500, 0, 0])
    await scene.shard.close()
  })

  it('waits on where there is nothing behind them, and a poll that waited gets what comes', async () => {
    const { scene } = await scriptedScene()
    await scene.queue('dead')
    await scene.queue('orders', { RedrivePolicy: redriveTo('dead') })
    await Promise.all(Array.from({ length: 1500 }, (_, index) => scene.send('orders', `${index}`)))
    for (let times = 0; times < 150; times += 1) await scene.receive('orders', { visibility: 30 })
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    await scene.clock.advance('15s')
    equal(polled.state, 'pending')
    const again = watch(scene.receiveBodies('orders', { wait: 20 }))
    await scene.clock.advance('16s')
    deepEqual(await polled.promise, [])
    await rest()
    deepEqual(await scene.counts('dead'), [1500, 0, 0])
    equal(again.state, 'pending')
    await scene.send('orders', 'new')
    deepEqual(await again.promise, ['new'])
    await scene.shard.close()
  })
})

function redriveTo(name: string): string {
  return JSON.stringify({
    deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
    maxReceiveCount: 1,
  })
}
