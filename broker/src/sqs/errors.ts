/**
 * Every error that a client can see, in one table: the shape that JSON names, the older code that Query and the
 * header `x-amzn-query-error` carry, and the status. Texts are those recorded from SQS wherever one is known.
 * A client's mistake found by the core arrives as a {@link Problem} and becomes an {@link SqsError} here.
 */

import { GROUP_ID_CHARS_MAX } from '../queue/limits.ts'
import type { Problem } from '../queue/problem.ts'

const PREFIX = 'AWS.SimpleQueueService.'

/** shape: [legacy code, status]. Shapes that SQS does not model end in `Exception`, their codes do not. */
const errors = {
  AccessDenied: ['AccessDenied', 403],
  BatchEntryIdsNotDistinct: [`${PREFIX}BatchEntryIdsNotDistinct`, 400],
  BatchRequestTooLong: [`${PREFIX}BatchRequestTooLong`, 400],
  EmptyBatchRequest: [`${PREFIX}EmptyBatchRequest`, 400],
  InternalFailure: ['InternalFailure', 500],
  InvalidActionException: ['InvalidAction', 400],
  InvalidAttributeName: ['InvalidAttributeName', 400],
  InvalidAttributeValue: ['InvalidAttributeValue', 400],
  InvalidBatchEntryId: [`${PREFIX}InvalidBatchEntryId`, 400],
  InvalidMessageContents: ['InvalidMessageContents', 400],
  InvalidParameterValueException: ['InvalidParameterValue', 400],
  MalformedQueryStringException: ['MalformedQueryString', 400],
  MissingActionException: ['MissingAction', 400],
  MissingRequiredParameterException: ['MissingParameter', 400],
  OverLimit: ['OverLimit', 403],
  PurgeQueueInProgress: [`${PREFIX}PurgeQueueInProgress`, 403],
  QueueDeletedRecently: [`${PREFIX}QueueDeletedRecently`, 400],
  QueueDoesNotExist: [`${PREFIX}NonExistentQueue`, 400],
  QueueNameExists: ['QueueAlreadyExists', 400],
  ReceiptHandleIsInvalid: ['ReceiptHandleIsInvalid', 404],
  ResourceNotFoundException: ['ResourceNotFoundException', 404],
  SerializationException: ['SerializationException', 400],
  ServiceUnavailable: ['ServiceUnavailable', 503],
  TooManyEntriesInBatchRequest: [`${PREFIX}TooManyEntriesInBatchRequest`, 400],
  UnknownOperationException: ['UnknownOperationException', 404],
  UnsupportedOperation: [`${PREFIX}UnsupportedOperation`, 400],
} as const satisfies Record<string, readonly [code: string, status: number]>

export type ErrorShape = keyof typeof errors

/** What a request or, in a batch, one entry is answered with when it fails. */
export class SqsError extends Error {
  readonly shape: ErrorShape
  readonly code: string
  readonly status: number
  /** False when the broker is at fault, so that trying again may help. */
  readonly senderFault: boolean

  constructor(shape: ErrorShape, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = shape
    this.shape = shape
    this.code = errors[shape][0]
    this.status = errors[shape][1]
    this.senderFault = this.status < 500
  }
}

/** The one text that differs between the protocols. */
export function queryText(error: SqsError): string {
  if (error.shape !== 'QueueDoesNotExist') return error.message
  return 'The specified queue does not exist for this wsdl version.'
}

/** A client's value that comes back in a text is cut to this many characters; a receipt handle is never longer. */
const ECHO_CHARS_MAX = 1024

/** A client's value, fit to be part of an answer. */
export function echo(value: string | number): string {
  const text = String(value)
  return (text.length <= ECHO_CHARS_MAX ? text : `${text.slice(0, ECHO_CHARS_MAX)}...`).toWellFormed()
}

export function queueDoesNotExist(): SqsError {
  return new SqsError('QueueDoesNotExist', 'The specified queue does not exist.')
}

export function missingParameter(parameter: string): SqsError {
  return new SqsError(
    'MissingRequiredParameterException',
    `The request must contain the parameter ${parameter}.`,
  )
}

export function invalidParameterValue(text: string): SqsError {
  return new SqsError('InvalidParameterValueException', text)
}

/** "Value V for parameter P is invalid. Reason: R" */
export function invalidParameter(parameter: string, value: string | number, reason: string): SqsError {
  return invalidParameterValue(
    `Value ${echo(value)} for parameter ${parameter} is invalid. Reason: ${reason}`,
  )
}

export function invalidId(parameter: string, value: string): SqsError {
  return invalidParameter(
    parameter,
    value,
    `${parameter} can only include alphanumeric and punctuation characters. 1 to ${GROUP_ID_CHARS_MAX} in length.`,
  )
}

export function unknownAttribute(name: string): SqsError {
  return new SqsError('InvalidAttributeName', `Unknown Attribute ${echo(name)}.`)
}

export function invalidAction(action: string): SqsError {
  return new SqsError('InvalidActionException', `The action ${echo(action)} is not valid for this endpoint.`)
}

export function resourceNotFound(text: string): SqsError {
  return new SqsError('ResourceNotFoundException', text)
}

/** `ofEntry`: the problem is that of one entry of a batch, where one text differs. */
export function problemError(problem: Problem, ofEntry = false): SqsError {
  switch (problem.problem) {
    case 'QueueDoesNotExist':
      return queueDoesNotExist()
    case 'QueueNameExists':
      return new SqsError(
        'QueueNameExists',
        `A queue already exists with the same name and a different value for attribute ${echo(problem.attribute)}`,
      )
    case 'QueueDeletedRecently':
      return new SqsError(
        'QueueDeletedRecently',
        'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
      )
    case 'PurgeQueueInProgress':
      return new SqsError(
        'PurgeQueueInProgress',
        `Only one PurgeQueue operation on ${problem.queue} is allowed every 60 seconds.`,
      )
    case 'OverLimit':
      return new SqsError('OverLimit', problem.text)
    case 'UnknownAttribute':
      return unknownAttribute(problem.attribute)
    case 'InvalidAttributeName':
      return new SqsError('InvalidAttributeName', problem.text)
    case 'InvalidAttributeValue':
      return invalidAttributeValue(problem.attribute, problem.reason)
    case 'InvalidParameter':
      return invalidParameter(problem.parameter, problem.value, problem.reason)
    case 'InvalidParameterValue':
      return invalidParameterValue(problem.text)
    case 'MissingParameter':
      return missingParameter(problem.parameter)
    case 'MessageTooLong':
      return messageTooLong(problem.bytesMax, ofEntry)
    case 'ReceiptHandleIsInvalid':
      return new SqsError(
        'ReceiptHandleIsInvalid',
        `The input receipt handle "${echo(problem.receipt)}" is not a valid receipt handle.`,
      )
    case 'ResourceNotFound':
      return resourceNotFound(problem.text)
    case 'UnsupportedOperation':
      return new SqsError('UnsupportedOperation', problem.text)
  }
}

export function invalidAttributeValue(attribute: string, reason: string | undefined): SqsError {
  const text = `Invalid value for the parameter ${echo(attribute)}.`
  return new SqsError('InvalidAttributeValue', reason === undefined ? text : `${text} Reason: ${reason}`)
}

function messageTooLong(bytesMax: number, ofEntry: boolean): SqsError {
  const what = ofEntry ? 'cannot be validated' : 'are invalid'
  return invalidParameterValue(
    `One or more parameters ${what}. Reason: Message must be shorter than ${bytesMax} bytes.`,
  )
}
