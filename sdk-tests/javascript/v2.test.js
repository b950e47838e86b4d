// JavaScript SDK v2, from when it spoke Query: a connection for every request, sent to the host of the queue's URL.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import AWS from 'aws-sdk'

process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = '1'
const sqs = new AWS.SQS({ endpoint: process.env.AWS_ENDPOINT_URL_SQS })

test('a queue is made, filled in a batch, emptied and deleted', async () => {
  const name = `tour-js2-${process.pid}`
  const { QueueUrl } = await sqs.createQueue({ QueueName: name, tags: { team: 'a' } }).promise()
  const body = '<a href="x">&amp;</a> + % grüße 🦀\t\r\n\rend'
  const MessageAttributes = { Bytes: { DataType: 'Binary', BinaryValue: Buffer.from([0, 255, 7]) } }
  const Entries = ['a', 'b'].map((Id) => ({ Id, MessageBody: body, MessageAttributes }))
  const sent = await sqs.sendMessageBatch({ QueueUrl, Entries }).promise()
  assert.equal(sent.Successful.length, 2)
  const { Messages } = await sqs
    .receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5, MessageAttributeNames: ['All'] })
    .promise()
  assert.equal(Messages.length, 2)
  for (const message of Messages) {
    assert.equal(message.Body, body)
    assert.deepEqual([...message.MessageAttributes.Bytes.BinaryValue], [0, 255, 7])
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: message.ReceiptHandle }).promise()
  }
  assert.deepEqual((await sqs.listQueueTags({ QueueUrl }).promise()).Tags, { team: 'a' })
  await sqs.deleteQueue({ QueueUrl }).promise()
})

test('a missing queue has the old code', async () => {
  await assert.rejects(sqs.getQueueUrl({ QueueName: 'nowhere' }).promise(), {
    code: 'AWS.SimpleQueueService.NonExistentQueue',
    statusCode: 400,
  })
})
