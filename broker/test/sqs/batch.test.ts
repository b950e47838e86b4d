import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SendMessageBatchEntry } from '../../src/sqs/api.ts'
import { SqsError } from '../../src/sqs/errors.ts'
import { md5 } from '../../src/sqs/md5.ts'
import { perform } from '../../src/sqs/perform.ts'
import { contextOf, type Script, scripted } from './scripted.ts'

const QueueUrl = 'orders'
const PREFIX = 'AWS.SimpleQueueService.'

function entry(Id: string, more: Partial<SendMessageBatchEntry> = {}): SendMessageBatchEntry {
  return { Id, MessageBody: `body ${Id}`, ...more }
}

async function send(Entries: readonly SendMessageBatchEntry[], script: Script = {}) {
  const core = scripted(script)
  const output = await perform('SendMessageBatch', contextOf(core.submit), { QueueUrl, Entries })
  return { output, sends: core.of('send') }
}

async function refused(Entries: readonly SendMessageBatchEntry[]): Promise<SqsError> {
  const core = scripted()
  const error = await perform('SendMessageBatch', contextOf(core.submit), { QueueUrl, Entries }).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof SqsError, String(error))
  assert.deepEqual(core.of('send'), [], 'nothing is left behind')
  return error
}

test('every entry that was sent is in Successful with its own MD5, and Failed is absent', async () => {
  const { output, sends } = await send([entry('a'), entry('b')])
  assert.deepEqual(output, {
    Successful: [
      { Id: 'a', MessageId: 'id-0', MD5OfMessageBody: md5('body a') },
      { Id: 'b', MessageId: 'id-1', MD5OfMessageBody: md5('body b') },
    ],
  })
  assert.equal(sends[0]!.batch, true)
})

const wrong: readonly (readonly [string, readonly SendMessageBatchEntry[], code: string, text: string])[] = [
  [
    'no entries',
    [],
    'EmptyBatchRequest',
    'There should be at least one SendMessageBatchRequestEntry in the request.',
  ],
  [
    'eleven entries',
    [...'abcdefghijk'].map((id) => entry(id)),
    'TooManyEntriesInBatchRequest',
    'Maximum number of entries per request are 10. You have sent 11.',
  ],
  ...['', 'a:b', 'x'.repeat(81), 'ü'].map(
    (id) =>
      [
        `an id "${id.slice(0, 5)}" of ${id.length}`,
        [entry('ok'), entry(id)],
        'InvalidBatchEntryId',
        'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
      ] as const,
  ),
  [
    'ids x, y, y, x',
    ['x', 'y', 'y', 'x'].map((id) => entry(id)),
    'BatchEntryIdsNotDistinct',
    'Id y repeated.',
  ],
  [
    'one body of 1,048,577 bytes',
    [entry('a', { MessageBody: 'x'.repeat(1_048_577) })],
    'BatchRequestTooLong',
    'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
  ],
  [
    'a sum over the limit, attributes counted',
    [
      entry('a', { MessageBody: 'x'.repeat(524_288) }),
      entry('b', {
        MessageBody: 'x'.repeat(524_278),
        MessageAttributes: { note: { DataType: 'String', StringValue: 'x' } },
      }),
    ],
    'BatchRequestTooLong',
    'Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.',
  ],
]
for (const [what, entries, code, text] of wrong) {
  test(`a batch with ${what} fails as a whole`, async () => {
    const error = await refused(entries)
    assert.equal(error.code, PREFIX + code)
    assert.equal(error.status, 400)
    assert.equal(error.message, text)
  })
}

test('a batch of exactly 1 MiB and an id of 80 characters are accepted', async () => {
  const { output } = await send([entry('x'.repeat(80), { MessageBody: 'x'.repeat(1_048_576) })])
  assert.equal(output.Successful!.length, 1)
})

