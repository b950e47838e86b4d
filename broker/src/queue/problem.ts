/**
 * A client's mistake, as a value. The SQS layer has one table that turns each into a code, a status and the
 * exact text (sqs/errors.ts); the core only says what is wrong.
 */

export type Problem =
  | { readonly problem: 'QueueDoesNotExist' }
  | { readonly problem: 'QueueNameExists'; readonly attribute: string }
  | { readonly problem: 'QueueDeletedRecently' }
  | { readonly problem: 'PurgeQueueInProgress'; readonly queue: string }
  | { readonly problem: 'OverLimit'; readonly text: string }
  | { readonly problem: 'UnknownAttribute'; readonly attribute: string }
  /** `text` stands alone where SQS words it so (encryption twice, DeduplicationScope on a standard queue). */
  | { readonly problem: 'InvalidAttributeName'; readonly text: string }
  | { readonly problem: 'InvalidAttributeValue'; readonly attribute: string; readonly reason?: string }
  /** "Value V for parameter P is invalid. Reason: R" */
  | {
      readonly problem: 'InvalidParameter'
      readonly parameter: string
      readonly value: string
      readonly reason: string
    }
  /** InvalidParameterValue with a text of its own. */
  | { readonly problem: 'InvalidParameterValue'; readonly text: string }
  | { readonly problem: 'MissingParameter'; readonly parameter: string }
  | { readonly problem: 'MessageTooLong'; readonly bytesMax: number }
  | { readonly problem: 'ReceiptHandleIsInvalid'; readonly receipt: string }
  | { readonly problem: 'ResourceNotFound'; readonly text: string }
  | { readonly problem: 'UnsupportedOperation'; readonly text: string }

export function isProblem(answer: object | undefined): answer is Problem {
  return answer !== undefined && 'problem' in answer
}
