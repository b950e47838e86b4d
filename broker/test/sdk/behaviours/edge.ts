/** The protocols' edge: unusual requests by hand, and both protocols on one queue (H). */

import assert from 'node:assert/strict'
import type { Wire } from '../client.ts'
import { xmlText } from '../query-client.ts'
import { TestQueue } from '../queue.ts'
import { formRequest, getRequest, jsonRequest } from '../raw.ts'
import { freshName, jsonTest, queryTest, type Scene, test } from '../scene.ts'

const VERSION = '2012-11-05'
const pathOf = (queue: TestQueue): string => new URL(queue.url).pathname

function assertError(reply: Wire, code: string, message: string | RegExp, status = 400): void {
  assert.equal(reply.status, status, reply.body)
  assert.match(
    reply.body,
    /^(<\?xml[^>]*\?>\s*)?<ErrorResponse xmlns="http:\/\/queue\.amazonaws\.com\/doc\/2012-11-05\/">/,
  )
  assert.equal(xmlText(reply.body, 'Type'), 'Sender')
  assert.equal(xmlText(reply.body, 'Code'), code)
  if (typeof message === 'string') assert.equal(xmlText(reply.body, 'Message'), message)
  else assert.match(xmlText(reply.body, 'Message'), message)
  assert.match(reply.body, /<Detail\s*\/>|<Detail><\/Detail>/)
  assert.match(reply.body, /<RequestId>[^<]+<\/RequestId>/)
}

queryTest('H1 GET on the queue URL without a Version gives its attributes', async (scene) => {
  const queue = await scene.queue()
  const parameters = { Action: 'GetQueueAttributes', 'AttributeName.1': 'All' }
  const reply = await scene.raw(getRequest(pathOf(queue), parameters))
  assert.equal(reply.status, 200, reply.body)
  assert.match(reply.body, /<GetQueueAttributesResponse/)
  assert.match(reply.body, /<Attribute><Name>QueueArn<\/Name><Value>arn:aws:sqs:[^<]*<\/Value><\/Attribute>/)
  assert.match(reply.headers['content-type'] ?? '', /^text\/xml/)
})

queryTest('H2 GET of one attribute gives that one, of an unknown one the error', async (scene) => {
  const queue = await scene.queue()
  const of = (name: string): Promise<Wire> =>
    scene.raw(getRequest(pathOf(queue), { Action: 'GetQueueAttributes', 'AttributeName.1': name }))
  const one = await of('QueueArn')
  assert.equal(one.body.match(/<Attribute>/g)?.length, 1)
  assertError(await of('Foobar'), 'InvalidAttributeName', 'Unknown Attribute Foobar.')
})

queryTest('H3 SendMessage and ReceiveMessage work as GET on the queue URL', async (scene) => {
  const queue = await scene.queue()
  const body = 'grüße <&> "quoted" +plus'
  const send = { Action: 'SendMessage', MessageBody: body, Version: VERSION }
  assert.equal((await scene.raw(getRequest(pathOf(queue), send))).status, 200)
  const got = await scene.raw(getRequest(pathOf(queue), { Action: 'ReceiveMessage', Version: VERSION }))
  assert.equal(xmlText(got.body, 'Body'), body)
  const bare = await scene.raw(getRequest(pathOf(queue), { Action: 'SendMessage' }))
  assertError(bare, 'MissingParameter', 'The request must contain the parameter MessageBody.')
})

queryTest('H4 GetQueueUrl works as GET on a queue URL', async (scene) => {
  const queue = await scene.queue()
  const account = (await queue.arn()).split(':').at(4) ?? ''
  for (const owner of [{}, { QueueOwnerAWSAccountId: account }]) {
    const parameters = { Action: 'GetQueueUrl', QueueName: queue.name, ...owner }
    const reply = await scene.raw(getRequest(pathOf(queue), parameters))
    assert.equal(reply.status, 200, reply.body)
    assert.equal(xmlText(reply.body, 'QueueUrl'), queue.url)
  }
})