test('entries with mistakes of their own fail alone, and the others are sent', async () => {
  const { output, sends } = await send([
    entry('control', { MessageBody: 'a\u0001' }),
    entry('good'),
    entry('value', { MessageAttributes: { note: { DataType: 'String', StringValue: '' } } }),
    entry('group', { MessageGroupId: 'a b' }),
    entry('delay', { DelaySeconds: 901 }),
    entry('body', { MessageBody: '' }),
  ])
  assert.deepEqual(
    output.Failed!.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault]),
    [
      ['control', 'InvalidMessageContents', true],
      ['value', 'InvalidParameterValue', true],
      ['group', 'InvalidParameterValue', true],
      ['delay', 'InvalidParameterValue', true],
      ['body', 'MissingParameter', true],
    ],
  )
  assert.deepEqual(
    output.Successful!.map(({ Id }) => Id),
    ['good'],
  )
  assert.equal(sends[0]!.entries.length, 1)
})

test('an entry that the queue refuses fails alone, in the words that batches have', async () => {
  const { output } = await send([entry('a'), entry('b')], {
    send: () => ({
      results: [
        { problem: 'MessageTooLong', bytesMax: 1024 },
        { messageId: 'id', seq: 1, fifo: false },
      ],
    }),
  })
  assert.deepEqual(output, {
    Successful: [{ Id: 'b', MessageId: 'id', MD5OfMessageBody: md5('body b') }],
    Failed: [
      {
        Id: 'a',
        SenderFault: true,
        Code: 'InvalidParameterValue',
        Message:
          'One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes.',
      },
    ],
  })
})

test('when every entry fails, a missing queue is still what is reported', async () => {
  const missing: Script = { send: () => ({ problem: 'QueueDoesNotExist' }) }
  await assert.rejects(send([entry('a', { MessageBody: '\0' })], missing), { shape: 'QueueDoesNotExist' })
})

test('each entry has its own delay, group and attributes', async () => {
  const { sends } = await send([
    entry('a', { DelaySeconds: 0 }),
    entry('b', { DelaySeconds: 5, MessageGroupId: 'g' }),
  ])
  assert.deepEqual(
    sends[0]!.entries.map(({ delaySeconds, group }) => [delaySeconds, group]),
    [
      [0, undefined],
      [5, 'g'],
    ],
  )
})

test('deletes are answered one by one', async () => {
  const core = scripted({
    delete: () => ({ results: [undefined, { problem: 'ReceiptHandleIsInvalid', receipt: 'x' }] }),
  })
  const Entries = [
    { Id: 'a', ReceiptHandle: 'r1' },
    { Id: 'b', ReceiptHandle: 'x' },
  ]
  const output = await perform('DeleteMessageBatch', contextOf(core.submit), { QueueUrl, Entries })
  assert.deepEqual(core.commands, [{ kind: 'delete', queue: 'orders', receipts: ['r1', 'x'] }])
  assert.deepEqual(output, {
    Successful: [{ Id: 'a' }],
    Failed: [
      {
        Id: 'b',
        SenderFault: true,
        Code: 'ReceiptHandleIsInvalid',
        Message: 'The input receipt handle "x" is not a valid receipt handle.',
      },
    ],
  })
})

test('a visibility out of range fails alone; one that is left out is 0, as Go means it', async () => {
  const core = scripted()
  const Entries = [
    { Id: 'a', ReceiptHandle: 'r1', VisibilityTimeout: 43_201 },
    { Id: 'b', ReceiptHandle: 'r2' },
    { Id: 'c', ReceiptHandle: 'r3', VisibilityTimeout: 43_200 },
  ]
  const output = await perform('ChangeMessageVisibilityBatch', contextOf(core.submit), { QueueUrl, Entries })
  assert.deepEqual(core.of('changeVisibility')[0]!.entries, [
    { receipt: 'r2', visibilitySeconds: 0 },
    { receipt: 'r3', visibilitySeconds: 43_200 },
  ])
  assert.deepEqual(
    output.Failed!.map(({ Id, Code }) => [Id, Code]),
    [['a', 'InvalidParameterValue']],
  )
  assert.deepEqual(output.Successful, [{ Id: 'b' }, { Id: 'c' }])
})
