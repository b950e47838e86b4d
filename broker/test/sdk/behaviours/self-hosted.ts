/** What users expect of a broker on their own machine, as far as a running one shows it (L). */

import assert from 'node:assert/strict'
import { jsonClient } from '../json-client.ts'
import { TestQueue } from '../queue.ts'
import { formRequest, jsonRequest } from '../raw.ts'
import { refusedAsMissing } from '../refusal.ts'
import { freshName, test } from '../scene.ts'

test('L6 without a public URL the queue URL follows the Host header', async (scene) => {
  const queue = await scene.queue()
  const headers = { Host: 'queue.internal:1234' }
  const input = { QueueName: queue.name }
  const request =
    scene.protocol === 'JSON'
      ? jsonRequest('GetQueueUrl', input, { headers })
      : formRequest({ Action: 'GetQueueUrl', ...input }, { headers })
  const reply = await scene.raw(request)
  const { pathname } = new URL(queue.url)
  assert.ok(reply.body.includes(`http://queue.internal:1234${pathname}`), reply.body)
})

test('L7 the region in ARNs is that of the signature, or the configured one', async (scene) => {
  const queue = await scene.queue()
  const elsewhere = jsonClient(scene.endpoint, 'eu-west-1')
  const seen = new TestQueue(elsewhere, queue.url)
  assert.match(await seen.arn(), /^arn:aws:sqs:eu-west-1:/)
  assert.match(await queue.arn(), /^arn:aws:sqs:us-east-1:/)
  elsewhere.close()
  const unsigned = await scene.raw(
    jsonRequest('GetQueueAttributes', { QueueUrl: queue.url, AttributeNames: ['QueueArn'] }),
  )
  assert.match(unsigned.body, /arn:aws:sqs:us-east-1:/)
})

test('L8 GET /health answers 200 without credentials', async (scene) => {
  assert.equal((await scene.raw({ method: 'GET', path: '/health' })).status, 200)
})

test('L10 a send to a missing queue is refused by default', async (scene) => {
  const made = await scene.queue()
  const missing = new TestQueue(scene.sqs, made.url.replace(made.name, freshName()))
  await refusedAsMissing(scene.protocol, missing.send('x'))
})