queryTest('H5 an action unknown, or not for a queue URL, is refused there', async (scene) => {
  const queue = await scene.queue()
  const name = freshName()
  for (const [Action, more] of [
    ['FooBar', {}],
    ['CreateQueue', { QueueName: name }],
    ['ListQueues', {}],
  ] as const) {
    const text = `The action ${Action} is not valid for this endpoint.`
    assertError(await scene.raw(getRequest(pathOf(queue), { Action, ...more })), 'InvalidAction', text)
    const form = formRequest({ Action, ...more }, { path: pathOf(queue) })
    assertError(await scene.raw(form), 'InvalidAction', text)
  }
  const made = await scene.sqs.call('ListQueues', { QueueNamePrefix: name })
  assert.deepEqual(made, {})
})

queryTest('H5 an unknown action is refused at the endpoint too', async (scene) => {
  const text = 'The action FooBar is not valid for this endpoint.'
  assertError(await scene.raw(formRequest({ Action: 'FooBar' })), 'InvalidAction', text)
})

jsonTest('H5 an unknown JSON action is an error of the client', async (scene) => {
  const reply = await scene.raw(jsonRequest('FooBar', {}))
  assert.ok(reply.status >= 400 && reply.status < 500, reply.body)
  assert.match(reply.body, /"__type"/)
})

queryTest('H6 GET ListQueues on the endpoint is XML, or JSON where that is accepted', async (scene) => {
  const queue = await scene.queue()
  const list = { Action: 'ListQueues', QueueNamePrefix: queue.name }
  const xml = await scene.raw(getRequest('/', list))
  assert.equal(xml.status, 200)
  assert.match(xml.body, /<ListQueuesResponse/)
  assert.equal(xmlText(xml.body, 'QueueUrl'), queue.url)
  const json = await scene.raw(getRequest('/', list, { Accept: 'application/json' }))
  assert.equal(json.status, 200)
  assert.match(json.headers['content-type'] ?? '', /json/)
  assert.deepEqual(Object.keys(JSON.parse(json.body) as object), ['ListQueuesResponse'])
  assert.ok(json.body.includes(queue.name))
})

interface AttributesAsJson {
  readonly GetQueueAttributesResponse: {
    readonly GetQueueAttributesResult: { readonly Attributes: readonly { Name: string; Value: string }[] }
  }
}

queryTest('H7 Accept: application/json gives attributes as a list, and errors as JSON', async (scene) => {
  const queue = await scene.queue()
  const headers = { Accept: 'application/json' }
  const get = (Action: string): Promise<Wire> =>
    scene.raw(getRequest(pathOf(queue), { Action, 'AttributeName.1': 'DelaySeconds' }, headers))
  const reply = JSON.parse((await get('GetQueueAttributes')).body) as AttributesAsJson
  const { Attributes } = reply.GetQueueAttributesResponse.GetQueueAttributesResult
  assert.deepEqual(Attributes, [{ Name: 'DelaySeconds', Value: '0' }])
  const failed = await get('FooBar')
  assert.equal(failed.status, 400)
  const { Error: error } = JSON.parse(failed.body) as { Error: { Code: string; Message: string } }
  assert.equal(error.Code, 'InvalidAction')
  assert.equal(error.Message, 'The action FooBar is not valid for this endpoint.')
})

jsonTest('H8 JSON posted to the queue path works as at /', async (scene) => {
  const queue = await scene.queue()
  for (const path of ['/', pathOf(queue)]) {
    const input = { QueueUrl: queue.url, MessageBody: 'x' }
    const reply = await scene.raw(jsonRequest('SendMessage', input, { path }))
    assert.equal(reply.status, 200, reply.body)
    assert.equal(reply.headers['content-type'], 'application/x-amz-json-1.0')
    assert.ok(reply.headers['x-amzn-requestid'], 'x-amzn-requestid')
  }
  assert.equal((await queue.counts()).visible, 2)
})

