import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Delivered } from '../../src/queue/command.ts'
import { QUERY_PARAMETERS_MAX } from '../../src/queue/limits.ts'
import { encodeAttributes } from '../../src/sqs/attribute-layout.ts'
import { encodeContent, StoredContent } from '../../src/sqs/content.ts'
import { md5 } from '../../src/sqs/md5.ts'
import { deliveredOf, queryRequest, requestOf, serviceOf, UUID } from './scripted.ts'

const XMLNS = 'xmlns="http://queue.amazonaws.com/doc/2012-11-05/"'
const METADATA = `<ResponseMetadata><RequestId>${UUID}</RequestId></ResponseMetadata>`
const QUEUE = 'QueueUrl=http%3A%2F%2F127.0.0.1%3A9324%2F123456789012%2Forders'

function get(target: string, headers: Record<string, string> = {}): ReturnType<typeof requestOf> {
  return requestOf({ method: 'GET', target, headers })
}

function stored(body: string): Uint8Array {
  const layout = encodeAttributes({ note: { DataType: 'String', StringValue: 'a<b' } })
  const bodyMd5 = md5(body)
  return encodeContent(
    {
      body,
      bodyMd5,
      senderId: 'AKID',
      traceHeader: undefined,
      attributes: layout,
      attributesMd5: md5(layout),
    },
    Buffer.byteLength(body),
  )
}

function delivering(body: string, more: Partial<Delivered> = {}): ReturnType<typeof serviceOf> {
  return serviceOf({ receive: () => ({ messages: [deliveredOf(stored(body), more)] }) })
}

test('a send is answered in XML', async () => {
  const { response, text, header } = await serviceOf().ask(
    queryRequest(`Action=SendMessage&Version=2012-11-05&${QUEUE}&MessageBody=Hello%2C+World%21`),
  )
  assert.equal(response.contentType, 'text/xml')
  assert.equal(header('x-amzn-requestid'), UUID)
  assert.equal(
    text,
    `<?xml version="1.0"?><SendMessageResponse ${XMLNS}><SendMessageResult><MessageId>id-0</MessageId>` +
      '<MD5OfMessageBody>65a8e27d8879283831b664bd8b7f0ad4</MD5OfMessageBody></SendMessageResult>' +
      `${METADATA}</SendMessageResponse>`,
  )
})

test('an empty receive has an empty result, an action without output none', async () => {
  const receive = await serviceOf().ask(queryRequest(`Action=ReceiveMessage&${QUEUE}`))
  assert.match(receive.text, /<ReceiveMessageResult\/>/)
  const purge = await serviceOf().ask(queryRequest(`Action=PurgeQueue&${QUEUE}`))
  assert.equal(
    purge.text,
    `<?xml version="1.0"?><PurgeQueueResponse ${XMLNS}>${METADATA}</PurgeQueueResponse>`,
  )
})

test('a received message is flattened, its body escaped so that parsers give it back byte for byte', async () => {
  const { text } = await delivering('a\r\n<b> & "\'&quot;').ask(
    queryRequest(`Action=ReceiveMessage&${QUEUE}&AttributeName.1=SenderId&MessageAttributeName.1=All`),
  )
  const expected =
    '<Message><MessageId>id-0</MessageId><ReceiptHandle>receipt-0</ReceiptHandle>' +
    `<MD5OfBody>${md5('a\r\n<b> & "\'&quot;')}</MD5OfBody>` +
    '<Body>a&#xD;\n&lt;b&gt; &amp; &quot;&apos;&amp;quot;</Body>' +
    '<Attribute><Name>SenderId</Name><Value>AKID</Value></Attribute>' +
    `<MD5OfMessageAttributes>${new StoredContent(stored('')).attributesMd5}</MD5OfMessageAttributes>` +
    '<MessageAttribute><Name>note</Name><Value><StringValue>a&lt;b</StringValue>' +
    '<DataType>String</DataType></Value></MessageAttribute></Message>'
  assert.ok(text.includes(expected), text)
})

