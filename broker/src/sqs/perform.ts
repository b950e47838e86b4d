/**
 * The one way to carry out an action, whatever protocol it came by: required members are there, the action runs,
 * and of a refused request the queue's existence is reported first, because a missing queue comes before every
 * other mistake.
 */

import { addPermission } from './actions/addPermission.ts'
import { cancelMessageMoveTask } from './actions/cancelMessageMoveTask.ts'
import { changeMessageVisibility } from './actions/changeMessageVisibility.ts'
import { changeMessageVisibilityBatch } from './actions/changeMessageVisibilityBatch.ts'
import { createQueue } from './actions/createQueue.ts'
import { deleteMessage } from './actions/deleteMessage.ts'
import { deleteMessageBatch } from './actions/deleteMessageBatch.ts'
import { deleteQueue } from './actions/deleteQueue.ts'
import { getQueueAttributes } from './actions/getQueueAttributes.ts'
import { getQueueUrl } from './actions/getQueueUrl.ts'
import { listDeadLetterSourceQueues } from './actions/listDeadLetterSourceQueues.ts'
import { listMessageMoveTasks } from './actions/listMessageMoveTasks.ts'
import { listQueues } from './actions/listQueues.ts'
import { listQueueTags } from './actions/listQueueTags.ts'
import { purgeQueue } from './actions/purgeQueue.ts'
import { receiveMessage } from './actions/receiveMessage.ts'
import { removePermission } from './actions/removePermission.ts'
import { sendMessage } from './actions/sendMessage.ts'
import { sendMessageBatch } from './actions/sendMessageBatch.ts'
import { setQueueAttributes } from './actions/setQueueAttributes.ts'
import { startMessageMoveTask } from './actions/startMessageMoveTask.ts'
import { tagQueue } from './actions/tagQueue.ts'
import { untagQueue } from './actions/untagQueue.ts'
import type { ActionName, Input, Output } from './api.ts'
import { queueName } from './arn.ts'
import { ask, type Context } from './context.ts'
import { missingParameter, SqsError } from './errors.ts'
import { inputs } from './model.ts'

type Perform<Action extends ActionName> = (context: Context, input: Input<Action>) => Promise<Output<Action>>

const actions: { readonly [Action in ActionName]: Perform<Action> } = {
  AddPermission: addPermission,
  CancelMessageMoveTask: cancelMessageMoveTask,
  ChangeMessageVisibility: changeMessageVisibility,
  ChangeMessageVisibilityBatch: changeMessageVisibilityBatch,
  CreateQueue: createQueue,
  DeleteMessage: deleteMessage,
  DeleteMessageBatch: deleteMessageBatch,
  DeleteQueue: deleteQueue,
  GetQueueAttributes: getQueueAttributes,
  GetQueueUrl: getQueueUrl,
  ListDeadLetterSourceQueues: listDeadLetterSourceQueues,
  ListMessageMoveTasks: listMessageMoveTasks,
  ListQueueTags: listQueueTags,
  ListQueues: listQueues,
  PurgeQueue: purgeQueue,
  ReceiveMessage: receiveMessage,
  RemovePermission: removePermission,
  SendMessage: sendMessage,
  SendMessageBatch: sendMessageBatch,
  SetQueueAttributes: setQueueAttributes,
  StartMessageMoveTask: startMessageMoveTask,
  TagQueue: tagQueue,
  UntagQueue: untagQueue,
}

/** Rejects with an {@link SqsError} for a client's mistake and for an outcome that is not known. */
export async function perform<Action extends ActionName>(
  action: Action,
  context: Context,
  input: Input<Action>,
): Promise<Output<Action>> {
  try {
    requireMembers(action, input)
    return await actions[action](context, input)
  } catch (error) {
    if (error instanceof SqsError) await requireQueue(context, input, error)
    throw error
  }
}

function requireMembers(action: ActionName, input: object): void {
  const members = input as Readonly<Record<string, unknown>>
  for (const name of inputs[action].required) {
    if (members[name] === undefined) throw missingParameter(name)
  }
}

/** Rejects with QueueDoesNotExist where the refused request names a queue that is missing. */
async function requireQueue(context: Context, input: object, error: SqsError): Promise<void> {
  if (!('QueueUrl' in input) || typeof input.QueueUrl !== 'string') return
  if (error.shape === 'QueueDoesNotExist' || !error.senderFault) return
  await ask<'describeQueue'>(context, { kind: 'describeQueue', queue: queueName(input.QueueUrl) })
}
