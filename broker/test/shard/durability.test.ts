/** Nothing leaves the shard before it is in the log: answers, messages, and what others could learn from them. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Outgoing } from '../../src/queue/command.ts'
import { POSITION } from '../../src/queue/message-table.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { STAGED_BYTES_MAX } from '../../src/shard/shard.ts'
import { Unavailable } from '../../src/shard/unavailable.ts'
import { BEGIN_AT, bodyOf, good, rest, scriptedScene, watch } from '../support/shard-scene.ts'

describe('an answer', () => {
  it('is held until the flush that carries it', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.hold()
    const sent = watch(scene.trySend('orders', '1'))
    await rest()
    equal(sent.state, 'pending')
    script.release()
    await rest()
    equal(sent.state, 'fulfilled')
    await scene.shard.close()
  })

  it('of commands that gather while a flush runs comes with one further flush', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.hold()
    const first = watch(scene.trySend('orders', 'first'))
    await rest()
    const flushes = script.flushes
    const others = Array.from({ length: 20 }, (_, index) => watch(scene.trySend('orders', `${index}`)))
    await rest()
    equal(script.flushes, flushes)
    script.release()
    await Promise.all([first, ...others].map(({ promise }) => promise))
    equal(script.flushes, flushes + 1)
    await scene.shard.close()
  })

  it('of a command in the same turn shares its flush', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    const before = script.flushes
    await Promise.all(Array.from({ length: 20 }, (_, index) => scene.send('orders', `${index}`)))
    equal(script.flushes, before + 1)
    await scene.shard.close()
  })

  it('waits also where it only tells of what is not durable yet', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.hold()
    const sent = watch(scene.trySend('orders', '1'))
    const counted = watch(scene.counts('orders'))
    await rest()
    equal(counted.state, 'pending')
    const duringFlush = watch(scene.counts('orders'))
    const missing = watch(scene.submit({ kind: 'describeQueue', queue: 'nowhere' }))
    await rest()
    deepEqual([duringFlush.state, missing.state], ['pending', 'pending'])
    script.release()
    deepEqual(await counted.promise, [1, 0, 0])
    deepEqual(await duringFlush.promise, [1, 0, 0])
    deepEqual(
      [await missing.promise, good(await sent.promise).results.length],
      [{ problem: 'QueueDoesNotExist' }, 1],
    )
    await scene.shard.close()
  })

  it('waits for nothing where nothing is under way', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    const before = script.flushes
    deepEqual(await scene.counts('orders'), [0, 0, 0])
    deepEqual(await scene.receive('orders'), [])
    equal(script.flushes, before)
    await scene.shard.close()
  })

  it('with messages waits until it is durable that they were received', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    script.hold()
    const received = watch(scene.receiveBodies('orders'))
    await rest()
    equal(received.state, 'pending')
    script.release()
    deepEqual(await received.promise, ['1'])
    await scene.shard.close()
  })

  it('of a long poll waits until the send that woke it is durable', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    script.hold()
    const sent = watch(scene.trySend('orders', '1'))
    await rest()
    deepEqual([polled.state, sent.state], ['pending', 'pending'])
    script.release()
    deepEqual(await polled.promise, ['1'])
    await scene.shard.close()
  })
})

describe('a flush that fails', () => {
  it('rejects everybody who waits for it, and who waits for the next one', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.breakFlush()
    script.hold()
    const first = watch(scene.trySend('orders', '1'))
    await rest()
    const second = watch(scene.trySend('orders', '2'))
    const looking = watch(scene.counts('orders'))
    script.release()
    await rejects(first.promise, Unavailable)
    await rejects(second.promise, Unavailable)
    await rejects(looking.promise, Unavailable)
    await scene.shard.close()
  })

  it('leaves the shard unhealthy until the state is recovered, without what was not durable', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', 'kept')
    script.openError = new Error('not yet')
    script.breakFlush()
    await rejects(scene.trySend('orders', 'lost'), Unavailable)
    await rest()
    equal(scene.shard.healthy, false)
    await rejects(scene.counts('orders'), Unavailable)
    script.openError = undefined
    await scene.clock.advance('1s')
    await rest()
    equal(scene.shard.healthy, true)
    deepEqual(scene.logged, ['log_failed', 'log_recovery_failed', 'log_recovered'])
    deepEqual(await scene.receiveBodies('orders'), ['kept'])
    await scene.assertRecoverable({ turns: true })
    await scene.shard.close()
  })

  it('is tried again until the log opens', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.openError = new Error('not yet')
    script.breakFlush()
    await rejects(scene.trySend('orders', '1'), Unavailable)
    for (let tries = 0; tries < 3; tries += 1) await scene.clock.advance('1s')
    equal(scene.logged.filter((event) => event === 'log_recovery_failed').length, 4)
    equal(scene.shard.healthy, false)
    script.openError = undefined
    await scene.clock.advance('1s')
    equal(scene.shard.healthy, true)
    await scene.shard.close()
  })

  it('that fails again as soon as the log is open is given a second', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.breakFlush()
    await rejects(scene.trySend('orders', '1'), Unavailable)
    await rest()
    script.breakFlush()
    await rejects(scene.trySend('orders', '2'), Unavailable)
    await rest()
    equal(scene.shard.healthy, false)
    await scene.clock.advance('1s')
    equal(scene.shard.healthy, true)
    await scene.send('orders', '3')
    await scene.shard.close()
  })

  it('ends long polls with nothing', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await scene.queue('others')
    const polled = watch(scene.receive('others', { wait: 20 }))
    script.breakFlush()
    await rejects(scene.trySend('orders', '1'), Unavailable)
    deepEqual(await polled.promise, [])
    await scene.shard.close()
  })

  it('opens the log again once, also where an append fails at the same time', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.breakFlush()
    script.hold()
    const first = watch(scene.trySend('orders', '1'))
    await rest()
    script.appendError = new Error('this log must be opened again')
    const opens = script.opens
    const second = watch(scene.trySend('orders', '2'))
    script.appendError = undefined
    script.release()
    await rejects(first.promise, Unavailable)
    await rejects(second.promise, Unavailable)
    await rest()
    equal(scene.shard.healthy, true)
    equal(script.opens, opens + 1)
    equal(script.closes, 1)
    await scene.shard.close()
  })

  it('that comes late does not touch the log that was opened since', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.hold()
    const first = watch(scene.trySend('orders', '1'))
    await rest()
    script.appendError = new Error('out of memory')
    const second = watch(scene.trySend('orders', '2'))
    script.appendError = undefined
    await rest()
    deepEqual([first.state, second.state], ['rejected', 'rejected'])
    script.release()
    await rest()
    equal(scene.shard.healthy, true)
    // The outcome was not known: the flush did succeed in the end.
    deepEqual(await scene.receiveBodies('orders'), ['1'])
    await scene.shard.close()
  })
})

describe('a mistake of our own', () => {
  it('while a long poll is served drops the state, and everybody who waits is told', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    const polled = watch(scene.receiveBodies('orders', { wait: 20 }))
    await scene.send('orders', 'later', { delaySeconds: 5 })
    script.appendError = new Error('what cannot be')
    await scene.clock.advance('5s')
    script.appendError = undefined
    deepEqual(await polled.promise, [])
    await rest()
    equal(scene.shard.healthy, true)
    deepEqual(scene.logged, ['log_failed', 'log_recovered'])
    deepEqual(await scene.receiveBodies('orders'), ['later'])
    await scene.shard.close()
  })
})

describe('a message that cannot be read', () => {
  /** Fails the read of the message with this body, which was the n-th sent. */
  const unreadable = async (queue: string, options: Partial<Outgoing>) => {
    const { scene, script } = await scriptedScene()
    await scene.queue(queue, { VisibilityTimeout: '10' })
    for (const body of ['1', '2', '3']) await scene.send(queue, body, options)
    const { messages, index } = scene.shard.state!
    const position = messages.number(index.get(2), POSITION)
    script.readError = (wanted) => (wanted === position ? new Error('EIO') : undefined)
    return { scene, script }
  }

  it('does not hold back the others, and comes again', async () => {
    const { scene, script } = await unreadable('orders', {})
    deepEqual(await scene.receiveBodies('orders'), ['1', '3'])
    deepEqual(scene.logged, ['message_unreadable'])
    script.readError = undefined
    await scene.clock.advance('10s')
    deepEqual(await scene.receiveBodies('orders'), ['1', '2', '3'])
    await scene.shard.close()
  })

  it('holds back what comes after it in its FIFO queue, so that nothing overtakes it', async () => {
    const { scene, script } = await unreadable('orders.fifo', { group: 'a' })
    const messages = await scene.receive('orders.fifo')
    deepEqual(messages.map(bodyOf), ['1'])
    await scene.delete('orders.fifo', messages)
    script.readError = undefined
    deepEqual(await scene.receive('orders.fifo'), [])
    await scene.clock.advance('10s')
    deepEqual(await scene.receiveBodies('orders.fifo'), ['2', '3'])
    await scene.shard.close()
  })

  it('is an error that clients try again after, where there is nothing else', async () => {
    const { scene, script } = await unreadable('orders', {})
    script.readError = () => new Error('EIO')
    await rejects(scene.receive('orders'), Unavailable)
    equal(scene.shard.healthy, true)
    await scene.shard.close()
  })
})

