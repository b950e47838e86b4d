/** The SQS layer on a real broker in memory, through requests and answers but without a port. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openBroker } from '../../src/broker.ts'
import type { HttpResponse } from '../../src/http/exchange.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import type { ActionName, Input, Output } from '../../src/sqs/api.ts'
import { sqsHandler } from '../../src/sqs/service.ts'
import { jsonRequest, queryRequest } from './scripted.ts'

interface World extends AsyncDisposable {
  readonly clock: ManualClock
  /** Over JSON; rejects with the response of an error. */
  json<Action extends ActionName>(action: Action, input: Input<Action>): Promise<Output<Action>>
  exchange(action: ActionName, input: object): Promise<HttpResponse>
  /** Over Query: the XML. */
  query(form: string): Promise<string>
}

async function world(): Promise<World> {
  const clock = manualClock(1_800_000_000_000)
  const broker = await openBroker({
    storage: 'memory',
    clock,
    random: systemRandom,
    log: silentLogger,
    awsWaits: false,
  })
  clock.onAdvance(() => broker.settled())
  const handler = sqsHandler({
    submit: broker.submit,
    settings: { account: '000000000000', region: 'us-east-1' },
    random: systemRandom,
    log: silentLogger,
  })
  const exchange = async (action: ActionName, input: object): Promise<HttpResponse> =>
    handler(jsonRequest(action, input))
  return {
    clock,
    exchange,
    json: async (action, input) => {
      const response = await exchange(action, input)
      const body = JSON.parse(String(response.body))
      if (response.status !== 200) throw Object.assign(new Error(body.message), body)
      return body
    },
    query: async (form) => String((await handler(queryRequest(form))).body),
    [Symbol.asyncDispose]: () => broker.close(),
  }
}

test('what JSON sends Query receives, byte for byte, and its MD5s', async () => {
  await using sqs = await world()
  const { QueueUrl } = await sqs.json('CreateQueue', { QueueName: 'orders' })
  const MessageBody = 'a\r\n<b> & "quotes" &quot; 🦀'
  const sent = await sqs.json('SendMessage', {
    QueueUrl,
    MessageBody,
    MessageAttributes: { note: { DataType: 'String', StringValue: 'x\ry' } },
  })
  const xml = await sqs.query(
    `Action=ReceiveMessage&QueueUrl=${encodeURIComponent(QueueUrl)}&MessageAttributeName.1=All`,
  )
  assert.ok(xml.includes('<Body>a&#xD;\n&lt;b&gt; &amp; &quot;quotes&quot; &amp;quot; 🦀</Body>'), xml)
  assert.ok(xml.includes(`<MessageId>${sent.MessageId}</MessageId>`))
  assert.ok(xml.includes(`<MD5OfBody>${sent.MD5OfMessageBody}</MD5OfBody>`))
  assert.ok(xml.includes(`<MD5OfMessageAttributes>${sent.MD5OfMessageAttributes}</MD5OfMessageAttributes>`))
  assert.ok(xml.includes('<StringValue>x&#xD;y</StringValue>'))
})

test('what Query sends JSON receives', async () => {
  await using sqs = await world()
  const { QueueUrl } = await sqs.json('CreateQueue', { QueueName: 'orders' })
  await sqs.query(`Action=SendMessage&QueueUrl=orders&MessageBody=${encodeURIComponent('grüße\r& +%')}`)
  const { Messages } = await sqs.json('ReceiveMessage', { QueueUrl })
  assert.equal(Messages![0]!.Body, 'grüße\r& +%')
})

test('a FIFO queue made over Query deduplicates by content over both protocols', async () => {
  await using sqs = await world()
  await sqs.query(
    'Action=CreateQueue&QueueName=orders.fifo&Attribute.1.Name=FifoQueue&Attribute.1.Value=true' +
      '&Attribute.2.Name=ContentBasedDeduplication&Attribute.2.Value=true',
  )
  const xml = await sqs.query('Action=SendMessage&QueueUrl=orders.fifo&MessageBody=x&MessageGroupId=g')
  const again = await sqs.json('SendMessage', {
    QueueUrl: 'orders.fifo',
    MessageBody: 'x',
    MessageGroupId: 'g',
  })
  assert.match(again.SequenceNumber!, /^\d{20}$/)
  assert.ok(xml.includes(`<SequenceNumber>${again.SequenceNumber}</SequenceNumber>`), xml)
})

test('a FIFO batch with an entry that has no group fails as a whole', async () => {
  await using sqs = await world()
  const QueueUrl = 'orders.fifo'
  await sqs.json('CreateQueue', { QueueName: QueueUrl, Attributes: { FifoQueue: 'true' } })
  const Entries = [
    { Id: 'a', MessageBody: 'x', MessageGroupId: 'g', MessageDeduplicationId: 'd' },
    { Id: 'b', MessageBody: 'x' },
  ]
  await assert.rejects(sqs.json('SendMessageBatch', { QueueUrl, Entries }), {
    message: 'The request must contain the parameter MessageGroupId.',
  })
  const { Attributes } = await sqs.json('GetQueueAttributes', {
    QueueUrl,
    AttributeNames: ['ApproximateNumberOfMessages'],
  })
  assert.deepEqual(Attributes, { ApproximateNumberOfMessages: '0' })
})

