import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ActionName, Input } from '../../src/sqs/api.ts'
import { SqsError } from '../../src/sqs/errors.ts'
import { perform } from '../../src/sqs/perform.ts'
import { contextOf, description, jsonRequest, type Script, scripted, serviceOf, UUID } from './scripted.ts'

async function act<Action extends ActionName>(action: Action, input: Input<Action>, script: Script = {}) {
  const core = scripted(script)
  const output = await perform(action, contextOf(core.submit), input)
  return { output, commands: core.commands }
}

async function refused<Action extends ActionName>(
  action: Action,
  input: Input<Action>,
  script: Script = {},
): Promise<SqsError> {
  const core = scripted(script)
  const error = await perform(action, contextOf(core.submit), input).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SqsError, String(error))
  return error
}

const QueueUrl = 'https://sqs.us-east-1.amazonaws.com/123456789012/orders'

/** For each action that takes a queue an input with a mistake that needs no queue to be seen. */
const mistaken: { readonly [Action in ActionName]?: object } = {
  AddPermission: { Label: '', AWSAccountIds: [], Actions: [] },
  ChangeMessageVisibility: { ReceiptHandle: 'x', VisibilityTimeout: -1 },
  ChangeMessageVisibilityBatch: { Entries: [] },
  DeleteMessage: {},
  DeleteMessageBatch: { Entries: [] },
  GetQueueAttributes: { AttributeNames: ['Foobar'] },
  ListDeadLetterSourceQueues: { MaxResults: 0 },
  ReceiveMessage: { WaitTimeSeconds: 21 },
  RemovePermission: {},
  SendMessage: { MessageBody: '\0' },
  SendMessageBatch: { Entries: [] },
  SetQueueAttributes: {},
  TagQueue: { Tags: {} },
  UntagQueue: {},
}
for (const [action, mistake] of Object.entries(mistaken)) {
  test(`${action} of a missing queue says so before any other mistake`, async () => {
    const missing: Script = { describeQueue: () => ({ problem: 'QueueDoesNotExist' }) }
    const input = { QueueUrl, ...mistake } as never
    assert.equal((await refused(action as ActionName, input, missing)).shape, 'QueueDoesNotExist')
    assert.notEqual((await refused(action as ActionName, input)).shape, 'QueueDoesNotExist')
  })
}

const addresses: readonly (readonly [address: string, queue: string])[] = [
  ['https://sqs.us-east-1.amazonaws.com/123456789012/orders', 'orders'],
  ['http://localhost:9324/orders', 'orders'],
  ['http://localhost:4566/some/prefix/000000000000/orders.fifo', 'orders.fifo'],
  ['http://localhost:9324/queue/orders/', 'orders'],
  ['arn:aws:sqs:eu-west-1:123456789012:orders', 'orders'],
  ['orders', 'orders'],
]
for (const [address, queue] of addresses) {
  test(`${address} is queue ${queue}`, async () => {
    const { commands } = await act('PurgeQueue', { QueueUrl: address })
    assert.deepEqual(commands, [{ kind: 'purgeQueue', queue }])
  })
}

test('a request without a queue is missing a parameter', async () => {
  const { response, json } = await serviceOf().ask(jsonRequest('DeleteQueue', {}))
  assert.equal(response.status, 400)
  assert.equal(json.message, 'The request must contain the parameter QueueUrl.')
})

test("a queue's URL follows the Host header, or is what the broker is told", async () => {
  const request = jsonRequest('CreateQueue', { QueueName: 'orders' }, { headers: { host: '10.0.0.1:80' } })
  const plain = await serviceOf().ask(request)
  assert.equal(plain.json.QueueUrl, 'http://10.0.0.1:80/000000000000/orders')
  const told = await serviceOf({}, { publicUrl: 'https://q.example.org/sqs/', account: '111122223333' }).ask(
    request,
  )
  assert.equal(told.json.QueueUrl, 'https://q.example.org/sqs/111122223333/orders')
})

