/**
 * The 23 actions as values: the shape of every input and output, with the names that each protocol uses. JSON
 * names members as api.ts does. Query flattens lists and maps: a list `AttributeNames` travels as
 * `AttributeName.1`, `AttributeName.2`, …, a map as `Tag.1.Key` and `Tag.1.Value`; its XML repeats elements of
 * those names. The order of members is the order of elements in XML.
 */

import type {
  ActionName,
  BatchEntry,
  BatchFailure,
  ChangeMessageVisibilityBatchEntry,
  DeleteMessageBatchEntry,
  Input,
  Message,
  MessageAttributeValue,
  MessageMoveTask,
  Nothing,
  Output,
  SendMessageBatchEntry,
  SendMessageBatchResultEntry,
} from './api.ts'

export interface ScalarShape {
  readonly type: 'string' | 'integer' | 'boolean' | 'blob'
}
export interface ListShape {
  readonly type: 'list'
  readonly item: Shape
  /** The repeated name in Query and XML. */
  readonly query: string
}
export interface MapShape {
  readonly type: 'map'
  readonly value: Shape
  readonly query: string
  /** What Query and XML call a key. */
  readonly key: 'Name' | 'Key'
}
export interface StructureShape {
  readonly type: 'structure'
  readonly members: readonly Member[]
  readonly required: readonly string[]
}
export interface Member {
  readonly name: string
  readonly shape: Shape
}
export type Shape = ScalarShape | ListShape | MapShape | StructureShape

const text: Shape = { type: 'string' }
const integer: Shape = { type: 'integer' }
const boolean: Shape = { type: 'boolean' }
const blob: Shape = { type: 'blob' }

function list(query: string, item: Shape = text): ListShape {
  return { type: 'list', item, query }
}

function map(query: string, key: MapShape['key'], value: Shape = text): MapShape {
  return { type: 'map', value, query, key }
}

function structure<T>(
  shapes: { readonly [Name in keyof T]-?: Shape },
  required: readonly (keyof T & string)[] = [],
): StructureShape {
  const members = Object.entries<Shape>(shapes).map(([name, shape]) => ({ name, shape }))
  return { type: 'structure', members, required }
}

const queueUrl = { QueueUrl: text }
const queueAttributes = map('Attribute', 'Name')
const tags = map('Tag', 'Key')

const messageAttribute = structure<MessageAttributeValue>({
  StringValue: text,
  BinaryValue: blob,
  StringListValues: list('StringListValue'),
  BinaryListValues: list('BinaryListValue', blob),
  DataType: text,
})

const messageFields = {
  MessageBody: text,
  DelaySeconds: integer,
  MessageAttributes: map('MessageAttribute', 'Name', messageAttribute),
  MessageSystemAttributes: map('MessageSystemAttribute', 'Name', messageAttribute),
  MessageDeduplicationId: text,
  MessageGroupId: text,
}

const sentFields = {
  MessageId: text,
  MD5OfMessageBody: text,
  MD5OfMessageAttributes: text,
  MD5OfMessageSystemAttributes: text,
  SequenceNumber: text,
}

const pageFields = { NextToken: text, MaxResults: integer }

/** An entry's members are checked by the batch itself: most of its mistakes fail it alone. */
const sendEntry = structure<SendMessageBatchEntry>({ Id: text, ...messageFields })
const deleteEntry = structure<DeleteMessageBatchEntry>({ Id: text, ReceiptHandle: text })
const visibilityEntry = structure<ChangeMessageVisibilityBatchEntry>({
  Id: text,
  ReceiptHandle: text,
  VisibilityTimeout: integer,
})

