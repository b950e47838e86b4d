/**
 * What a refusal must look like: for each legacy code its JSON shape and its status, in one table, so that a test
 * names the code and, where it is known, the text, and everything else is checked with it.
 */

import assert from 'node:assert/strict'
import { type Protocol, SqsError } from './client.ts'

const PREFIX = 'AWS.SimpleQueueService.'

/** Code (short where the long one begins with the service's name), shape, status. */
const refusals = {
  NonExistentQueue: [`${PREFIX}NonExistentQueue`, 'QueueDoesNotExist', 400],
  QueueAlreadyExists: ['QueueAlreadyExists', 'QueueNameExists', 400],
  QueueDeletedRecently: [`${PREFIX}QueueDeletedRecently`, 'QueueDeletedRecently', 400],
  PurgeQueueInProgress: [`${PREFIX}PurgeQueueInProgress`, 'PurgeQueueInProgress', 403],
  MessageNotInflight: [`${PREFIX}MessageNotInflight`, 'MessageNotInflight', 400],
  ReceiptHandleIsInvalid: ['ReceiptHandleIsInvalid', 'ReceiptHandleIsInvalid', 404],
  BatchEntryIdsNotDistinct: [`${PREFIX}BatchEntryIdsNotDistinct`, 'BatchEntryIdsNotDistinct', 400],
  BatchRequestTooLong: [`${PREFIX}BatchRequestTooLong`, 'BatchRequestTooLong', 400],
  EmptyBatchRequest: [`${PREFIX}EmptyBatchRequest`, 'EmptyBatchRequest', 400],
  InvalidBatchEntryId: [`${PREFIX}InvalidBatchEntryId`, 'InvalidBatchEntryId', 400],
  TooManyEntriesInBatchRequest: [
    `${PREFIX}TooManyEntriesInBatchRequest`,
    'TooManyEntriesInBatchRequest',
    400,
  ],
  UnsupportedOperation: [`${PREFIX}UnsupportedOperation`, 'UnsupportedOperation', 400],
  OverLimit: ['OverLimit', 'OverLimit', 403],
  ResourceNotFoundException: ['ResourceNotFoundException', 'ResourceNotFoundException', 404],
  InvalidAttributeName: ['InvalidAttributeName', 'InvalidAttributeName', 400],
  InvalidAttributeValue: ['InvalidAttributeValue', 'InvalidAttributeValue', 400],
  InvalidIdFormat: ['InvalidIdFormat', 'InvalidIdFormat', 400],
  InvalidMessageContents: ['InvalidMessageContents', 'InvalidMessageContents', 400],
  InvalidParameterValue: ['InvalidParameterValue', 'InvalidParameterValueException', 400],
  MissingParameter: ['MissingParameter', 'MissingRequiredParameterException', 400],
} as const

export type Code = keyof typeof refusals

/** Waits for the refusal and checks all of it; the text too, where one is given. */
export async function refused(
  call: Promise<unknown>,
  expected: Code,
  text?: string | RegExp,
): Promise<SqsError> {
  const error = await errorOf(call)
  const [code, shape, status] = refusals[expected]
  assert.equal(error.code, code, `code; the text was: ${error.message}`)
  if (error.shape !== undefined) assert.equal(error.shape, shape, '__type')
  assert.equal(error.status, status, 'status')
  assert.equal(error.fault, 'Sender', 'fault')
  if (typeof text === 'string') assert.equal(error.message, text)
  else assert.match(error.message, text ?? /./)
  return error
}

/** The one refusal whose text depends on the protocol. */
export async function refusedAsMissing(protocol: Protocol, call: Promise<unknown>): Promise<void> {
  const ending = protocol === 'JSON' ? '.' : ' for this wsdl version.'
  await refused(call, 'NonExistentQueue', `The specified queue does not exist${ending}`)
}

/** Where neither code nor text is recorded: a plain refusal that is the client's fault. */
export async function refusedSomehow(call: Promise<unknown>): Promise<SqsError> {
  const error = await errorOf(call)
  assert.ok(error.status >= 400 && error.status < 500, `status ${error.status}`)
  assert.equal(error.fault, 'Sender', 'fault')
  assert.match(error.message, /./)
  return error
}

async function errorOf(call: Promise<unknown>): Promise<SqsError> {
  const outcome = await call.then(
    (output) => ({ output }),
    (error: unknown) => ({ error }),
  )
  if ('output' in outcome) assert.fail(`was not refused: ${JSON.stringify(outcome.output)}`)
  if (outcome.error instanceof SqsError) return outcome.error
  throw outcome.error
}