test('messages for a client that hung up are received again at once, for the first time', async () => {
  await using sqs = await world()
  const { QueueUrl } = await sqs.json('CreateQueue', { QueueName: 'orders' })
  await sqs.json('SendMessage', { QueueUrl, MessageBody: 'x' })
  const lost = await sqs.exchange('ReceiveMessage', { QueueUrl })
  lost.undelivered!()
  const { Messages } = await sqs.json('ReceiveMessage', {
    QueueUrl,
    AttributeNames: ['ApproximateReceiveCount'],
  })
  assert.deepEqual(Messages![0]!.Attributes, { ApproximateReceiveCount: '1' })
})

test('a higher priority is delivered first', async () => {
  await using sqs = await world()
  const { QueueUrl } = await sqs.json('CreateQueue', { QueueName: 'orders' })
  for (const priority of ['0', '5', '9']) {
    const MessageAttributes = { 'pabal.priority': { DataType: 'Number', StringValue: priority } }
    await sqs.json('SendMessage', { QueueUrl, MessageBody: priority, MessageAttributes })
  }
  const { Messages } = await sqs.json('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 3 })
  assert.deepEqual(
    Messages!.map((message) => message.Body),
    ['9', '5', '0'],
  )
})

test('a moved dead letter names the queue that it came from, and a task takes it back', async () => {
  await using sqs = await world()
  await sqs.json('CreateQueue', { QueueName: 'dead' })
  const SourceArn = 'arn:aws:sqs:us-east-1:000000000000:dead'
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 })
  await sqs.json('CreateQueue', {
    QueueName: 'orders',
    Attributes: { RedrivePolicy, VisibilityTimeout: '0' },
  })
  await sqs.json('SendMessage', { QueueUrl: 'orders', MessageBody: 'x' })
  await sqs.json('ReceiveMessage', { QueueUrl: 'orders' })
  assert.deepEqual(await sqs.json('ReceiveMessage', { QueueUrl: 'orders' }), {})
  const { Messages } = await sqs.json('ReceiveMessage', {
    QueueUrl: 'dead',
    VisibilityTimeout: 0,
    AttributeNames: ['DeadLetterQueueSourceArn'],
  })
  assert.deepEqual(Messages![0]!.Attributes, {
    DeadLetterQueueSourceArn: 'arn:aws:sqs:us-east-1:000000000000:orders',
  })
  await sqs.json('StartMessageMoveTask', { SourceArn })
  await sqs.clock.advance('1s')
  const { Results } = await sqs.json('ListMessageMoveTasks', { SourceArn })
  assert.deepEqual(
    Results!.map(({ Status, ApproximateNumberOfMessagesMoved }) => [
      Status,
      ApproximateNumberOfMessagesMoved,
    ]),
    [['COMPLETED', 1]],
  )
  assert.equal((await sqs.json('ReceiveMessage', { QueueUrl: 'orders' })).Messages!.length, 1)
})

test('every action of a missing queue says so over both protocols', async () => {
  await using sqs = await world()
  const inputs: { readonly [Action in ActionName]?: object } = {
    AddPermission: { Label: 'l', AWSAccountIds: ['123456789012'], Actions: ['*'] },
    ChangeMessageVisibility: { ReceiptHandle: 'x', VisibilityTimeout: 0 },
    ChangeMessageVisibilityBatch: { Entries: [{ Id: 'a', ReceiptHandle: 'x' }] },
    DeleteMessage: { ReceiptHandle: 'nonsense' },
    DeleteMessageBatch: { Entries: [{ Id: 'a', ReceiptHandle: 'x' }] },
    DeleteQueue: {},
    GetQueueAttributes: {},
    GetQueueUrl: { QueueName: 'missing' },
    ListDeadLetterSourceQueues: {},
    ListQueueTags: {},
    PurgeQueue: {},
    ReceiveMessage: {},
    RemovePermission: { Label: 'l' },
    SendMessage: { MessageBody: 'x' },
    SendMessageBatch: { Entries: [{ Id: 'a', MessageBody: 'x' }] },
    SetQueueAttributes: { Attributes: {} },
    TagQueue: { Tags: { a: 'b' } },
    UntagQueue: { TagKeys: ['a'] },
  }
  for (const [action, input] of Object.entries(inputs)) {
    const body = { QueueUrl: 'http://x/1/missing', ...input }
    await assert.rejects(
      sqs.json(action as ActionName, body as never),
      { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'The specified queue does not exist.' },
      action,
    )
    const xml = await sqs.query(`Action=${action}&QueueUrl=missing&QueueName=missing`)
    assert.match(xml, /The specified queue does not exist for this wsdl version\./, action)
  }
})