describe('a full log', () => {
  it('refuses sends and serves receives and deletes', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    await scene.send('orders', '1')
    script.full = true
    await rejects(scene.trySend('orders', '2'), /disk is full/)
    const messages = await scene.receive('orders')
    deepEqual(messages.map(bodyOf), ['1'])
    await scene.delete('orders', messages)
    deepEqual(await scene.counts('orders'), [0, 0, 0])
    script.full = false
    await scene.send('orders', '3')
    await scene.shard.close()
  })

  it('that cannot keep up refuses sends until it has', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.stagedBytesMore = STAGED_BYTES_MAX + 1
    await rejects(scene.trySend('orders', '1'), /too slow/)
    script.stagedBytesMore = 0
    await scene.send('orders', '1')
    await scene.shard.close()
  })
})

describe('closing', () => {
  it('makes everything durable first, and refuses what comes after', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.hold()
    const sent = watch(scene.trySend('orders', '1'))
    const closed = watch(scene.shard.close())
    await rest()
    deepEqual([sent.state, closed.state, scene.shard.healthy], ['pending', 'pending', false])
    await rejects(scene.trySend('orders', '2'), Unavailable)
    script.release()
    await closed.promise
    equal(sent.state, 'fulfilled')
    equal(script.closes, 1)
  })

  it('twice is the same as once', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.hold()
    void scene.trySend('orders', '1')
    const first = watch(scene.shard.close())
    const second = watch(scene.shard.close())
    await rest()
    deepEqual([first.state, second.state], ['pending', 'pending'])
    script.release()
    await second.promise
    equal(script.closes, 1)
  })

  it('while the log is being opened again leaves no log open and no timer behind', async () => {
    const clock = manualClock(BEGIN_AT)
    const { scene, script } = await scriptedScene(clock)
    await scene.queue('orders')
    script.breakFlush()
    await rejects(scene.trySend('orders', '1'), Unavailable)
    await scene.shard.close()
    equal(script.closes, script.opens)
    const opens = script.opens
    await clock.advance('10m')
    equal(script.opens, opens)
  })

  it('in the midst of an opening waits for it, and closes what was opened', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    const gate = Promise.withResolvers<void>()
    script.openGate = gate.promise
    script.breakFlush()
    await rejects(scene.trySend('orders', '1'), Unavailable)
    await rest()
    const closed = watch(scene.shard.close())
    await rest()
    equal(closed.state, 'pending')
    gate.resolve()
    await closed.promise
    equal(script.closes, script.opens)
    equal(script.opens, 2)
  })

  it('while a log that does not open is waited for ends the waiting', async () => {
    const { scene, script } = await scriptedScene()
    await scene.queue('orders')
    script.openError = new Error('not yet')
    script.breakFlush()
    await rejects(scene.trySend('orders', '1'), Unavailable)
    await rest()
    await scene.shard.close()
    script.openError = undefined
    const opens = script.opens
    await scene.clock.advance('1m')
    equal(script.opens, opens)
    ok(!scene.shard.healthy)
  })
})
