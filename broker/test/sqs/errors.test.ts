import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Problem } from '../../src/queue/problem.ts'
import { problemError } from '../../src/sqs/errors.ts'
import { jsonRequest, queryRequest, serviceOf, UUID } from './scripted.ts'

const PREFIX = 'AWS.SimpleQueueService.'

const problems: readonly (readonly [Problem, status: number, shape: string, code: string, text: string])[] = [
  [
    { problem: 'QueueDoesNotExist' },
    400,
    'QueueDoesNotExist',
    `${PREFIX}NonExistentQueue`,
    'The specified queue does not exist.',
  ],
  [
    { problem: 'QueueNameExists', attribute: 'DelaySeconds' },
    400,
    'QueueNameExists',
    'QueueAlreadyExists',
    'A queue already exists with the same name and a different value for attribute DelaySeconds',
  ],
  [
    { problem: 'QueueDeletedRecently' },
    400,
    'QueueDeletedRecently',
    `${PREFIX}QueueDeletedRecently`,
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
  ],
  [
    { problem: 'PurgeQueueInProgress', queue: 'orders' },
    403,
    'PurgeQueueInProgress',
    `${PREFIX}PurgeQueueInProgress`,
    'Only one PurgeQueue operation on orders is allowed every 60 seconds.',
  ],
  [{ problem: 'OverLimit', text: 'Too much.' }, 403, 'OverLimit', 'OverLimit', 'Too much.'],
  [
    { problem: 'UnknownAttribute', attribute: 'Foobar' },
    400,
    'InvalidAttributeName',
    'InvalidAttributeName',
    'Unknown Attribute Foobar.',
  ],
  [
    { problem: 'InvalidAttributeName', text: 'Not both.' },
    400,
    'InvalidAttributeName',
    'InvalidAttributeName',
    'Not both.',
  ],
  [
    {
      problem: 'InvalidAttributeValue',
      attribute: 'FifoQueue',
      reason: 'Modifying queue type is not supported.',
    },
    400,
    'InvalidAttributeValue',
    'InvalidAttributeValue',
    'Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.',
  ],
  [
    { problem: 'InvalidAttributeValue', attribute: 'DelaySeconds' },
    400,
    'InvalidAttributeValue',
    'InvalidAttributeValue',
    'Invalid value for the parameter DelaySeconds.',
  ],
  [
    { problem: 'InvalidParameter', parameter: 'Label', value: 'l', reason: "can't find label." },
    400,
    'InvalidParameterValueException',
    'InvalidParameterValue',
    "Value l for parameter Label is invalid. Reason: can't find label.",
  ],
  [
    { problem: 'InvalidParameterValue', text: 'Wrong.' },
    400,
    'InvalidParameterValueException',
    'InvalidParameterValue',
    'Wrong.',
  ],
  [
    { problem: 'MissingParameter', parameter: 'MessageGroupId' },
    400,
    'MissingRequiredParameterException',
    'MissingParameter',
    'The request must contain the parameter MessageGroupId.',
  ],
  [
    { problem: 'MessageTooLong', bytesMax: 1_048_576 },
    400,
    'InvalidParameterValueException',
    'InvalidParameterValue',
    'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
  ],
  [
    { problem: 'ReceiptHandleIsInvalid', receipt: 'garbage' },
    404,
    'ReceiptHandleIsInvalid',
    'ReceiptHandleIsInvalid',
    'The input receipt handle "garbage" is not a valid receipt handle.',
  ],
  [
    { problem: 'ResourceNotFound', text: 'Task does not exist.' },
    404,
    'ResourceNotFoundException',
    'ResourceNotFoundException',
    'Task does not exist.',
  ],
  [
    { problem: 'UnsupportedOperation', text: 'No.' },
    400,
    'UnsupportedOperation',
    `${PREFIX}UnsupportedOperation`,
    'No.',
  ],
]