test('only the system attributes under AttributeName come back', async () => {
  const { text } = await delivering('x').ask(
    queryRequest(`Action=ReceiveMessage&${QUEUE}&AttributeName.1=ApproximateReceiveCount`),
  )
  assert.deepEqual(text.match(/<Attribute>.*?<\/Attribute>/g), [
    '<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>',
  ])
})

test('parameters may stand in the query string, in the form, or partly in each', async () => {
  const whole = 'Action=SendMessage&MessageBody=one&DelaySeconds=5'
  const split = (line: string, form: string): ReturnType<typeof requestOf> =>
    queryRequest(form, { target: `/123456789012/orders${line}` })
  for (const request of [
    split(`?${whole}`, ''),
    split('', whole),
    split('?Action=SendMessage', 'MessageBody=one&DelaySeconds=5'),
    get(`/123456789012/orders?${whole}`),
  ]) {
    const service = serviceOf()
    assert.equal((await service.ask(request)).response.status, 200)
    const [command] = service.of('send')
    assert.equal(command!.queue, 'orders')
    assert.equal(command!.entries[0]!.delaySeconds, 5)
  }
})

test('a QueueUrl parameter wins over the path', async () => {
  const service = serviceOf()
  await service.ask(queryRequest(`Action=PurgeQueue&${QUEUE}`, { target: '/000000000000/other' }))
  assert.deepEqual(service.commands, [{ kind: 'purgeQueue', queue: 'orders' }])
})

test('entries of a batch are in the order of their numbers, ten after nine', async () => {
  const service = serviceOf()
  const entries = [10, 1, 9, 2].map(
    (n) => `SendMessageBatchRequestEntry.${n}.Id=e${n}&SendMessageBatchRequestEntry.${n}.MessageBody=b${n}`,
  )
  const { text } = await service.ask(queryRequest(`Action=SendMessageBatch&${QUEUE}&${entries.join('&')}`))
  assert.deepEqual(text.match(/<Id>\w+/g), ['<Id>e1', '<Id>e2', '<Id>e9', '<Id>e10'])
  const bodies = service.of('send')[0]!.entries.map((entry) => new StoredContent(entry.content).body)
  assert.deepEqual(bodies, ['b1', 'b2', 'b9', 'b10'])
})

test('attributes of messages within batches are read, with their binary values', async () => {
  const service = serviceOf()
  const entry = 'SendMessageBatchRequestEntry.1'
  const { text } = await service.ask(
    queryRequest(
      `Action=SendMessageBatch&${QUEUE}&${entry}.Id=a&${entry}.MessageBody=x` +
        `&${entry}.MessageAttribute.1.Name=raw&${entry}.MessageAttribute.1.Value.DataType=Binary` +
        `&${entry}.MessageAttribute.1.Value.BinaryValue=AP8H`,
    ),
  )
  const expected = md5(
    encodeAttributes({ raw: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255, 7) } }),
  )
  assert.match(text, new RegExp(`<MD5OfMessageAttributes>${expected}<`))
})

const aliases: readonly (readonly [client: string, form: string, command: object])[] = [
  [
    'boto3 1.26 tags',
    `Action=TagQueue&${QUEUE}&Tag.1.Key=team&Tag.1.Value=a`,
    { kind: 'tagQueue', queue: 'orders', tags: { team: 'a' } },
  ],
  [
    'Java 2.20 tags',
    `Action=TagQueue&${QUEUE}&Tags.1.Key=team&Tags.1.Value=a`,
    { kind: 'tagQueue', queue: 'orders', tags: { team: 'a' } },
  ],
  [
    'a new queue with attributes and tags',
    'Action=CreateQueue&QueueName=orders&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=__proto__&Tag.1.Value=',
    {
      kind: 'createQueue',
      name: 'orders',
      attributes: { DelaySeconds: '5' },
      tags: Object.fromEntries([['__proto__', '']]),
    },
  ],
  [
    'keys to untag',
    `Action=UntagQueue&${QUEUE}&TagKey.1=a&TagKey.2=b`,
    { kind: 'untagQueue', queue: 'orders', keys: ['a', 'b'] },
  ],
  [
    'a permission',
    `Action=AddPermission&${QUEUE}&Label=l&AWSAccountId.1=123456789012&ActionName.1=SendMessage`,
    {
      kind: 'addPermission',
      queue: 'orders',
      queueArn: 'arn:aws:sqs:us-east-1:000000000000:orders',
      label: 'l',
      accountIds: ['123456789012'],
      actions: ['SendMessage'],
    },
  ],
]

