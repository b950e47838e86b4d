// sqs-consumer and sqs-producer: batches, heartbeats, failing handlers, and a stop in the middle of a long poll.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { Consumer } from 'sqs-consumer'
import { Producer } from 'sqs-producer'

async function newQueue(t, Attributes) {
  const sqs = new SQSClient({})
  const QueueName = `tour-consumer-${process.pid}-${process.hrtime.bigint()}`
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }))
  t.after(async () => {
    await sqs.send(new DeleteQueueCommand({ QueueUrl }))
    sqs.destroy()
  })
  return { sqs, QueueUrl, producer: Producer.create({ queueUrl: QueueUrl, sqs }) }
}

// Not events.once: it fails on 'error', and a consumer that is told to hang up reports what it broke off as one.
function next(consumer, event) {
  return new Promise((resolve) => consumer.once(event, resolve))
}

async function stopped(consumer) {
  const stopping = next(consumer, 'stopped')
  consumer.stop({ abort: true })
  await stopping
}

test('a consumer handles what a producer sends, in batches, and deletes it', async (t) => {
  const { sqs, QueueUrl, producer } = await newQueue(t)
  const wanted = Array.from({ length: 25 }, (_, n) => `body-${n}`)
  await producer.send(wanted)
  assert.equal(await producer.queueSize(), 25)
  const got = new Set()
  const { promise, resolve, reject } = Promise.withResolvers()
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs,
    batchSize: 10,
    handleMessageBatch: async (messages) => {
      for (const { Body } of messages) got.add(Body)
      return messages
    },
  })
  consumer.on('error', reject)
  consumer.on('response_processed', () => got.size === wanted.length && resolve())
  consumer.start()
  await promise
  await stopped(consumer)
  assert.deepEqual([...got].sort(), wanted.sort())
  const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible']
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }))
  assert.deepEqual(Object.values(Attributes), ['0', '0'])
})

test('a handler that fails gives its message back at once, one that is slow keeps it by heartbeats', async (t) => {
  const { sqs, QueueUrl, producer } = await newQueue(t, { VisibilityTimeout: '30' })
  await producer.send(['x'])
  const counts = []
  const { promise, resolve } = Promise.withResolvers()
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs,
    visibilityTimeout: 4,
    heartbeatInterval: 2,
    terminateVisibilityTimeout: true,
    attributeNames: ['ApproximateReceiveCount'],
    handleMessage: async (message) => {
      counts.push(message.Attributes.ApproximateReceiveCount)
      if (counts.length === 1) throw new Error('the first time it fails')
      const meanwhile = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 6 }))
      resolve(meanwhile.Messages)
      return message
    },
  })
  consumer.on('error', () => {})
  consumer.on('processing_error', () => {})
  consumer.start()
  const processed = next(consumer, 'response_processed')
  assert.equal(await promise, undefined)
  await processed
  await stopped(consumer)
  assert.deepEqual(counts, ['1', '2'])
})

test('a consumer that stops in the middle of a long poll takes no message with it', async (t) => {
  const { sqs, QueueUrl, producer } = await newQueue(t)
  const consumer = Consumer.create({
    queueUrl: QueueUrl,
    sqs,
    waitTimeSeconds: 20,
    handleMessage: async () => {},
  })
  consumer.on('error', () => {})
  const polling = once(AbortSignal.timeout(500), 'abort')
  consumer.start()
  await polling
  await stopped(consumer)
  await producer.send(['not-lost'])
  const { Messages } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5, MessageSystemAttributeNames: ['All'] }),
  )
  assert.equal(Messages[0].Body, 'not-lost')
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, '1')
})
