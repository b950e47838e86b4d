/** Move tasks, which bring dead letters back (M). */

import assert from 'node:assert/strict'
import type { ListMessageMoveTasksResultEntry } from '@aws-sdk/client-sqs'
import { sorted, type TestQueue } from '../queue.ts'
import { refused } from '../refusal.ts'
import { freshName, jsonTest, type Scene, test } from '../scene.ts'

interface Stage {
  readonly source: TestQueue
  readonly dead: TestQueue
  readonly sourceArn: string
}

/** A dead-letter queue with so many dead letters, whose ARN is the task's source. */
async function deadLetters(scene: Scene, count: number): Promise<Stage> {
  const { source, dead } = await scene.deadLettering(1)
  await deaden(source, count)
  assert.equal((await dead.counts()).visible, count)
  return { source, dead, sourceArn: await dead.arn() }
}

async function deaden(source: TestQueue, count: number, prefix = ''): Promise<void> {
  for (let letter = 0; letter < count; letter += 1) await source.send(`${prefix}${letter}`)
  while ((await source.receive(10, { VisibilityTimeout: 0 })).length > 0);
}

async function listed(
  scene: Scene,
  SourceArn: string,
  max?: number,
): Promise<ListMessageMoveTasksResultEntry[]> {
  const MaxResults = max === undefined ? {} : { MaxResults: max }
  return (await scene.sqs.call('ListMessageMoveTasks', { SourceArn, ...MaxResults })).Results ?? []
}

async function newest(scene: Scene, SourceArn: string): Promise<ListMessageMoveTasksResultEntry> {
  const [task] = await listed(scene, SourceArn)
  assert.ok(task !== undefined)
  return task
}

/** Moves time in small steps until the task has ended. */
async function ended(scene: Scene, SourceArn: string): Promise<ListMessageMoveTasksResultEntry> {
  for (let step = 0; step < 40; step += 1) {
    const task = await newest(scene, SourceArn)
    if (task.Status !== 'RUNNING' && task.Status !== 'CANCELLING') return task
    await scene.advance('500ms')
  }
  assert.fail('the task does not end')
}

test('M1 a started task is answered with its handle alone', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 1)
  const started = await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  assert.deepEqual(Object.keys(started), ['TaskHandle'])
  const handle = JSON.parse(Buffer.from(started.TaskHandle ?? '', 'base64').toString()) as object
  assert.deepEqual(Object.keys(handle), ['taskId', 'sourceArn'])
  const { taskId, sourceArn: inHandle } = handle as { taskId: string; sourceArn: string }
  assert.match(taskId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.equal(inHandle, sourceArn)
  await ended(scene, sourceArn)
})

test('M2 a task moves the dead letters to its destination and is listed as completed', async (scene) => {
  const { dead, sourceArn } = await deadLetters(scene, 2)
  const destination = await scene.queue()
  const DestinationArn = await destination.arn()
  const startedAt = await scene.clock.now()
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn, DestinationArn })
  const { StartedTimestamp, ...task } = await ended(scene, sourceArn)
  assert.equal(sorted(await destination.bodies()), '0 1')
  assert.equal(await dead.bodies(), '')
  assert.deepEqual(task, {
    Status: 'COMPLETED',
    SourceArn: sourceArn,
    DestinationArn,
    ApproximateNumberOfMessagesMoved: 2,
    ApproximateNumberOfMessagesToMove: 2,
  })
  assert.ok(
    Math.abs(Number(StartedTimestamp) - startedAt) < 2000,
    `${StartedTimestamp} is not in milliseconds`,
  )
})

test('M2 a redriven message is a new one: other id, later send time, no receives', async (scene) => {
  const { source, sourceArn, dead } = await deadLetters(scene, 1)
  const system = { MessageSystemAttributeNames: ['All' as const] }
  const before = await dead.receiveOne({ ...system, VisibilityTimeout: 0 })
  await scene.advance('5s')
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  await ended(scene, sourceArn)
  const after = await source.receiveOne(system)
  assert.equal(after.Body, before.Body)
  assert.notEqual(after.MessageId, before.MessageId)
  assert.ok(Number(after.Attributes?.SentTimestamp) > Number(before.Attributes?.SentTimestamp))
  assert.equal(after.Attributes?.ApproximateReceiveCount, '1')
})