export const inputs: { readonly [Action in ActionName]: StructureShape } = {
  AddPermission: structure<Input<'AddPermission'>>(
    { ...queueUrl, Label: text, AWSAccountIds: list('AWSAccountId'), Actions: list('ActionName') },
    ['QueueUrl', 'Label', 'AWSAccountIds', 'Actions'],
  ),
  CancelMessageMoveTask: structure<Input<'CancelMessageMoveTask'>>({ TaskHandle: text }, ['TaskHandle']),
  ChangeMessageVisibility: structure<Input<'ChangeMessageVisibility'>>(
    { ...queueUrl, ReceiptHandle: text, VisibilityTimeout: integer },
    ['QueueUrl', 'ReceiptHandle', 'VisibilityTimeout'],
  ),
  ChangeMessageVisibilityBatch: structure<Input<'ChangeMessageVisibilityBatch'>>(
    { ...queueUrl, Entries: list('ChangeMessageVisibilityBatchRequestEntry', visibilityEntry) },
    ['QueueUrl'],
  ),
  CreateQueue: structure<Input<'CreateQueue'>>({ QueueName: text, Attributes: queueAttributes, tags }, [
    'QueueName',
  ]),
  DeleteMessage: structure<Input<'DeleteMessage'>>({ ...queueUrl, ReceiptHandle: text }, [
    'QueueUrl',
    'ReceiptHandle',
  ]),
  DeleteMessageBatch: structure<Input<'DeleteMessageBatch'>>(
    { ...queueUrl, Entries: list('DeleteMessageBatchRequestEntry', deleteEntry) },
    ['QueueUrl'],
  ),
  DeleteQueue: structure<Input<'DeleteQueue'>>(queueUrl, ['QueueUrl']),
  GetQueueAttributes: structure<Input<'GetQueueAttributes'>>(
    { ...queueUrl, AttributeNames: list('AttributeName') },
    ['QueueUrl'],
  ),
  GetQueueUrl: structure<Input<'GetQueueUrl'>>({ QueueName: text, QueueOwnerAWSAccountId: text }, [
    'QueueName',
  ]),
  ListDeadLetterSourceQueues: structure<Input<'ListDeadLetterSourceQueues'>>({ ...queueUrl, ...pageFields }, [
    'QueueUrl',
  ]),
  ListMessageMoveTasks: structure<Input<'ListMessageMoveTasks'>>({ SourceArn: text, MaxResults: integer }, [
    'SourceArn',
  ]),
  ListQueueTags: structure<Input<'ListQueueTags'>>(queueUrl, ['QueueUrl']),
  ListQueues: structure<Input<'ListQueues'>>({ QueueNamePrefix: text, ...pageFields }),
  PurgeQueue: structure<Input<'PurgeQueue'>>(queueUrl, ['QueueUrl']),
  ReceiveMessage: structure<Input<'ReceiveMessage'>>(
    {
      ...queueUrl,
      AttributeNames: list('AttributeName'),
      MessageSystemAttributeNames: list('MessageSystemAttributeName'),
      MessageAttributeNames: list('MessageAttributeName'),
      MaxNumberOfMessages: integer,
      VisibilityTimeout: integer,
      WaitTimeSeconds: integer,
      ReceiveRequestAttemptId: text,
    },
    ['QueueUrl'],
  ),
  RemovePermission: structure<Input<'RemovePermission'>>({ ...queueUrl, Label: text }, ['QueueUrl', 'Label']),
  SendMessage: structure<Input<'SendMessage'>>({ ...queueUrl, ...messageFields }, [
    'QueueUrl',
    'MessageBody',
  ]),
  SendMessageBatch: structure<Input<'SendMessageBatch'>>(
    { ...queueUrl, Entries: list('SendMessageBatchRequestEntry', sendEntry) },
    ['QueueUrl'],
  ),
  SetQueueAttributes: structure<Input<'SetQueueAttributes'>>({ ...queueUrl, Attributes: queueAttributes }, [
    'QueueUrl',
    'Attributes',
  ]),
  StartMessageMoveTask: structure<Input<'StartMessageMoveTask'>>(
    { SourceArn: text, DestinationArn: text, MaxNumberOfMessagesPerSecond: integer },
    ['SourceArn'],
  ),
  TagQueue: structure<Input<'TagQueue'>>({ ...queueUrl, Tags: tags }, ['QueueUrl', 'Tags']),
  UntagQueue: structure<Input<'UntagQueue'>>({ ...queueUrl, TagKeys: list('TagKey') }, [
    'QueueUrl',
    'TagKeys',
  ]),
}

