/**
 * The SQS API as types: what goes into each of the 23 actions and what comes out, under the names that the
 * JSON protocol and every SDK use. Both protocols decode into these and encode these; in process they are called
 * with them directly. model.ts says the same as values; the compiler holds the two together.
 * Absent means absent: no member is ever null.
 */

/** Values are given in `StringValue` (String, Number) or `BinaryValue` (Binary); the type may have a `.suffix`. */
export interface MessageAttributeValue {
  readonly DataType?: string
  readonly StringValue?: string
  readonly BinaryValue?: Uint8Array
  /** Reserved by SQS; refused when not empty. */
  readonly StringListValues?: readonly string[]
  readonly BinaryListValues?: readonly Uint8Array[]
}

export type MessageAttributes = Readonly<Record<string, MessageAttributeValue>>
export type TextMap = Readonly<Record<string, string>>
/** An object being put together. */
export type Draft<T> = { -readonly [Name in keyof T]: T[Name] }
/** What an action without output answers. */
export type Nothing = Readonly<Record<never, never>>

/** A queue's URL, its ARN or its bare name: it is found by its name alone. */
export interface OneQueue {
  readonly QueueUrl: string
}

export interface MessageFields {
  readonly MessageBody: string
  /** 0–900, on standard queues; absent: the queue's DelaySeconds. */
  readonly DelaySeconds?: number
  readonly MessageAttributes?: MessageAttributes
  /** Only `AWSTraceHeader`, of type String. */
  readonly MessageSystemAttributes?: MessageAttributes
  readonly MessageDeduplicationId?: string
  readonly MessageGroupId?: string
}

export interface SentFields {
  readonly MessageId: string
  readonly MD5OfMessageBody: string
  readonly MD5OfMessageAttributes?: string
  readonly MD5OfMessageSystemAttributes?: string
  /** FIFO queues only: 20 digits, rising. */
  readonly SequenceNumber?: string
}

export interface SendMessageInput extends OneQueue, MessageFields {}
export interface SendMessageOutput extends SentFields {}

export interface BatchEntry {
  readonly Id: string
}
/** An entry that failed alone. */
export interface BatchFailure extends BatchEntry {
  readonly SenderFault: boolean
  readonly Code: string
  readonly Message: string
}
export interface BatchInput<Entry extends BatchEntry> extends OneQueue {
  readonly Entries: readonly Entry[]
}
export interface BatchOutput<Entry extends BatchEntry> {
  readonly Successful?: readonly Entry[]
  readonly Failed?: readonly BatchFailure[]
}

export interface SendMessageBatchEntry extends BatchEntry, MessageFields {}
export interface SendMessageBatchResultEntry extends BatchEntry, SentFields {}
export type SendMessageBatchInput = BatchInput<SendMessageBatchEntry>
export type SendMessageBatchOutput = BatchOutput<SendMessageBatchResultEntry>

export interface ReceiveMessageInput extends OneQueue {
  /** System attributes; the older name of `MessageSystemAttributeNames`. Both together count. */
  readonly AttributeNames?: readonly string[]
  readonly MessageSystemAttributeNames?: readonly string[]
  /** Names, `All`, or prefixes such as `foo.*`. */
  readonly MessageAttributeNames?: readonly string[]
  /** 1–10; absent: 1. */
  readonly MaxNumberOfMessages?: number
  /** 0–43200; absent: the queue's. */
  readonly VisibilityTimeout?: number
  /** 0–20; absent: the queue's ReceiveMessageWaitTimeSeconds. */
  readonly WaitTimeSeconds?: number
  readonly ReceiveRequestAttemptId?: string
}
export interface Message {
  readonly MessageId: string
  readonly ReceiptHandle: string
  readonly MD5OfBody: string
  readonly Body: string
  readonly Attributes?: TextMap
  /** Of the attributes returned here. */
  readonly MD5OfMessageAttributes?: string
  readonly MessageAttributes?: MessageAttributes
}
export interface ReceiveMessageOutput {
  readonly Messages?: readonly Message[]
}

export interface DeleteMessageInput extends OneQueue {
  readonly ReceiptHandle: string
}
export interface DeleteMessageBatchEntry extends BatchEntry {
  readonly ReceiptHandle: string
}
export type DeleteMessageBatchInput = BatchInput<DeleteMessageBatchEntry>
export type DeleteMessageBatchOutput = BatchOutput<BatchEntry>

export interface ChangeMessageVisibilityInput extends OneQueue {
  readonly ReceiptHandle: string
  /** 0–43200. */
  readonly VisibilityTimeout: number
}
export interface ChangeMessageVisibilityBatchEntry extends BatchEntry {
  readonly ReceiptHandle: string
  /** Absent means 0: Go's SDK leaves out zeros. */
  readonly VisibilityTimeout?: number
}
export type ChangeMessageVisibilityBatchInput = BatchInput<ChangeMessageVisibilityBatchEntry>
export type ChangeMessageVisibilityBatchOutput = BatchOutput<BatchEntry>

