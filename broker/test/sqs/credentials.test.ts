import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Callers } from '../../src/auth/credentials.ts'
import { requestOf } from './scripted.ts'

const callers = new Callers({ account: '000000000000', region: 'us-east-1' })

function callerOf(authorization: string | undefined, target = '/') {
  const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization }
  return callers.identify(requestOf({ headers, target }))
}

test('access key and region are those of the signature', () => {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261122/eu-central-1/sqs/aws4_request, SignedHeaders=host;x-amz-date, Signature=00'
  assert.deepEqual(callerOf(authorization), {
    accessKeyId: 'AKIDEXAMPLE',
    region: 'eu-central-1',
    account: '000000000000',
  })
})

test('a presigned URL is read as well', () => {
  const target =
    '/?Action=ListQueues&X-Amz-Credential=AKID%2F20261122%2Feu-west-1%2Fsqs%2Faws4_request&X-Amz-Date=x'
  assert.deepEqual(callerOf(undefined, target), {
    accessKeyId: 'AKID',
    region: 'eu-west-1',
    account: '000000000000',
  })
})

test('without a signature, or with one that cannot be read, the caller is nobody', () => {
  const nobody = { accessKeyId: undefined, region: 'us-east-1', account: '000000000000' }
  for (const authorization of [
    undefined,
    '',
    'Basic dXNlcjpwYXNz',
    'AWS4-HMAC-SHA256 Credential=',
    'AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1',
    'AWS4-HMAC-SHA256 Credential=AKID/20261122/<region>/sqs/aws4_request, x',
    `AWS4-HMAC-SHA256 Credential=${'A'.repeat(500)}/20261122/us-east-1/sqs/aws4_request`,
  ]) {
    assert.deepEqual(callerOf(authorization), nobody)
  }
})