jsonTest('H8 JSON posted to the queue path needs no QueueUrl', async (scene) => {
  const queue = await scene.queue()
  const reply = await scene.raw(jsonRequest('SendMessage', { MessageBody: 'x' }, { path: pathOf(queue) }))
  assert.equal(reply.status, 200, reply.body)
  assert.equal(await queue.bodies(), 'x')
})

jsonTest('H9 unmodelled errors end in Exception in their shape, not in their code', async (scene) => {
  const queue = await scene.queue()
  for (const [input, code, shape] of [
    [
      { QueueUrl: queue.url, MessageBody: 'x', DelaySeconds: 901 },
      'InvalidParameterValue',
      'InvalidParameterValueException',
    ],
    [{ QueueUrl: queue.url }, 'MissingParameter', 'MissingRequiredParameterException'],
  ] as const) {
    const reply = await scene.raw(jsonRequest('SendMessage', input))
    assert.equal(reply.status, 400)
    assert.equal(reply.headers['x-amzn-query-error'], `${code};Sender`)
    const body = JSON.parse(reply.body) as Record<string, unknown>
    assert.equal(body.__type, `com.amazonaws.sqs#${shape}`)
    assert.equal(typeof body.message, 'string')
    assert.equal('Detail' in body, false)
  }
})

queryTest('H9 over Query no code ends in Exception', async (scene) => {
  const queue = await scene.queue()
  const form = { Action: 'SendMessage', QueueUrl: queue.url, MessageBody: 'x', DelaySeconds: '901' }
  assertError(await scene.raw(formRequest(form)), 'InvalidParameterValue', /./)
  const bare = { Action: 'SendMessage', QueueUrl: queue.url }
  assertError(await scene.raw(formRequest(bare)), 'MissingParameter', /./)
})

queryTest('H10 an empty Action is invalid, none is missing', async (scene) => {
  const empty = await scene.raw(formRequest({ Action: '', Version: VERSION }))
  assertError(empty, 'InvalidAction', /./)
  assertError(await scene.raw(formRequest({ Version: VERSION })), 'MissingAction', /./)
})

queryTest('H11 parameters may stand in the query string, in the form, or in each', async (scene) => {
  const queue = await scene.queue()
  const url = encodeURIComponent(queue.url)
  const replies = await Promise.all([
    scene.raw({ path: `/?Action=SendMessage&QueueUrl=${url}&MessageBody=query` }),
    scene.raw(formRequest({ Action: 'SendMessage', QueueUrl: queue.url, MessageBody: 'form' })),
    scene.raw(formRequest({ QueueUrl: queue.url, MessageBody: 'both' }, { path: '/?Action=SendMessage' })),
    scene.raw(formRequest({ MessageBody: 'path', Action: 'SendMessage' }, { path: pathOf(queue) })),
  ])
  for (const reply of replies) assert.equal(reply.status, 200, reply.body)
  const bodies = (await queue.drain()).map((message) => message.Body)
  assert.deepEqual(bodies.sort(), ['both', 'form', 'path', 'query'])
})

queryTest('H12 parameters that the action does not know are ignored', async (scene) => {
  const queue = await scene.queue()
  const form = {
    Action: 'SendMessage',
    QueueUrl: queue.url,
    MessageBody: 'x',
    Foo: 'bar',
    'Attribute.1.Name': 'y',
  }
  assert.equal((await scene.raw(formRequest(form))).status, 200)
  assert.equal(await queue.bodies(), 'x')
})