export interface CreateQueueInput {
  readonly QueueName: string
  readonly Attributes?: TextMap
  /** Lower case in SQS too. */
  readonly tags?: TextMap
}
export interface QueueUrlOutput {
  readonly QueueUrl: string
}
export interface GetQueueUrlInput {
  readonly QueueName: string
  /** Any account is the broker's own. */
  readonly QueueOwnerAWSAccountId?: string
}
export interface GetQueueAttributesInput extends OneQueue {
  /** None asked, none returned; `All` for every one. */
  readonly AttributeNames?: readonly string[]
}
export interface GetQueueAttributesOutput {
  readonly Attributes?: TextMap
}
export interface SetQueueAttributesInput extends OneQueue {
  readonly Attributes: TextMap
}

export interface PageInput {
  readonly NextToken?: string
  /** 1–1000; only with it there is a `NextToken` in the answer. */
  readonly MaxResults?: number
}
export interface ListQueuesInput extends PageInput {
  readonly QueueNamePrefix?: string
}
export interface ListQueuesOutput {
  readonly QueueUrls?: readonly string[]
  readonly NextToken?: string
}
export interface ListDeadLetterSourceQueuesInput extends OneQueue, PageInput {}
export interface ListDeadLetterSourceQueuesOutput {
  /** Lower case in SQS too. */
  readonly queueUrls?: readonly string[]
  readonly NextToken?: string
}

export interface TagQueueInput extends OneQueue {
  readonly Tags: TextMap
}
export interface UntagQueueInput extends OneQueue {
  readonly TagKeys: readonly string[]
}
export interface ListQueueTagsOutput {
  readonly Tags?: TextMap
}

export interface AddPermissionInput extends OneQueue {
  readonly Label: string
  readonly AWSAccountIds: readonly string[]
  readonly Actions: readonly string[]
}
export interface RemovePermissionInput extends OneQueue {
  readonly Label: string
}

export interface StartMessageMoveTaskInput {
  readonly SourceArn: string
  /** Absent: each message returns to the queue it came from. */
  readonly DestinationArn?: string
  /** 1–500. */
  readonly MaxNumberOfMessagesPerSecond?: number
}
export interface StartMessageMoveTaskOutput {
  readonly TaskHandle: string
}
export interface CancelMessageMoveTaskInput {
  readonly TaskHandle: string
}
export interface CancelMessageMoveTaskOutput {
  readonly ApproximateNumberOfMessagesMoved: number
}
export interface ListMessageMoveTasksInput {
  readonly SourceArn: string
  /** 1–10; absent: 1. */
  readonly MaxResults?: number
}
export interface MessageMoveTask {
  /** Only while it runs. */
  readonly TaskHandle?: string
  readonly Status: string
  readonly SourceArn: string
  readonly DestinationArn?: string
  readonly MaxNumberOfMessagesPerSecond?: number
  readonly ApproximateNumberOfMessagesMoved: number
  readonly ApproximateNumberOfMessagesToMove: number
  readonly FailureReason?: string
  /** Milliseconds since 1970. */
  readonly StartedTimestamp: number
}
export interface ListMessageMoveTasksOutput {
  readonly Results?: readonly MessageMoveTask[]
}

/** Every action: its input, its output. */
export interface Api {
  readonly AddPermission: readonly [AddPermissionInput, Nothing]
  readonly CancelMessageMoveTask: readonly [CancelMessageMoveTaskInput, CancelMessageMoveTaskOutput]
  readonly ChangeMessageVisibility: readonly [ChangeMessageVisibilityInput, Nothing]
  readonly ChangeMessageVisibilityBatch: readonly [
    ChangeMessageVisibilityBatchInput,
    ChangeMessageVisibilityBatchOutput,
  ]
  readonly CreateQueue: readonly [CreateQueueInput, QueueUrlOutput]
  readonly DeleteMessage: readonly [DeleteMessageInput, Nothing]
  readonly DeleteMessageBatch: readonly [DeleteMessageBatchInput, DeleteMessageBatchOutput]
  readonly DeleteQueue: readonly [OneQueue, Nothing]
  readonly GetQueueAttributes: readonly [GetQueueAttributesInput, GetQueueAttributesOutput]
  readonly GetQueueUrl: readonly [GetQueueUrlInput, QueueUrlOutput]
  readonly ListDeadLetterSourceQueues: readonly [
    ListDeadLetterSourceQueuesInput,
    ListDeadLetterSourceQueuesOutput,
  ]
  readonly ListMessageMoveTasks: readonly [ListMessageMoveTasksInput, ListMessageMoveTasksOutput]
  readonly ListQueueTags: readonly [OneQueue, ListQueueTagsOutput]
  readonly ListQueues: readonly [ListQueuesInput, ListQueuesOutput]
  readonly PurgeQueue: readonly [OneQueue, Nothing]
  readonly ReceiveMessage: readonly [ReceiveMessageInput, ReceiveMessageOutput]
  readonly RemovePermission: readonly [RemovePermissionInput, Nothing]
  readonly SendMessage: readonly [SendMessageInput, SendMessageOutput]
  readonly SendMessageBatch: readonly [SendMessageBatchInput, SendMessageBatchOutput]
  readonly SetQueueAttributes: readonly [SetQueueAttributesInput, Nothing]
  readonly StartMessageMoveTask: readonly [StartMessageMoveTaskInput, StartMessageMoveTaskOutput]
  readonly TagQueue: readonly [TagQueueInput, Nothing]
  readonly UntagQueue: readonly [UntagQueueInput, Nothing]
}

export type ActionName = keyof Api
export type Input<Action extends ActionName> = Api[Action][0]
export type Output<Action extends ActionName> = Api[Action][1]
