/** The JSON protocol: the first byte chooses the action, the rest is the body. */

import { inputs } from '../../broker/src/sqs/model.ts'
import { Service } from '../service.ts'
import { must, type Target } from '../target.ts'

const ACTIONS = Object.keys(inputs).sort()
const QueueUrl = 'http://localhost:9324/000000000000/orders'
const FifoUrl = `${QueueUrl}.fifo`
const ReceiptHandle = 'AQAAAAE_8AAAAAAAAAAAAAFXbGX7'
const attribute = {
  a: { DataType: 'Number.int', StringValue: '1' },
  b: { DataType: 'Binary', BinaryValue: 'AAEC' },
}
const trace = { AWSTraceHeader: { DataType: 'String', StringValue: 'Root=1' } }
const RedrivePolicy = JSON.stringify({
  deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:orders',
  maxReceiveCount: 2,
})

/** What a client may well send. */
export const CALLS: readonly (readonly [action: string, input: object])[] = [
  ['AddPermission', { QueueUrl, Label: 'l', AWSAccountIds: ['111122223333'], Actions: ['SendMessage'] }],
  ['CancelMessageMoveTask', { TaskHandle: 'dGFzaw==' }],
  ['ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 5 }],
  ['ChangeMessageVisibilityBatch', { QueueUrl, Entries: [{ Id: 'a', ReceiptHandle, VisibilityTimeout: 5 }] }],
  [
    'CreateQueue',
    { QueueName: 'more', Attributes: { DelaySeconds: '3', RedrivePolicy }, tags: { team: 'a' } },
  ],
  [
    'CreateQueue',
    { QueueName: 'm.fifo', Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' } },
  ],
  ['DeleteMessage', { QueueUrl, ReceiptHandle }],
  ['DeleteMessageBatch', { QueueUrl, Entries: [{ Id: 'a', ReceiptHandle }] }],
  ['DeleteQueue', { QueueUrl: 'more' }],
  ['GetQueueAttributes', { QueueUrl, AttributeNames: ['All', 'QueueArn'] }],
  ['GetQueueUrl', { QueueName: 'orders', QueueOwnerAWSAccountId: '000000000000' }],
  ['ListDeadLetterSourceQueues', { QueueUrl, MaxResults: 1, NextToken: 'b3JkZXJz' }],
  ['ListMessageMoveTasks', { SourceArn: 'arn:aws:sqs:us-east-1:000000000000:orders', MaxResults: 3 }],
  ['ListQueueTags', { QueueUrl }],
  ['ListQueues', { QueueNamePrefix: 'o', MaxResults: 1, NextToken: 'b3JkZXJz' }],
  ['PurgeQueue', { QueueUrl }],
  [
    'ReceiveMessage',
    {
      QueueUrl,
      MaxNumberOfMessages: 2,
      WaitTimeSeconds: 1,
      VisibilityTimeout: 0,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['a.*'],
    },
  ],
  [
    'ReceiveMessage',
    { QueueUrl: FifoUrl, ReceiveRequestAttemptId: 'again', AttributeNames: ['SentTimestamp'] },
  ],
  ['RemovePermission', { QueueUrl, Label: 'l' }],
  [
    'SendMessage',
    {
      QueueUrl,
      MessageBody: 'hello',
      DelaySeconds: 1,
      MessageAttributes: attribute,
      MessageSystemAttributes: trace,
    },
  ],
  [
    'SendMessage',
    { QueueUrl: FifoUrl, MessageBody: '\ud83d\ude00', MessageGroupId: 'g', MessageDeduplicationId: 'd' },
  ],
  [
    'SendMessageBatch',
    {
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: 'x' },
        { Id: 'b', MessageBody: 'y', MessageAttributes: attribute },
      ],
    },
  ],
  [
    'SetQueueAttributes',
    {
      QueueUrl,
      Attributes: {
        VisibilityTimeout: '7',
        Policy: '',
        RedrivePolicy: '',
        RedriveAllowPolicy: '{"redrivePermission":"allowAll"}',
      },
    },
  ],
  [
    'StartMessageMoveTask',
    { SourceArn: 'arn:aws:sqs:us-east-1:000000000000:orders', MaxNumberOfMessagesPerSecond: 5 },
  ],
  ['TagQueue', { QueueUrl, Tags: { a: 'b' } }],
  ['UntagQueue', { QueueUrl, TagKeys: ['a'] }],
]

const service = new Service()

export const json: Target = {
  name: 'json',
  words: [
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    'null',
    'true',
    '-1',
    '1e999',
    '0.5',
    '\\u0000',
    '\\ud800',
    '"__proto__":',
    '[[[[[[[[',
    '""',
    '"QueueUrl":"orders"',
  ],
  seeds: () =>
    CALLS.map(([action, input]) =>
      Buffer.from(`${String.fromCharCode(ACTIONS.indexOf(action))}${JSON.stringify(input)}`),
    ),
  run: async (input) => {
    const action = ACTIONS[(input[0] ?? 0) % ACTIONS.length]!
    const headers = new Map([
      ['host', 'localhost:9324'],
      ['x-amz-target', `AmazonSQS.${action}`],
    ])
    const header = (name: string): string | undefined => headers.get(name)
    const body = input.subarray(1)
    const text = await service.ask({ method: 'POST', target: '/', header, body })
    must(text === '' || JSON.parse(text) !== undefined, 'the answer is no JSON')
  },
  close: () => service.close(),
}