test('H13 what one protocol sends the other receives, byte for byte', async (scene) => {
  const queue = await scene.queue()
  const across = new TestQueue(scene.other, queue.url)
  const MessageAttributes = {
    text: { DataType: 'String.note', StringValue: 'a\r\n<ü🦀> &quot;' },
    number: { DataType: 'Number', StringValue: '1e-7' },
    raw: { DataType: 'Binary', BinaryValue: Uint8Array.from([0, 1, 13, 10, 127, 128, 255]) },
  }
  const body = 'a\rb\r\nc\n\t<&> "\' &quot; \u{1f980} ]]>'
  const sent = await queue.send(body, { MessageAttributes })
  const got = await across.receiveOne({ MessageAttributeNames: ['All'] })
  assert.equal(got.Body, body)
  assert.equal(got.MD5OfBody, sent.MD5OfMessageBody)
  assert.deepEqual(got.MessageAttributes, MessageAttributes)
  assert.equal(got.MD5OfMessageAttributes, sent.MD5OfMessageAttributes)
  await queue.delete(got)
  assert.deepEqual(await across.counts(), { visible: 0, inFlight: 0, delayed: 0 })
})

async function sendTo(scene: Scene, QueueUrl: string): Promise<Wire> {
  const input = { QueueUrl, MessageBody: 'x' }
  const form = formRequest({ Action: 'SendMessage', ...input })
  return scene.raw(scene.protocol === 'JSON' ? jsonRequest('SendMessage', input) : form)
}

test('H14 a queue is found by its name, whatever stands before it', async (scene) => {
  const queue = await scene.queue()
  const urls = [
    `https://sqs.us-east-1.amazonaws.com/123456789012/${queue.name}`,
    `http://localhost:4566/000000000000/${queue.name}`,
    `http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/${queue.name}`,
    `http://localhost:9324/queue/${queue.name}`,
    `http://localhost:9324/some/long/prefix/${queue.name}`,
    `http://localhost:9324/${queue.name}`,
  ]
  for (const url of urls) {
    const reply = await sendTo(scene, url)
    assert.equal(reply.status, 200, `${url}: ${reply.body}`)
  }
  assert.equal((await queue.counts()).visible, urls.length)
})

jsonTest('H8 header names are compared without case', async (scene) => {
  const queue = await scene.queue()
  const headers = { 'X-AMZ-TARGET': 'AmazonSQS.SendMessage', 'CONTENT-TYPE': 'application/x-amz-json-1.0' }
  const body = JSON.stringify({ QueueUrl: queue.url, MessageBody: 'x' })
  assert.equal((await scene.raw({ headers, body })).status, 200)
})

queryTest('H6 GET without a query is the answer for an unknown operation', async (scene) => {
  const reply = await scene.raw({ method: 'GET' })
  assert.equal(reply.status, 404)
  assert.match(reply.body, /<UnknownOperationException\s*\/>/)
})

jsonTest('H9 JSON that is none is an error of the client, without a trace of the inside', async (scene) => {
  for (const body of ['{', '', '[]', '"x"', 'null', '{"QueueUrl":']) {
    const reply = await scene.raw(jsonRequest('SendMessage', body))
    assert.equal(reply.status, 400, `${body}: ${reply.status} ${reply.body}`)
    assert.doesNotMatch(reply.body, /at .*\.ts|node:/)
    assert.match(reply.body, /"__type"/)
  }
})

test('H14 an ARN names its queue by the last part, whatever account and region', async (scene) => {
  const dead = await scene.queue()
  const deadLetterTargetArn = `arn:aws:sqs:eu-west-1:123456789012:${dead.name}`
  const source = await scene.queue({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }),
  })
  await source.send('x')
  await source.receiveOne({ VisibilityTimeout: 0 })
  assert.equal(await source.bodies(), '')
  assert.equal((await dead.counts()).visible, 1)
  const found = await scene.sqs.call('ListDeadLetterSourceQueues', { QueueUrl: dead.url })
  assert.deepEqual(found.queueUrls, [source.url])
  await scene.sqs.call('StartMessageMoveTask', { SourceArn: deadLetterTargetArn })
  await scene.advance('1s')
  assert.equal(await source.bodies(), 'x')
})

test('H14 GetQueueUrl finds a queue whatever the owner', async (scene) => {
  const queue = await scene.queue()
  const input = { QueueName: queue.name, QueueOwnerAWSAccountId: '123456789012' }
  assert.equal((await scene.sqs.call('GetQueueUrl', input)).QueueUrl, queue.url)
})