test("the public URL's own path names no queue", async () => {
  const service = serviceOf({}, { publicUrl: 'https://q.example.org/sqs' })
  for (const target of ['/sqs', '/sqs/', '/']) {
    const { response } = await service.ask(jsonRequest('PurgeQueue', {}, { target }))
    assert.equal(response.status, 400)
  }
  await service.ask(jsonRequest('PurgeQueue', {}, { target: '/sqs/000000000000/orders' }))
  assert.deepEqual(service.commands, [{ kind: 'purgeQueue', queue: 'orders' }])
})

for (const name of ['', 'a'.repeat(81), 'a/b', 'a b', 'ü', 'orders.fifo', 'a.b']) {
  test(`"${name.slice(0, 20)}" is no name for a standard queue`, async () => {
    const error = await refused('CreateQueue', { QueueName: name })
    assert.equal(error.code, 'InvalidParameterValue')
    assert.equal(
      error.message,
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    )
  })
}

test('a FIFO queue ends in .fifo, which counts towards its 80 characters', async () => {
  const Attributes = { FifoQueue: 'True' }
  for (const QueueName of ['orders', '.fifo', `${'a'.repeat(76)}.fifo`]) {
    assert.equal((await refused('CreateQueue', { QueueName, Attributes })).code, 'InvalidParameterValue')
  }
  await act('CreateQueue', { QueueName: `${'a'.repeat(75)}.fifo`, Attributes })
  await act('CreateQueue', { QueueName: 'a'.repeat(80) })
})