const nothing = structure<Nothing>({})
const entryId = structure<BatchEntry>({ Id: text })
const failure = structure<BatchFailure>({ Id: text, SenderFault: boolean, Code: text, Message: text })

function batchOutput(resultEntry: string, result: StructureShape): StructureShape {
  return structure<Output<'SendMessageBatch'>>({
    Successful: list(resultEntry, result),
    Failed: list('BatchResultErrorEntry', failure),
  })
}

const message = structure<Message>({
  MessageId: text,
  ReceiptHandle: text,
  MD5OfBody: text,
  Body: text,
  Attributes: queueAttributes,
  MD5OfMessageAttributes: text,
  MessageAttributes: map('MessageAttribute', 'Name', messageAttribute),
})

const moveTask = structure<MessageMoveTask>({
  TaskHandle: text,
  Status: text,
  SourceArn: text,
  DestinationArn: text,
  MaxNumberOfMessagesPerSecond: integer,
  ApproximateNumberOfMessagesMoved: integer,
  ApproximateNumberOfMessagesToMove: integer,
  FailureReason: text,
  StartedTimestamp: integer,
})

export const outputs: { readonly [Action in ActionName]: StructureShape } = {
  AddPermission: nothing,
  CancelMessageMoveTask: structure<Output<'CancelMessageMoveTask'>>({
    ApproximateNumberOfMessagesMoved: integer,
  }),
  ChangeMessageVisibility: nothing,
  ChangeMessageVisibilityBatch: batchOutput('ChangeMessageVisibilityBatchResultEntry', entryId),
  CreateQueue: structure<Output<'CreateQueue'>>(queueUrl),
  DeleteMessage: nothing,
  DeleteMessageBatch: batchOutput('DeleteMessageBatchResultEntry', entryId),
  DeleteQueue: nothing,
  GetQueueAttributes: structure<Output<'GetQueueAttributes'>>({ Attributes: queueAttributes }),
  GetQueueUrl: structure<Output<'GetQueueUrl'>>(queueUrl),
  ListDeadLetterSourceQueues: structure<Output<'ListDeadLetterSourceQueues'>>({
    queueUrls: list('QueueUrl'),
    NextToken: text,
  }),
  ListMessageMoveTasks: structure<Output<'ListMessageMoveTasks'>>({
    Results: list('ListMessageMoveTasksResultEntry', moveTask),
  }),
  ListQueueTags: structure<Output<'ListQueueTags'>>({ Tags: tags }),
  ListQueues: structure<Output<'ListQueues'>>({ QueueUrls: list('QueueUrl'), NextToken: text }),
  PurgeQueue: nothing,
  ReceiveMessage: structure<Output<'ReceiveMessage'>>({ Messages: list('Message', message) }),
  RemovePermission: nothing,
  SendMessage: structure<Output<'SendMessage'>>(sentFields),
  SendMessageBatch: batchOutput(
    'SendMessageBatchResultEntry',
    structure<SendMessageBatchResultEntry>({ Id: text, ...sentFields }),
  ),
  SetQueueAttributes: nothing,
  StartMessageMoveTask: structure<Output<'StartMessageMoveTask'>>({ TaskHandle: text }),
  TagQueue: nothing,
  UntagQueue: nothing,
}

/** For checks such as AddPermission's; the wire's own look-up is {@link isAction}. */
export function isAction(name: string): name is ActionName {
  return Object.hasOwn(inputs, name)
}

/** Whether the action's input names a queue by URL, which may then also stand in the request's path. */
export function takesQueue(action: ActionName): boolean {
  return inputs[action].members[0]?.name === 'QueueUrl'
}