jsonTest('M2 over JSON the three numbers are numbers', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 1)
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  await ended(scene, sourceArn)
  const { body } = scene.sqs.lastWire()
  for (const name of ['Moved', 'ToMove'])
    assert.match(body, new RegExp(`"ApproximateNumberOfMessages${name}":1[,}]`))
  assert.match(body, /"StartedTimestamp":\d{13}[,}]/)
})

test('M3 a task with a rate of one a second takes its time', async (scene) => {
  const { source, sourceArn } = await deadLetters(scene, 4)
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn, MaxNumberOfMessagesPerSecond: 1 })
  await scene.advance('2500ms')
  assert.ok((await source.counts()).visible < 4)
  assert.equal((await newest(scene, sourceArn)).Status, 'RUNNING')
  await scene.advance('2s')
  assert.equal((await source.counts()).visible, 4)
  assert.equal((await ended(scene, sourceArn)).Status, 'COMPLETED')
})

test('M4 a task whose destination is deleted fails, and the rest stays', async (scene) => {
  const { dead, sourceArn } = await deadLetters(scene, 10)
  const destination = await scene.queue()
  await scene.sqs.call('StartMessageMoveTask', {
    SourceArn: sourceArn,
    DestinationArn: await destination.arn(),
    MaxNumberOfMessagesPerSecond: 1,
  })
  await scene.advance('2s')
  await scene.sqs.call('DeleteQueue', { QueueUrl: destination.url })
  const task = await ended(scene, sourceArn)
  assert.equal(task.Status, 'FAILED')
  assert.equal(task.FailureReason, 'AWS.SimpleQueueService.NonExistentQueue')
  assert.equal(task.MaxNumberOfMessagesPerSecond, 1)
  assert.equal(task.ApproximateNumberOfMessagesToMove, 10)
  const moved = task.ApproximateNumberOfMessagesMoved ?? 0
  assert.ok(moved > 0 && moved < 10, `moved ${moved}`)
  assert.equal((await dead.drain()).length, 10 - moved)
})

const handleOf = (sourceArn: string, taskId: string): string =>
  Buffer.from(JSON.stringify({ taskId, sourceArn })).toString('base64')

test('M5 a handle of another form is refused', async (scene) => {
  const text = 'Value for parameter TaskHandle is invalid.'
  for (const TaskHandle of ['garbage', Buffer.from('{}').toString('base64')]) {
    await refused(scene.sqs.call('CancelMessageMoveTask', { TaskHandle }), 'InvalidParameterValue', text)
  }
})

test('M6 cancelling a task nobody knows is refused', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 0)
  const TaskHandle = handleOf(sourceArn, '0bb1f0f5-5b1c-4b0e-8a39-0ad0ac6f2d0e')
  const cancel = scene.sqs.call('CancelMessageMoveTask', { TaskHandle })
  await refused(cancel, 'ResourceNotFoundException', 'Task does not exist.')
})

test('M7 cancelling a finished task is refused', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 1)
  const { TaskHandle } = await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  await ended(scene, sourceArn)
  await refused(scene.sqs.call('CancelMessageMoveTask', { TaskHandle }), 'UnsupportedOperation')
})

test('M7 a running task is listed with its handle, and cancelled by it', async (scene) => {
  const { dead, sourceArn } = await deadLetters(scene, 10)
  const rate = { SourceArn: sourceArn, MaxNumberOfMessagesPerSecond: 1 }
  const { TaskHandle } = await scene.sqs.call('StartMessageMoveTask', rate)
  await scene.advance('1500ms')
  assert.equal((await newest(scene, sourceArn)).TaskHandle, TaskHandle)
  const text =
    'There is already a task running. Only one active task is allowed for a source queue arn at a given time.'
  await refused(scene.sqs.call('StartMessageMoveTask', rate), 'UnsupportedOperation', text)
  const cancelled = await scene.sqs.call('CancelMessageMoveTask', { TaskHandle })
  const task = await ended(scene, sourceArn)
  assert.equal(task.Status, 'CANCELLED')
  assert.equal(task.TaskHandle, undefined)
  assert.equal(typeof cancelled.ApproximateNumberOfMessagesMoved, 'number')
  const left = (await dead.counts()).visible
  assert.ok(left > 0 && left < 10, `${left} are left`)
  await scene.advance('10s')
  assert.equal((await dead.counts()).visible, left)
})