for (const [problem, status, shape, code, text] of problems) {
  test(`over JSON, ${problem.problem} is ${status} ${shape}: ${text}`, async () => {
    const { response, json, header } = await serviceOf({ purgeQueue: () => problem }).ask(
      jsonRequest('PurgeQueue', { QueueUrl: 'orders' }),
    )
    assert.equal(response.status, status)
    assert.deepEqual(json, { __type: `com.amazonaws.sqs#${shape}`, message: text })
    assert.equal(header('x-amzn-query-error'), `${code};Sender`)
    assert.equal(header('x-amzn-requestid'), UUID)
    assert.equal(header('x-amzn-errortype'), undefined)
  })

  test(`over Query, ${problem.problem} is ${status} ${code}`, async () => {
    const { response, text: xml } = await serviceOf({ purgeQueue: () => problem }).ask(
      queryRequest('Action=PurgeQueue&QueueUrl=orders'),
    )
    assert.equal(response.status, status)
    assert.ok(xml.includes(`<Error><Type>Sender</Type><Code>${code}</Code><Message>`), xml)
    assert.ok(xml.includes(`</Message><Detail/></Error><RequestId>${UUID}</RequestId></ErrorResponse>`), xml)
    if (problem.problem === 'QueueDoesNotExist') {
      assert.ok(
        xml.includes('<Message>The specified queue does not exist for this wsdl version.</Message>'),
        xml,
      )
    }
  })
}

test('a message that is too long has another text in a batch', () => {
  assert.equal(
    problemError({ problem: 'MessageTooLong', bytesMax: 1024 }, true).message,
    'One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.',
  )
})

test('an outcome that is not known is a 503 that SDKs retry, logged with its cause', async () => {
  const cause = new Error('the disk is gone')
  const service = serviceOf({ send: () => Promise.reject(cause) })
  const json = await service.ask(jsonRequest('SendMessage', { QueueUrl: 'orders', MessageBody: 'x' }))
  assert.equal(json.response.status, 503)
  assert.equal(json.header('x-amzn-query-error'), 'ServiceUnavailable;Receiver')
  assert.doesNotMatch(json.text, /disk/)
  const xml = await service.ask(queryRequest('Action=SendMessage&QueueUrl=orders&MessageBody=x'))
  assert.equal(xml.response.status, 503)
  assert.match(xml.text, /<Type>Receiver<\/Type><Code>ServiceUnavailable<\/Code>/)
  assert.deepEqual(
    service.logged.map((line) => line.fields.error),
    [cause, cause],
  )
})

test('why the broker cannot serve just now is told to the client', async () => {
  const unavailable = Object.assign(new Error('The disk is full.'), { name: 'Unavailable' })
  const { response, json } = await serviceOf({ send: () => Promise.reject(unavailable) }).ask(
    jsonRequest('SendMessage', { QueueUrl: 'orders', MessageBody: 'x' }),
  )
  assert.equal(response.status, 503)
  assert.equal(json.message, 'The disk is full.')
})

test('a mistake of our own is a 500 without its stack, logged with it', async () => {
  const service = serviceOf({ receive: () => ({ messages: [{} as never] }) })
  const json = await service.ask(jsonRequest('ReceiveMessage', { QueueUrl: 'orders' }))
  assert.equal(json.response.status, 500)
  assert.equal(json.json.__type, 'com.amazonaws.sqs#InternalFailure')
  assert.equal(json.header('x-amzn-query-error'), 'InternalFailure;Receiver')
  assert.doesNotMatch(json.text, /TypeError|\.ts/)
  const xml = await service.ask(queryRequest('Action=ReceiveMessage&QueueUrl=orders'))
  assert.equal(xml.response.status, 500)
  assert.match(xml.text, /<Type>Receiver<\/Type><Code>InternalFailure<\/Code>/)
  assert.ok(service.logged.every((line) => line.fields.error instanceof TypeError))
})

test('what a client wrote comes back in a text cut short, and legal in XML', async () => {
  const { text } = await serviceOf().ask(queryRequest(`Action=%00%01%FF${'x'.repeat(5000)}`))
  assert.ok(text.length < 2000)
  const odd = await serviceOf().ask(queryRequest('Action=%00%EF%BF%BF%3Cb%3E'))
  assert.ok(odd.text.includes('The action \ufffd\ufffd&lt;b&gt; is not valid'), odd.text)
})
