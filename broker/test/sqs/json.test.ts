import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeAttributes } from '../../src/sqs/attribute-layout.ts'
import { encodeContent } from '../../src/sqs/content.ts'
import { md5 } from '../../src/sqs/md5.ts'
import { deliveredOf, jsonRequest, requestOf, serviceOf, UUID } from './scripted.ts'

const QueueUrl = 'http://127.0.0.1:9324/123456789012/orders'

test('a send is answered with its id and the MD5 of its body, and nothing that it has not', async () => {
  const service = serviceOf()
  const { response, json, header } = await service.ask(
    jsonRequest('SendMessage', { QueueUrl, MessageBody: 'Hello, World!' }),
  )
  assert.equal(response.status, 200)
  assert.equal(response.contentType, 'application/x-amz-json-1.0')
  assert.equal(header('x-amzn-requestid'), UUID)
  assert.deepEqual(json, { MessageId: 'id-0', MD5OfMessageBody: '65a8e27d8879283831b664bd8b7f0ad4' })
})

test('an empty receive is an empty object', async () => {
  const { text } = await serviceOf().ask(jsonRequest('ReceiveMessage', { QueueUrl }))
  assert.equal(text, '{}')
})

test('an action without output is answered with an empty object', async () => {
  const { text } = await serviceOf().ask(jsonRequest('DeleteQueue', { QueueUrl }))
  assert.equal(text, '{}')
})

test('an empty body is an empty object', async () => {
  const { response, text } = await serviceOf().ask(jsonRequest('ListQueues', ''))
  assert.equal(response.status, 200)
  assert.equal(text, '{}')
})

test("a queue that the body does not name is the one in the request's path", async () => {
  const service = serviceOf()
  await service.ask(jsonRequest('PurgeQueue', {}, { target: '/123456789012/orders' }))
  assert.deepEqual(service.commands, [{ kind: 'purgeQueue', queue: 'orders' }])
})

test('the queue in the body wins over the one in the path', async () => {
  const service = serviceOf()
  await service.ask(jsonRequest('PurgeQueue', { QueueUrl }, { target: '/123456789012/other' }))
  assert.deepEqual(service.commands, [{ kind: 'purgeQueue', queue: 'orders' }])
})

test('members that are null are absent, at any depth', async () => {
  const service = serviceOf()
  const { response } = await service.ask(
    jsonRequest('CreateQueue', {
      QueueName: 'orders',
      Attributes: { DelaySeconds: null, VisibilityTimeout: '40' },
      tags: null,
    }),
  )
  assert.equal(response.status, 200)
  assert.deepEqual(service.commands, [
    { kind: 'createQueue', name: 'orders', attributes: { VisibilityTimeout: '40' }, tags: {} },
  ])
})

test('tags of CreateQueue are lower case, and a key may be any property name', async () => {
  const service = serviceOf()
  await service.ask(jsonRequest('CreateQueue', '{"QueueName":"orders","tags":{"__proto__":"x","team":"a"}}'))
  const [command] = service.of('createQueue')
  assert.deepEqual(Object.entries(command!.tags), [
    ['__proto__', 'x'],
    ['team', 'a'],
  ])
})

test('empty lists and maps mean that none are given', async () => {
  const service = serviceOf()
  const receive = { QueueUrl, AttributeNames: [], MessageAttributeNames: [] }
  const send = { QueueUrl, MessageBody: 'x', MessageAttributes: {}, MessageSystemAttributes: {} }
  assert.equal((await service.ask(jsonRequest('ReceiveMessage', receive))).response.status, 200)
  assert.deepEqual(Object.keys((await service.ask(jsonRequest('SendMessage', send))).json), [
    'MessageId',
    'MD5OfMessageBody',
  ])
})

test('binary attributes travel as base64', async () => {
  const attributes = { raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255, 7) } }
  const layout = encodeAttributes(attributes)
  const content = encodeContent(
    {
      body: 'b',
      bodyMd5: md5('b'),
      senderId: 'x',
      traceHeader: undefined,
      attributes: layout,
      attributesMd5: md5(layout),
    },
    1,
  )
  const service = serviceOf({ receive: () => ({ messages: [deliveredOf(content)] }) })
  const { json } = await service.ask(
    jsonRequest('ReceiveMessage', { QueueUrl, MessageAttributeNames: ['All'] }),
  )
  assert.deepEqual(json, {
    Messages: [
      {
        MessageId: 'id-0',
        ReceiptHandle: 'receipt-0',
        MD5OfBody: md5('b'),
        Body: 'b',
        MD5OfMessageAttributes: md5(layout),
        MessageAttributes: { raw: { BinaryValue: 'AP8H', DataType: 'Binary' } },
      },
    ],
  })
})

