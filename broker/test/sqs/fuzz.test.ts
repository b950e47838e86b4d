import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ActionName, Input } from '../../src/sqs/api.ts'
import { SqsError } from '../../src/sqs/errors.ts'
import { decodeInput } from '../../src/sqs/json.ts'
import { inputs } from '../../src/sqs/model.ts'
import { readParameters } from '../../src/sqs/parameters.ts'
import { perform } from '../../src/sqs/perform.ts'
import { decodeStructure } from '../../src/sqs/query.ts'
import { contextOf, queryRequest, requestOf, scripted, serviceOf } from './scripted.ts'

const names = Object.keys(inputs) as ActionName[]
const action = fc.constantFrom(...names)
const members = [...new Set(names.flatMap((name) => inputs[name].members.map((member) => member.name)))]
const key = fc.oneof(
  fc.constantFrom(
    ...members,
    'Id',
    'DataType',
    'StringValue',
    'BinaryValue',
    'note',
    '__proto__',
    'constructor',
  ),
  fc.string({ unit: 'binary' }),
)

/** JSON that has the right names in it often enough to be taken seriously. */
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, 0, 1, -1, 1e300, 'String', 'Number', 'QUJD', 'orders', ''),
    fc.string({ unit: 'binary' }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 6 }).map((entries) => Object.fromEntries(entries)),
  ),
}))

/** Anything but an SqsError is a crash. */
async function onlySqsErrors(attempt: () => unknown): Promise<void> {
  try {
    await attempt()
  } catch (error) {
    assert.ok(error instanceof SqsError, error as Error)
    assert.ok(error.senderFault)
  }
}

test('whatever JSON says, an action answers or fails with an SQS error', async () => {
  await fc.assert(
    fc.asyncProperty(action, json, (name, value) =>
      onlySqsErrors(() => {
        const decoded = decodeInput(inputs[name], Buffer.from(JSON.stringify(value)))
        return perform(name, contextOf(scripted().submit), decoded as object as Input<ActionName>)
      }),
    ),
    { numRuns: 1000 },
  )
})

test('whatever bytes come as JSON, they are decoded or refused', async () => {
  await fc.assert(
    fc.asyncProperty(action, fc.uint8Array(), (name, bytes) =>
      onlySqsErrors(() => decodeInput(inputs[name], Buffer.from(bytes))),
    ),
  )
})

const part = fc.oneof(
  fc.constantFrom(
    'Entries',
    'Tag',
    'Attribute',
    'MessageAttribute',
    'Name',
    'Value',
    'Key',
    '1',
    '2',
    '10',
    '0',
    '__proto__',
  ),
  fc.constantFrom(
    'SendMessageBatchRequestEntry',
    'MessageBody',
    'DataType',
    'StringValue',
    'QueueUrl',
    'Label',
  ),
  fc.string(),
)
const parameter = fc.tuple(fc.array(part, { minLength: 1, maxLength: 9 }), fc.string({ unit: 'binary' }))
const form = fc
  .array(parameter, { maxLength: 20 })
  .map((all) => all.map(([path, value]) => `${path.join('.')}=${value.replaceAll('&', '%26')}`).join('&'))

test('whatever a form says, an action answers or fails with an SQS error', async () => {
  await fc.assert(
    fc.asyncProperty(action, form, (name, text) =>
      onlySqsErrors(() => {
        const decoded = decodeStructure(inputs[name], readParameters(queryRequest(text)), '')
        return perform(name, contextOf(scripted().submit), decoded as object as Input<ActionName>)
      }),
    ),
    { numRuns: 1000 },
  )
})

test('whatever a request is, the answer is an SQS answer and no failure of ours', async () => {
  const headers = fc.record(
    {
      'x-amz-target': fc.oneof(
        action.map((name) => `AmazonSQS.${name}`),
        fc.string(),
      ),
      authorization: fc.oneof(
        fc.string(),
        fc.string().map((text) => `AWS4-HMAC-SHA256 Credential=${text}`),
      ),
      accept: fc.constantFrom('application/json', '*/*'),
      host: fc.string(),
      'x-amzn-trace-id': fc.string(),
    },
    { requiredKeys: [] },
  )
  const target = fc.oneof(
    fc.constantFrom('/', '/1/orders', '//', '/?'),
    fc.tuple(action, form).map(([name, text]) => `/1/orders?Action=${name}&${text}`),
    fc.string().map((text) => `/${text}`),
  )
  const body = fc.oneof(
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    json.map((value) => Buffer.from(JSON.stringify(value))),
    form.map((text) => Buffer.from(text)),
  )
  await fc.assert(
    fc.asyncProperty(headers, target, body, async (given, path, bytes) => {
      const service = serviceOf()
      const present = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
      const { response, header } = await service.ask(
        requestOf({ headers: present as Record<string, string>, target: path, body: bytes }),
      )
      assert.ok(
        response.status === 200 || (response.status >= 400 && response.status < 500),
        String(response.status),
      )
      assert.ok(header('x-amzn-requestid'))
      assert.deepEqual(service.logged, [])
    }),
    { numRuns: 1000 },
  )
})
