/** Visibility timeouts and receipt handles (V). */

import assert from 'node:assert/strict'
import { refused } from '../refusal.ts'
import { test } from '../scene.ts'

const EMPTY = { visible: 0, inFlight: 0, delayed: 0 }

test('V1 a message comes back after its timeout, with another handle', async (scene) => {
  const queue = await scene.queue({ VisibilityTimeout: '1' })
  await queue.send('x')
  const first = await queue.receiveOne()
  assert.equal(await queue.bodies(), '')
  const poll = await queue.poll(5)
  await scene.advance('1s')
  const [again] = await poll.answer
  assert.equal(again?.MessageId, first.MessageId)
  assert.notEqual(again?.ReceiptHandle, first.ReceiptHandle)
})

test('V2 a timeout changed to 0 returns the message, and holds for that receive only', async (scene) => {
  const queue = await scene.queue()
  const sent = await queue.send('x')
  await queue.hide(await queue.receiveOne(), 0)
  assert.equal((await queue.receiveOne()).MessageId, sent.MessageId)
  await scene.advance('29s')
  assert.equal(await queue.bodies(), '')
  await scene.advance('2s')
  assert.equal(await queue.bodies(), 'x')
})

test('V3 on a standard queue the timeout can be changed after it has passed', async (scene) => {
  const queue = await scene.queue({ VisibilityTimeout: '1' })
  await queue.send('x')
  const message = await queue.receiveOne()
  await scene.advance('2s')
  await queue.hide(message, 30)
})

test('V4 on a standard queue an older handle still changes the timeout', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const older = await queue.receiveOne({ VisibilityTimeout: 0 })
  const newer = await queue.receiveOne({ VisibilityTimeout: 3 })
  assert.equal(newer.MessageId, older.MessageId)
  assert.equal(await queue.bodies(), '')
  await queue.hide(older, 0)
  assert.equal(await queue.bodies(), 'x')
})

test('V5 a longer timeout holds, whatever the earlier one was', async (scene) => {
  const queue = await scene.queue({ VisibilityTimeout: '1' })
  await queue.send('x')
  await queue.receiveOne()
  await scene.advance('1s')
  await queue.hide(await queue.receiveOne(), 100)
  await scene.advance('1s')
  assert.equal(await queue.bodies(), '')
  assert.deepEqual(await queue.counts(), { ...EMPTY, inFlight: 1 })
  await scene.advance('99s')
  assert.equal(await queue.bodies(), 'x')
})

test('V5 a timeout runs from its change', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  await queue.hide(await queue.receiveOne(), 2)
  await scene.advance('1s')
  assert.equal(await queue.bodies(), '')
  await scene.advance('1s')
  assert.deepEqual(await queue.counts(), { ...EMPTY, visible: 1 })
  assert.equal(await queue.bodies(), 'x')
})

test('V6 a timeout outside 0–43200 is refused', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const message = await queue.receiveOne()
  for (const timeout of [-1, 43_201]) {
    const text = new RegExp(`Value ${timeout} for parameter VisibilityTimeout is invalid\\.`)
    await refused(queue.hide(message, timeout), 'InvalidParameterValue', text)
  }
  await scene.advance('29s')
  assert.equal(await queue.bodies(), '')
})

test('V6 with the time since the receive a timeout may not pass 12 hours', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const message = await queue.receiveOne({ VisibilityTimeout: 600 })
  await scene.advance('100s')
  await refused(queue.hide(message, 43_150), 'InvalidParameterValue', /43200/)
  await queue.hide(message, 43_100)
  await scene.advance('43099s')
  assert.equal(await queue.bodies(), '')
  await scene.advance('1s')
  assert.equal(await queue.bodies(), 'x')
})

test('V7 a handle that is none is refused, with the handle', async (scene) => {
  const queue = await scene.queue()
  const text = 'The input receipt handle "garbage" is not a valid receipt handle.'
  await refused(queue.deleteBy('garbage'), 'ReceiptHandleIsInvalid', text)
  await refused(queue.hide({ ReceiptHandle: 'garbage' }, 1), 'ReceiptHandleIsInvalid', text)
})

test("V7 another queue's handle deletes nothing", async (scene) => {
  const queue = await scene.queue()
  const other = await scene.queue()
  await queue.send('mine')
  await other.send('theirs')
  const theirs = await other.receiveOne()
  await queue.deleteBy(theirs.ReceiptHandle).catch(() => {})
  assert.equal((await queue.counts()).visible, 1)
  await scene.advance('31s')
  assert.equal(await other.bodies(), 'theirs')
})