test('attributes of a queue come as text, with counters, seconds and the ARN of the caller', async () => {
  const { output } = await act('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })
  assert.deepEqual(output, {
    Attributes: {
      VisibilityTimeout: '30',
      DelaySeconds: '0',
      ApproximateNumberOfMessages: '3',
      ApproximateNumberOfMessagesNotVisible: '2',
      ApproximateNumberOfMessagesDelayed: '1',
      CreatedTimestamp: '1700000000',
      LastModifiedTimestamp: '1700000001',
      QueueArn: 'arn:aws:sqs:eu-central-1:000000000000:orders',
    },
  })
})

test('only the attributes asked for are returned, none when none are', async () => {
  const some = { QueueUrl, AttributeNames: ['DelaySeconds', 'Policy'] }
  assert.deepEqual((await act('GetQueueAttributes', some)).output, { Attributes: { DelaySeconds: '0' } })
  assert.deepEqual((await act('GetQueueAttributes', { QueueUrl })).output, {})
  assert.deepEqual((await act('GetQueueAttributes', { QueueUrl, AttributeNames: [] })).output, {})
})

for (const name of ['Foobar', '', 'DelaySeconds ', '__proto__']) {
  test(`"${name}" is no attribute of a queue, also beside others`, async () => {
    const error = await refused('GetQueueAttributes', { QueueUrl, AttributeNames: ['DelaySeconds', name] })
    assert.equal(error.code, 'InvalidAttributeName')
    assert.equal(error.message, `Unknown Attribute ${name}.`)
  })
}

test('values of attributes must be legal text', async () => {
  const Attributes = { KmsMasterKeyId: 'a\ud800' }
  assert.equal((await refused('SetQueueAttributes', { QueueUrl, Attributes })).code, 'InvalidAttributeValue')
  assert.equal((await refused('CreateQueue', { QueueName: 'q', Attributes })).code, 'InvalidAttributeValue')
})

test('queues are listed by prefix; without MaxResults there is no token', async () => {
  const listQueues: Script['listQueues'] = () => ({ names: ['a', 'b'], more: true })
  const plain = await act('ListQueues', { QueueNamePrefix: 'a' }, { listQueues })
  assert.deepEqual(plain.commands, [{ kind: 'listQueues', prefix: 'a', limit: 1000 }])
  assert.deepEqual(plain.output, {
    QueueUrls: ['http://pabal.test:9324/000000000000/a', 'http://pabal.test:9324/000000000000/b'],
  })
  assert.deepEqual((await act('ListQueues', {})).output, {})
})

test('a token leads to the page after the last name', async () => {
  const first = await act(
    'ListQueues',
    { MaxResults: 1 },
    { listQueues: () => ({ names: ['b.fifo'], more: true }) },
  )
  assert.ok(first.output.NextToken)
  const next = await act('ListQueues', { MaxResults: 1, NextToken: first.output.NextToken })
  assert.deepEqual(next.commands, [{ kind: 'listQueues', prefix: '', limit: 1, after: 'b.fifo' }])
  assert.equal(next.output.NextToken, undefined)
})

test('malformed tokens and page sizes out of range are refused', async () => {
  for (const NextToken of ['%%%', 'ü', Buffer.from('a b').toString('base64')]) {
    assert.equal((await refused('ListQueues', { MaxResults: 1, NextToken })).code, 'InvalidParameterValue')
  }
  for (const MaxResults of [0, 1001]) {
    assert.equal((await refused('ListQueues', { MaxResults })).code, 'InvalidParameterValue')
    assert.equal(
      (await refused('ListDeadLetterSourceQueues', { QueueUrl, MaxResults })).code,
      'InvalidParameterValue',
    )
  }
})

test('dead-letter sources are listed under queueUrls, in lower case', async () => {
  const { output } = await act(
    'ListDeadLetterSourceQueues',
    { QueueUrl },
    {
      listDeadLetterSources: () => ({ names: ['a'], more: false }),
    },
  )
  assert.deepEqual(output, { queueUrls: ['http://pabal.test:9324/000000000000/a'] })
})

test('tags are checked for number, length and characters', async () => {
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`k${index}`, '']))
  assert.equal(
    (await refused('TagQueue', { QueueUrl, Tags: many })).message,
    'Too many tags added for queue orders.',
  )
  for (const Tags of [
    { '': 'x' },
    { ['k'.repeat(129)]: 'x' },
    { k: 'v'.repeat(257) },
    { k: '\0' },
    { 'k\ud800': '' },
  ]) {
    assert.equal((await refused('TagQueue', { QueueUrl, Tags })).code, 'InvalidParameterValue')
    assert.equal((await refused('CreateQueue', { QueueName: 'q', tags: Tags })).code, 'InvalidParameterValue')
  }
  await act('TagQueue', { QueueUrl, Tags: { ['🦀'.repeat(128)]: '🦀'.repeat(256) } })
})

test('TagQueue without tags is missing them', async () => {
  const error = await refused('TagQueue', { QueueUrl, Tags: {} })
  assert.equal(error.code, 'MissingParameter')
  assert.equal(error.message, 'The request must contain the parameter Tags.')
})

test('Tags are absent where there are none', async () => {
  assert.deepEqual((await act('ListQueueTags', { QueueUrl })).output, {})
  const describeQueue: Script['describeQueue'] = () => ({ ...description, tags: { team: 'a' } })
  assert.deepEqual((await act('ListQueueTags', { QueueUrl }, { describeQueue })).output, {
    Tags: { team: 'a' },
  })
})

test('permissions are checked for label, accounts and actions', async () => {
  const good = { QueueUrl, Label: 'l', AWSAccountIds: ['123456789012'], Actions: ['SendMessage', '*'] }
  await act('AddPermission', good)
  assert.equal((await refused('AddPermission', { ...good, Label: 'a b' })).code, 'InvalidParameterValue')
  assert.equal((await refused('AddPermission', { ...good, AWSAccountIds: [] })).code, 'MissingParameter')
  assert.equal(
    (await refused('AddPermission', { ...good, AWSAccountIds: ['x'] })).code,
    'InvalidParameterValue',
  )
  assert.equal(
    (await refused('AddPermission', { ...good, Actions: ['FooBar'] })).code,
    'InvalidParameterValue',
  )
  const eight = Array.from({ length: 8 }, () => 'SendMessage')
  const tooMany = await refused('AddPermission', { ...good, Actions: eight })
  assert.equal(tooMany.code, 'OverLimit')
  assert.equal(tooMany.status, 403)
})