for (const [client, form, command] of aliases) {
  test(`${client}: understood under the names used`, async () => {
    const service = serviceOf()
    const { response, text } = await service.ask(queryRequest(form))
    assert.equal(response.status, 200, text)
    assert.deepEqual(service.commands, [command])
  })
}

for (const empty of ['Entries=', 'SendMessageBatchRequestEntry=', 'x=y']) {
  test(`a batch with ${empty} is an empty batch`, async () => {
    const { response, text } = await serviceOf().ask(
      queryRequest(`Action=SendMessageBatch&${QUEUE}&${empty}`),
    )
    assert.equal(response.status, 400)
    assert.match(text, /<Code>AWS.SimpleQueueService.EmptyBatchRequest<\/Code>/)
    assert.match(text, /There should be at least one SendMessageBatchRequestEntry in the request\./)
  })
}

for (const names of ['MessageAttributeNames=&AttributeNames=', 'MessageAttributeName=']) {
  test(`a receive with ${names} asks for no attributes`, async () => {
    const { response, text } = await delivering('x').ask(
      queryRequest(`Action=ReceiveMessage&${QUEUE}&${names}`),
    )
    assert.equal(response.status, 200)
    assert.doesNotMatch(text, /Attribute/)
  })
}

test("old kombu's receive: the queue in the path, no version, the action last", async () => {
  const service = serviceOf()
  const { response } = await service.ask(
    requestOf({
      target: '/123456789012/celery-ace47613-ordered.fifo',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'MaxNumberOfMessages=2&AttributeName.1=ApproximateReceiveCount&WaitTimeSeconds=2&Action=ReceiveMessage',
    }),
  )
  assert.equal(response.status, 200)
  assert.deepEqual(service.commands, [
    { kind: 'receive', queue: 'celery-ace47613-ordered.fifo', max: 2, waitSeconds: 2 },
  ])
})

test('blanks may be written as + or as %20, a plus as %2B', async () => {
  const service = serviceOf()
  await service.ask(queryRequest(`Action=SendMessage&${QUEUE}&MessageBody=a+b%20c%2Bd`))
  assert.equal(new StoredContent(service.of('send')[0]!.entries[0]!.content).body, 'a b c+d')
})

test('bytes that should have been escaped are taken as UTF-8', async () => {
  const service = serviceOf()
  await service.ask(queryRequest(`Action=SendMessage&${QUEUE}&MessageBody=grüße 🦀`))
  assert.equal(new StoredContent(service.of('send')[0]!.entries[0]!.content).body, 'grüße 🦀')
})

for (const bytes of ['%FF', '%ED%A0%80', '%C3']) {
  test(`a body that is not UTF-8 (${bytes}) is refused`, async () => {
    const { response, text } = await serviceOf().ask(
      queryRequest(`Action=SendMessage&${QUEUE}&MessageBody=a${bytes}`),
    )
    assert.equal(response.status, 400)
    assert.match(text, /<Code>InvalidMessageContents<\/Code>/)
  })
}

test('a number that is none is an invalid parameter', async () => {
  const { response, text } = await serviceOf().ask(
    queryRequest(`Action=ReceiveMessage&${QUEUE}&WaitTimeSeconds=soon`),
  )
  assert.equal(response.status, 400)
  assert.match(text, /<Code>InvalidParameterValue<\/Code>/)
  assert.match(text, /Value soon for parameter WaitTimeSeconds is invalid\. Reason: Must be an integer\./)
})

test('more parameters than any request needs are refused', async () => {
  const { response, text } = await serviceOf().ask(queryRequest('a=1&'.repeat(5001)))
  assert.equal(response.status, 400)
  assert.match(text, /<Code>MalformedQueryString<\/Code>/)
})

