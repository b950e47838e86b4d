/** Permissions, which are stored in the policy (P). */

import assert from 'node:assert/strict'
import type { TestQueue } from '../queue.ts'
import { refused } from '../refusal.ts'
import { test } from '../scene.ts'

interface Policy {
  readonly Version: string
  readonly Id: string
  readonly Statement: readonly Readonly<Record<string, unknown>>[]
}

const ACCOUNT = '111122223333'

function add(
  queue: TestQueue,
  Label: string,
  Actions: string[] = ['SendMessage'],
  AWSAccountIds = [ACCOUNT],
): Promise<unknown> {
  return queue.sqs.call('AddPermission', { QueueUrl: queue.url, Label, AWSAccountIds, Actions })
}

function remove(queue: TestQueue, Label: string): Promise<unknown> {
  return queue.sqs.call('RemovePermission', { QueueUrl: queue.url, Label })
}

async function policyOf(queue: TestQueue): Promise<Policy | undefined> {
  const text = await queue.attribute('Policy')
  return text === undefined ? undefined : (JSON.parse(text) as Policy)
}

test('P1 AddPermission writes a statement, RemovePermission takes it out again', async (scene) => {
  const queue = await scene.queue()
  const arn = await queue.arn()
  await add(queue, 'one')
  assert.deepEqual(await policyOf(queue), {
    Version: '2008-10-17',
    Id: `${arn}/SQSDefaultPolicy`,
    Statement: [
      {
        Sid: 'one',
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
        Action: 'SQS:SendMessage',
        Resource: arn,
      },
    ],
  })
  await remove(queue, 'one')
  assert.equal((await queue.attributes('All')).Policy, undefined)
})

test('P1 several accounts and actions are lists', async (scene) => {
  const queue = await scene.queue()
  await add(queue, 'many', ['SendMessage', 'ReceiveMessage'], [ACCOUNT, '444455556666'])
  const statement = (await policyOf(queue))?.Statement[0]
  assert.deepEqual(statement?.Action, ['SQS:SendMessage', 'SQS:ReceiveMessage'])
  assert.deepEqual(statement?.Principal, {
    AWS: [`arn:aws:iam::${ACCOUNT}:root`, 'arn:aws:iam::444455556666:root'],
  })
})

test('P1 a label used twice, and one unknown, are refused', async (scene) => {
  const queue = await scene.queue()
  await add(queue, 'one')
  const twice = 'Value one for parameter Label is invalid. Reason: Already exists.'
  await refused(add(queue, 'one'), 'InvalidParameterValue', twice)
  const unknown = "Value two for parameter Label is invalid. Reason: can't find label."
  await refused(remove(queue, 'two'), 'InvalidParameterValue', unknown)
})

const EIGHT_ACTIONS = [
  'SendMessage',
  'ReceiveMessage',
  'DeleteMessage',
  'ChangeMessageVisibility',
  'GetQueueAttributes',
  'GetQueueUrl',
  'PurgeQueue',
  'ListDeadLetterSourceQueues',
]

test('P2 seven actions in one statement are accepted, eight are over the limit', async (scene) => {
  const queue = await scene.queue()
  await add(queue, 'seven', EIGHT_ACTIONS.slice(0, 7))
  await refused(add(queue, 'eight', EIGHT_ACTIONS), 'OverLimit')
  assert.equal((await policyOf(queue))?.Statement.length, 1)
})

test('P2 more than twenty statements are over the limit', async (scene) => {
  const queue = await scene.queue()
  for (let statement = 0; statement < 20; statement += 1) await add(queue, `label-${statement}`)
  await refused(add(queue, 'one-too-many'), 'OverLimit')
  assert.equal((await policyOf(queue))?.Statement.length, 20)
})

test('P3 a policy set as attribute and statements added by label are one document', async (scene) => {
  const queue = await scene.queue()
  const own = {
    Sid: 'own',
    Effect: 'Allow',
    Principal: '*',
    Action: 'SQS:ReceiveMessage',
    Resource: await queue.arn(),
  }
  await queue.set({ Policy: JSON.stringify({ Version: '2012-10-17', Id: 'mine', Statement: [own] }) })
  await add(queue, 'added')
  const both = await policyOf(queue)
  assert.equal(both?.Id, 'mine')
  assert.deepEqual(
    both?.Statement.map((statement) => statement.Sid),
    ['own', 'added'],
  )
  assert.deepEqual(both?.Statement[0], own)
  await remove(queue, 'own')
  assert.deepEqual(
    (await policyOf(queue))?.Statement.map((statement) => statement.Sid),
    ['added'],
  )
})