const SourceArn = 'arn:aws:sqs:us-east-1:000000000000:dead'

test("a move task's handle is the base64 of its id and its source", async () => {
  const { output, commands } = await act('StartMessageMoveTask', {
    SourceArn,
    MaxNumberOfMessagesPerSecond: 5,
  })
  assert.deepEqual(commands, [
    { kind: 'startMoveTask', source: 'dead', sourceArn: SourceArn, taskId: UUID, messagesPerSecondMax: 5 },
  ])
  assert.equal(
    Buffer.from(output.TaskHandle, 'base64').toString(),
    `{"taskId":"${UUID}","sourceArn":"${SourceArn}"}`,
  )
  const cancelled = await act('CancelMessageMoveTask', output, { cancelMoveTask: () => ({ moved: 3 }) })
  assert.deepEqual(cancelled.commands, [{ kind: 'cancelMoveTask', source: 'dead', taskId: UUID }])
  assert.deepEqual(cancelled.output, { ApproximateNumberOfMessagesMoved: 3 })
})

for (const handle of [
  'garbage',
  '',
  Buffer.from('{"taskId":1}').toString('base64'),
  Buffer.from('null').toString('base64'),
]) {
  test(`"${handle}" is no handle of a move task`, async () => {
    const error = await refused('CancelMessageMoveTask', { TaskHandle: handle })
    assert.equal(error.code, 'InvalidParameterValue')
    assert.equal(error.message, 'Value for parameter TaskHandle is invalid.')
  })
}

test('a move task from a queue that is missing has no resource', async () => {
  const missing = () => ({ problem: 'QueueDoesNotExist' }) as const
  const error = await refused('ListMessageMoveTasks', { SourceArn }, { listMoveTasks: missing })
  assert.equal(error.status, 404)
  assert.equal(error.shape, 'ResourceNotFoundException')
  assert.equal(error.message, "The resource that you specified for the SourceArn parameter doesn't exist.")
})

test('ARNs and rates of move tasks are checked', async () => {
  for (const input of [
    { SourceArn: 'dead' },
    { SourceArn: 'arn:aws:sns:us-east-1:000000000000:dead' },
    { SourceArn, DestinationArn: 'orders' },
    { SourceArn, MaxNumberOfMessagesPerSecond: 0 },
    { SourceArn, MaxNumberOfMessagesPerSecond: 501 },
  ]) {
    assert.equal((await refused('StartMessageMoveTask', input)).code, 'InvalidParameterValue')
  }
})

test('a listed task has a handle only while it runs, and only what is known of it', async () => {
  const task = {
    taskId: UUID,
    sourceArn: SourceArn,
    destinationArn: undefined,
    messagesPerSecondMax: undefined,
    moved: 2,
    toMove: 2,
    failureReason: undefined,
    startedAt: 1_700_000_000_000,
  }
  const { output, commands } = await act(
    'ListMessageMoveTasks',
    { SourceArn, MaxResults: 2 },
    {
      listMoveTasks: () => ({
        tasks: [
          { ...task, status: 'RUNNING', destinationArn: `${SourceArn}-2`, messagesPerSecondMax: 1 },
          { ...task, status: 'COMPLETED' },
        ],
      }),
    },
  )
  assert.deepEqual(commands, [{ kind: 'listMoveTasks', source: 'dead', limit: 2 }])
  const [running, completed] = output.Results!
  assert.deepEqual(completed, {
    Status: 'COMPLETED',
    SourceArn,
    ApproximateNumberOfMessagesMoved: 2,
    ApproximateNumberOfMessagesToMove: 2,
    StartedTimestamp: 1_700_000_000_000,
  })
  assert.ok(running!.TaskHandle)
  assert.equal(running!.DestinationArn, `${SourceArn}-2`)
})
