/**
 * One typed client interface over two SDK generations, so that one test text speaks both protocols. An input and
 * an output look as the newest SDK types them; what an SDK makes up by itself (empty lists, metadata) is taken
 * off. Nothing is validated and nothing is retried here: the server must see what the test wrote.
 */

import type * as V3 from '@aws-sdk/client-sqs'

/** Every action, with its input and its output. */
export interface Actions {
  AddPermission: [V3.AddPermissionCommandInput, V3.AddPermissionCommandOutput]
  CancelMessageMoveTask: [V3.CancelMessageMoveTaskCommandInput, V3.CancelMessageMoveTaskCommandOutput]
  ChangeMessageVisibility: [V3.ChangeMessageVisibilityCommandInput, V3.ChangeMessageVisibilityCommandOutput]
  ChangeMessageVisibilityBatch: [
    V3.ChangeMessageVisibilityBatchCommandInput,
    V3.ChangeMessageVisibilityBatchCommandOutput,
  ]
  CreateQueue: [V3.CreateQueueCommandInput, V3.CreateQueueCommandOutput]
  DeleteMessage: [V3.DeleteMessageCommandInput, V3.DeleteMessageCommandOutput]
  DeleteMessageBatch: [V3.DeleteMessageBatchCommandInput, V3.DeleteMessageBatchCommandOutput]
  DeleteQueue: [V3.DeleteQueueCommandInput, V3.DeleteQueueCommandOutput]
  GetQueueAttributes: [V3.GetQueueAttributesCommandInput, V3.GetQueueAttributesCommandOutput]
  GetQueueUrl: [V3.GetQueueUrlCommandInput, V3.GetQueueUrlCommandOutput]
  ListDeadLetterSourceQueues: [
    V3.ListDeadLetterSourceQueuesCommandInput,
    V3.ListDeadLetterSourceQueuesCommandOutput,
  ]
  ListMessageMoveTasks: [V3.ListMessageMoveTasksCommandInput, V3.ListMessageMoveTasksCommandOutput]
  ListQueueTags: [V3.ListQueueTagsCommandInput, V3.ListQueueTagsCommandOutput]
  ListQueues: [V3.ListQueuesCommandInput, V3.ListQueuesCommandOutput]
  PurgeQueue: [V3.PurgeQueueCommandInput, V3.PurgeQueueCommandOutput]
  ReceiveMessage: [V3.ReceiveMessageCommandInput, V3.ReceiveMessageCommandOutput]
  RemovePermission: [V3.RemovePermissionCommandInput, V3.RemovePermissionCommandOutput]
  SendMessage: [V3.SendMessageCommandInput, V3.SendMessageCommandOutput]
  SendMessageBatch: [V3.SendMessageBatchCommandInput, V3.SendMessageBatchCommandOutput]
  SetQueueAttributes: [V3.SetQueueAttributesCommandInput, V3.SetQueueAttributesCommandOutput]
  StartMessageMoveTask: [V3.StartMessageMoveTaskCommandInput, V3.StartMessageMoveTaskCommandOutput]
  TagQueue: [V3.TagQueueCommandInput, V3.TagQueueCommandOutput]
  UntagQueue: [V3.UntagQueueCommandInput, V3.UntagQueueCommandOutput]
}

export type Action = keyof Actions
export type Input<A extends Action> = Actions[A][0]
export type Output<A extends Action> = Omit<Actions[A][1], '$metadata'>
export type Protocol = 'JSON' | 'Query'

/** The answer as it came over the wire, for what SDKs hide: absent members, headers, the XML itself. */
export interface Wire {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>
}

export interface Sqs {
  readonly protocol: Protocol
  call<A extends Action>(action: A, input: Input<A>, options?: CallOptions): Promise<Output<A>>
  /** The newest answer of this client. */
  lastWire(): Wire
  close(): void
}

/** What a server refused, in the same words whichever SDK reported it. */
export class SqsError extends Error {
  override readonly name = 'SqsError'
  /** The legacy code: `x-amzn-query-error` before the semicolon, or `<Code>`. */
  readonly code: string
  /** `__type` behind the namespace; only JSON has it. */
  readonly shape: string | undefined
  readonly status: number
  /** `Sender` or `Receiver`. */
  readonly fault: string

  constructor(refusal: { code: string; shape?: string; status: number; message: string; fault: string }) {
    super(refusal.message)
    this.code = refusal.code
    this.shape = refusal.shape
    this.status = refusal.status
    this.fault = refusal.fault
  }
}

export const REGION = 'us-east-1'
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const