const wrong: readonly (readonly [what: string, action: string, body: unknown, text: string])[] = [
  ['a number for a text', 'SendMessage', { MessageBody: 7 }, 'NUMBER_VALUE can not be converted to a String'],
  ['true for a text', 'SendMessage', { MessageBody: true }, 'TRUE_VALUE can not be converted to a String'],
  ['a list for a text', 'SendMessage', { MessageBody: [] }, 'Start of list found where not expected'],
  [
    'an object for a text',
    'SendMessage',
    { MessageBody: {} },
    'Start of structure or map found where not expected.',
  ],
  [
    'a text for a number',
    'ReceiveMessage',
    { WaitTimeSeconds: '5' },
    'STRING_VALUE can not be converted to an Integer',
  ],
  [
    'a fraction for a whole number',
    'ReceiveMessage',
    { WaitTimeSeconds: 1.5 },
    'NUMBER_VALUE can not be converted to an Integer',
  ],
  [
    'a number as the value of a queue attribute',
    'SetQueueAttributes',
    { Attributes: { DelaySeconds: 5 } },
    'NUMBER_VALUE can not be converted to a String',
  ],
  ['a text for a list', 'ReceiveMessage', { AttributeNames: 'All' }, 'Expected list or null'],
  ['a list for a map', 'SetQueueAttributes', { Attributes: [] }, 'Expected map or null'],
  ['a text for an entry', 'SendMessageBatch', { Entries: ['x'] }, 'Expected structure or null'],
  [
    'a Binary value that is not base64',
    'SendMessage',
    { MessageAttributes: { a: { DataType: 'Binary', BinaryValue: 'é' } } },
    'STRING_VALUE can not be converted to a Blob: it is not base64',
  ],
  ['a list for the request', 'SendMessage', [], 'Expected structure or null'],
  ['no JSON', 'SendMessage', '{"MessageBody":', 'The request is not valid JSON.'],
  [
    'no UTF-8',
    'SendMessage',
    Buffer.from('{"MessageBody":"\xff"}', 'latin1'),
    'The request is not valid UTF-8.',
  ],
]

for (const [what, action, body, text] of wrong) {
  test(`${what} is refused as a SerializationException`, async () => {
    const service = serviceOf()
    const { response, json, header } = await service.ask(jsonRequest(action, body))
    assert.equal(response.status, 400)
    assert.deepEqual(json, { __type: 'com.amazonaws.sqs#SerializationException', message: text })
    assert.equal(header('x-amzn-query-error'), 'SerializationException;Sender')
    assert.deepEqual(service.commands, [])
  })
}

test('an unknown action is an InvalidAction', async () => {
  const { response, json, header } = await serviceOf().ask(jsonRequest('FooBar', {}))
  assert.equal(response.status, 400)
  assert.deepEqual(json, {
    __type: 'com.amazonaws.sqs#InvalidActionException',
    message: 'The action FooBar is not valid for this endpoint.',
  })
  assert.equal(header('x-amzn-query-error'), 'InvalidAction;Sender')
})

test("names of an object's own machinery are no actions", async () => {
  for (const action of ['constructor', '__proto__', 'toString']) {
    assert.equal((await serviceOf().ask(jsonRequest(action, {}))).response.status, 400)
  }
})

/** Requests as real clients were recorded to send them; heads shortened to what the broker reads. */
const recorded: readonly (readonly [
  client: string,
  headers: Record<string, string>,
  target: string,
  body: string,
])[] = [
  [
    'boto3 1.44',
    { Host: '127.0.0.1:9324', 'X-Amz-Target': 'AmazonSQS.SendMessage' },
    '/',
    String.raw`{"QueueUrl": "http://127.0.0.1:9324/123456789012/tour", "MessageBody": "gr\u00fc\u00dfe", "MessageAttributes": {"Text": {"DataType": "String", "StringValue": "gr\u00fc\u00dfe <&> \"'"}}}`,
  ],
  [
    'Java v1',
    { 'X-Amz-Target': 'AmazonSQS.SendMessage', 'x-amzn-query-mode': 'true' },
    '/123456789012/tour',
    '{"QueueUrl":"http://127.0.0.1:9324/123456789012/tour","MessageBody":"grüße","MessageAttributes":{"Text":{"StringValue":"grüße <&> \\"\'","DataType":"String"}}}',
  ],
  [
    'Go v2',
    { Host: '127.0.0.1:9324', 'X-Amz-Target': 'AmazonSQS.SendMessage', 'X-Amzn-Query-Mode': 'true' },
    '/',
    '{"MessageAttributes":{"Text":{"DataType":"String","StringValue":"grüße <&> \\"\'"}},"MessageBody":"grüße","QueueUrl":"https://sqs.us-east-1.amazonaws.com/123456789012/tour"}',
  ],
]

for (const [client, headers, target, body] of recorded) {
  test(`a send as ${client} writes it is understood`, async () => {
    const service = serviceOf()
    const { json } = await service.ask(requestOf({ headers, target, body }))
    assert.deepEqual(json, {
      MessageId: 'id-0',
      MD5OfMessageBody: md5('grüße'),
      MD5OfMessageAttributes: md5(
        encodeAttributes({ Text: { DataType: 'String', StringValue: 'grüße <&> "\'' } }),
      ),
    })
    assert.equal(service.of('send')[0]!.queue, 'tour')
  })
}