for (const kind of ['queue', 'fifo'] as const) {
  test(`V8 a deleted message does not come back, and deleting again is no error (${kind})`, async (scene) => {
    const queue = await scene[kind]()
    await queue.send('x')
    const message = await queue.receiveOne()
    for (let times = 0; times < 3; times += 1) await queue.delete(message)
    assert.deepEqual(await queue.counts(), EMPTY)
    await scene.advance('31s')
    assert.equal(await queue.bodies(), '')
  })
}

test('V8 the timeout of a deleted message cannot be changed', async (scene) => {
  const queue = await scene.queue()
  await queue.send('x')
  const message = await queue.receiveOne()
  await queue.delete(message)
  const text = /Reason: Message does not exist or is not available for visibility timeout change\.$/
  await refused(queue.hide(message, 10), 'InvalidParameterValue', text)
})

test('V9 a standard message is deleted by its handle after the timeout', async (scene) => {
  const queue = await scene.queue({ VisibilityTimeout: '1' })
  await queue.send('x')
  const message = await queue.receiveOne()
  await scene.advance('2s')
  assert.deepEqual(await queue.counts(), { ...EMPTY, visible: 1 })
  await queue.delete(message)
  assert.deepEqual(await queue.counts(), EMPTY)
})

test('V10 a FIFO message is not deleted after its timeout', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '1' })
  await queue.send('a1')
  const message = await queue.receiveOne()
  await scene.advance('2s')
  await refused(
    queue.delete(message),
    'InvalidParameterValue',
    `Value ${message.ReceiptHandle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.`,
  )
  assert.equal(await queue.bodies(), 'a1')
})

test('V10 after an extension a FIFO handle stays good', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '1' })
  await queue.send('a1')
  const message = await queue.receiveOne()
  await queue.hide(message, 60)
  await scene.advance('30s')
  await queue.delete(message)
  assert.deepEqual(await queue.counts(), EMPTY)
})

test('V11 every receive gives another handle, and the newest works', async (scene) => {
  const queue = await scene.queue({ VisibilityTimeout: '1' })
  await queue.send('x')
  const handles = new Set<string | undefined>()
  for (let times = 0; times < 3; times += 1) {
    handles.add((await queue.receiveOne()).ReceiptHandle)
    await scene.advance('1s')
  }
  const newest = await queue.receiveOne()
  handles.add(newest.ReceiptHandle)
  assert.equal(handles.size, 4)
  await queue.delete(newest)
  assert.deepEqual(await queue.counts(), EMPTY)
})

test('V11 a standard handle that a later receive superseded is answered with 200 and deletes nothing', async (scene) => {
  const queue = await scene.queue({ VisibilityTimeout: '1' })
  await queue.send('x')
  const older = await queue.receiveOne()
  await scene.advance('1s')
  await queue.receiveOne({ VisibilityTimeout: 30 })
  await queue.delete(older)
  assert.deepEqual(await queue.counts(), { ...EMPTY, inFlight: 1 })
})

test('V10 a FIFO handle that a later receive superseded deletes nothing', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '1' })
  await queue.send('a1')
  const older = await queue.receiveOne()
  await scene.advance('1s')
  const newer = await queue.receiveOne({ VisibilityTimeout: 30 })
  await refused(queue.delete(older), 'InvalidParameterValue', /The receipt handle has expired\.$/)
  await queue.delete(newer)
  assert.deepEqual(await queue.counts(), EMPTY)
})

test('V10 a FIFO message made visible is not deleted by its old handle', async (scene) => {
  const queue = await scene.fifo()
  await queue.send('a1')
  const message = await queue.receiveOne()
  await queue.hide(message, 0)
  await refused(queue.delete(message), 'InvalidParameterValue', /The receipt handle has expired\.$/)
  assert.equal(await queue.bodies(), 'a1')
})

test('V10 the timeout of a FIFO message cannot be changed after it has passed', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '1' })
  await queue.send('a1')
  const message = await queue.receiveOne()
  await scene.advance('2s')
  await refused(queue.hide(message, 30), 'InvalidParameterValue')
  assert.equal(await queue.bodies(), 'a1')
})

test('V10 a FIFO handle that a later receive superseded changes no timeout', async (scene) => {
  const queue = await scene.fifo({ VisibilityTimeout: '1' })
  await queue.send('a1')
  const older = await queue.receiveOne()
  await scene.advance('1s')
  await queue.receiveOne({ VisibilityTimeout: 30 })
  await refused(queue.hide(older, 0), 'InvalidParameterValue')
  assert.equal(await queue.bodies(), '')
})
