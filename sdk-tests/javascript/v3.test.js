// JavaScript SDK v3 with its endpoint from the environment alone: it then sends to the host of each queue's URL.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  paginateListQueues,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'

const sqs = new SQSClient({})
after(() => sqs.destroy())

const body = '<a href="x">&amp;</a> + % grüße 🦀\t\r\n\rend'
const attributes = {
  Text: { DataType: 'String.json', StringValue: 'grüße <&> "\' 🦀\r\n' },
  Bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255, 7]) },
}

async function newQueue(t, suffix = '', Attributes = {}) {
  const QueueName = `tour-js3-${process.pid}-${process.hrtime.bigint()}${suffix}`
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes, tags: { team: 'a' } }))
  t.after(() => sqs.send(new DeleteQueueCommand({ QueueUrl })))
  return QueueUrl
}

test('body and attributes come back byte for byte, and the SDK agrees with the MD5s', async (t) => {
  const QueueUrl = await newQueue(t)
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes: attributes }))
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageAttributeNames: ['All'] }),
  )
  assert.equal(Messages[0].Body, body)
  assert.equal(Messages[0].MessageAttributes.Text.StringValue, attributes.Text.StringValue)
  assert.deepEqual([...Messages[0].MessageAttributes.Bytes.BinaryValue], [0, 255, 7])
})

test('a batch with one bad body sends the others', async (t) => {
  const QueueUrl = await newQueue(t)
  const Entries = ['a', 'b', 'c'].map((Id) => ({ Id, MessageBody: Id === 'b' ? '\u0001' : Id }))
  const { Successful, Failed } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }))
  assert.deepEqual(
    [Successful, Failed].map((list) => list.map(({ Id }) => Id)),
    [['a', 'c'], ['b']],
  )
})

test('a poll that is aborted takes no message with it', async (t) => {
  const QueueUrl = await newQueue(t)
  const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
    abortSignal: AbortSignal.timeout(500),
  })
  await assert.rejects(poll, { name: 'AbortError' })
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'not lost' }))
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] }),
  )
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, '1')
})

test('a FIFO queue keeps its groups in order', async (t) => {
  const QueueUrl = await newQueue(t, '.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' })
  for (const one of ['a1', 'b1', 'a2', 'a1'])
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: one, MessageGroupId: one[0] }))
  const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }))
  assert.deepEqual(
    Messages.map(({ Body }) => Body),
    ['a1', 'a2', 'b1'],
  )
})

test('a listing goes page by page', async (t) => {
  const urls = [await newQueue(t), await newQueue(t), await newQueue(t)]
  const found = []
  const pages = paginateListQueues(
    { client: sqs, pageSize: 2 },
    { QueueNamePrefix: `tour-js3-${process.pid}` },
  )
  for await (const page of pages) found.push(...page.QueueUrls)
  for (const url of urls) assert.ok(found.includes(url))
})

test('a missing queue is the typed error with its old code', async () => {
  const asked = sqs.send(new GetQueueUrlCommand({ QueueName: 'nowhere' }))
  await assert.rejects(asked, (error) => {
    assert.ok(error instanceof QueueDoesNotExist)
    assert.equal(error.Code, 'AWS.SimpleQueueService.NonExistentQueue')
    assert.equal(error.$metadata.httpStatusCode, 400)
    return true
  })
})
