/**
 * How message move tasks are addressed: ARNs of their queues, and handles. A handle is the base64 of
 * `{"taskId":"<UUID>","sourceArn":"<ARN>"}`, as in SQS.
 */

import { queueNameInArn } from './arn.ts'
import { invalidParameter, invalidParameterValue, resourceNotFound, SqsError } from './errors.ts'

export interface TaskAddress {
  readonly taskId: string
  readonly sourceArn: string
}

export function encodeHandle({ taskId, sourceArn }: TaskAddress): string {
  return Buffer.from(JSON.stringify({ taskId, sourceArn })).toString('base64')
}

export function decodeHandle(handle: string): TaskAddress {
  const address = parseHandle(handle)
  if (address !== undefined) return address
  throw invalidParameterValue('Value for parameter TaskHandle is invalid.')
}

function parseHandle(handle: string): TaskAddress | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(handle, 'base64').toString())
    return isTaskAddress(value) ? value : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function isTaskAddress(value: unknown): value is TaskAddress {
  if (typeof value !== 'object' || value === null) return false
  return (
    'taskId' in value &&
    typeof value.taskId === 'string' &&
    'sourceArn' in value &&
    typeof value.sourceArn === 'string'
  )
}

/** The queue's name in a request's ARN. */
export function nameInArn(parameter: 'SourceArn' | 'DestinationArn', arn: string): string {
  const name = queueNameInArn(arn)
  if (name !== undefined) return name
  throw invalidParameter(parameter, arn, 'It must be the ARN of a queue.')
}

/** Move tasks call a missing source a missing resource. Meant for `catch`: throws what it is given, or that. */
export function missingSource(error: unknown): never {
  if (error instanceof SqsError && error.shape === 'QueueDoesNotExist') {
    throw resourceNotFound("The resource that you specified for the SourceArn parameter doesn't exist.")
  }
  throw error
}