for (const action of ['FooBar', 'CreateQueue', 'ListQueues', '', 'constructor']) {
  test(`action "${action}" is not valid at the URL of a queue`, async () => {
    const service = serviceOf()
    const { response, text } = await service.ask(get(`/123456789012/orders?Action=${action}&QueueName=x`))
    assert.equal(response.status, 400)
    assert.equal(
      text,
      `<?xml version="1.0"?><ErrorResponse ${XMLNS}><Error><Type>Sender</Type><Code>InvalidAction</Code>` +
        `<Message>The action ${action} is not valid for this endpoint.</Message><Detail/></Error>` +
        `<RequestId>${UUID}</RequestId></ErrorResponse>`,
    )
    assert.deepEqual(service.commands, [])
  })
}

test('GetQueueUrl works at the URL of a queue', async () => {
  const { text } = await serviceOf().ask(
    get('/123456789012/orders?Action=GetQueueUrl&QueueName=orders&QueueOwnerAWSAccountId=123456789012'),
  )
  assert.match(text, /<QueueUrl>http:\/\/pabal.test:9324\/000000000000\/orders<\/QueueUrl>/)
})

test('parameters without an action are a MissingAction, none at all an unknown operation', async () => {
  const missing = await serviceOf().ask(get('/?MessageBody=x'))
  assert.equal(missing.response.status, 400)
  assert.match(missing.text, /<Code>MissingAction<\/Code>/)
  const nothing = await serviceOf().ask(get('/'))
  assert.equal(nothing.response.status, 404)
  assert.equal(nothing.text, '<UnknownOperationException/>')
})

test('attributes come without blanks between the elements', async () => {
  const { text } = await serviceOf().ask(get('/1/orders?Action=GetQueueAttributes&AttributeName.1=QueueArn'))
  assert.ok(
    text.includes(
      '<GetQueueAttributesResult><Attribute><Name>QueueArn</Name>' +
        '<Value>arn:aws:sqs:us-east-1:000000000000:orders</Value></Attribute></GetQueueAttributesResult>',
    ),
    text,
  )
})

test('Accept: application/json gives the XML turned into JSON', async () => {
  const accept = { Accept: 'application/json' }
  const service = serviceOf({ listQueues: () => ({ names: ['a'], more: false }) })
  const list = await service.ask(get('/?Action=ListQueues', accept))
  assert.equal(list.response.contentType, 'application/json')
  assert.deepEqual(list.json, {
    ListQueuesResponse: {
      ListQueuesResult: { QueueUrls: ['http://pabal.test:9324/000000000000/a'] },
      ResponseMetadata: { RequestId: UUID },
    },
  })
  const attributes = await service.ask(
    get('/1/orders?Action=GetQueueAttributes&AttributeName.1=DelaySeconds', accept),
  )
  assert.deepEqual(attributes.json.GetQueueAttributesResponse, {
    GetQueueAttributesResult: { Attributes: [{ Name: 'DelaySeconds', Value: '0' }] },
    ResponseMetadata: { RequestId: UUID },
  })
  const error = await service.ask(get('/1/orders?Action=FooBar', accept))
  assert.equal(error.response.status, 400)
  assert.deepEqual(error.json, {
    Error: {
      Type: 'Sender',
      Code: 'InvalidAction',
      Message: 'The action FooBar is not valid for this endpoint.',
    },
    RequestId: UUID,
  })
})

test('a value with something below it and no text of its own is empty, and no failure of ours', async () => {
  const service = serviceOf()
  const path = 'Attribute.1.Name=Policy&Attribute.1.Value.10=x'
  const { response } = await service.ask(queryRequest(`Action=SetQueueAttributes&${QUEUE}&${path}`))
  assert.equal(response.status, 200)
  assert.deepEqual(service.of('setAttributes')[0]?.attributes, { Policy: '' })
  const names = await service.ask(queryRequest(`Action=GetQueueAttributes&${QUEUE}&AttributeName.1.x=All`))
  assert.equal(names.response.status, 200)
})

test('more parameters than the largest batch needs are refused', async () => {
  const parameters = Array.from({ length: QUERY_PARAMETERS_MAX + 1 }, (_, index) => `p${index}=1`).join('&')
  const { response } = await serviceOf().ask(queryRequest(`Action=ListQueues&${parameters}`))
  assert.equal(response.status, 400)
})