test('M7 ListMessageMoveTasks of an unknown or a malformed ARN is refused', async (scene) => {
  const unknown = (await (await scene.queue()).arn()).replace(/[^:]+$/, freshName())
  const text = "The resource that you specified for the SourceArn parameter doesn't exist."
  await refused(listed(scene, unknown), 'ResourceNotFoundException', text)
  await refused(listed(scene, 'no-arn'), 'InvalidParameterValue')
  const start = scene.sqs.call('StartMessageMoveTask', { SourceArn: unknown })
  await refused(start, 'ResourceNotFoundException', text)
})

test('M7 a task needs a source that is a dead-letter queue', async (scene) => {
  const SourceArn = await (await scene.queue()).arn()
  const text = 'Source queue must be configured as a Dead Letter Queue.'
  await refused(scene.sqs.call('StartMessageMoveTask', { SourceArn }), 'InvalidParameterValue', text)
})

test('M8 two tasks are listed newest first, or the newest alone', async (scene) => {
  const { source, sourceArn } = await deadLetters(scene, 1)
  const other = await scene.queue()
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  await ended(scene, sourceArn)
  await scene.advance('1s')
  await source.receive(1, { VisibilityTimeout: 0 })
  await source.receive(1)
  const DestinationArn = await other.arn()
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn, DestinationArn })
  await ended(scene, sourceArn)
  const tasks = await listed(scene, sourceArn, 2)
  assert.deepEqual(
    tasks.map((task) => task.DestinationArn),
    [DestinationArn, undefined],
  )
  assert.equal((await listed(scene, sourceArn)).length, 1)
})

test('M9 without a destination each message goes back to the queue it came from', async (scene) => {
  const { source, dead } = await scene.deadLettering(1)
  const second = await scene.queue({ RedrivePolicy: (await source.attribute('RedrivePolicy')) ?? '' })
  await deaden(source, 2, 'first-')
  await deaden(second, 2, 'second-')
  assert.equal((await dead.counts()).visible, 4)
  const sourceArn = await dead.arn()
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  assert.equal((await ended(scene, sourceArn)).Status, 'COMPLETED')
  assert.equal(sorted(await source.bodies()), 'first-0 first-1')
  assert.equal(sorted(await second.bodies()), 'second-0 second-1')
})

test('M9 a FIFO dead letter goes back with its group', async (scene) => {
  const { source, dead } = await scene.deadLettering(1, 'fifo')
  await source.sendEach('a1 a2')
  while ((await source.receive(10, { VisibilityTimeout: 0 })).length > 0);
  const sourceArn = await dead.arn()
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  assert.equal((await ended(scene, sourceArn)).Status, 'COMPLETED')
  const messages = await source.receive(10, { MessageSystemAttributeNames: ['MessageGroupId'] })
  assert.deepEqual(
    messages.map((message) => [message.Body, message.Attributes?.MessageGroupId]),
    [
      ['a1', 'a'],
      ['a2', 'a'],
    ],
  )
})

test('M2 a task wakes a long poll on its destination', async (scene) => {
  const { source, sourceArn } = await deadLetters(scene, 1)
  const poll = await source.poll(20)
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: sourceArn })
  await scene.advance('1s')
  assert.equal((await poll.answer)[0]?.Body, '0')
})

test('M3 a rate outside 1–500 is refused', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 1)
  for (const MaxNumberOfMessagesPerSecond of [0, 501]) {
    const input = { SourceArn: sourceArn, MaxNumberOfMessagesPerSecond }
    await refused(scene.sqs.call('StartMessageMoveTask', input), 'InvalidParameterValue')
  }
})

test('M8 MaxResults outside 1–10 is refused', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 0)
  for (const max of [0, 11]) await refused(listed(scene, sourceArn, max), 'InvalidParameterValue')
})

test('M8 no task at all is an empty listing', async (scene) => {
  const { sourceArn } = await deadLetters(scene, 0)
  assert.deepEqual(await listed(scene, sourceArn), [])
})
