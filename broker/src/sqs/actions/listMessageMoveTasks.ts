/** ListMessageMoveTasks: the newest move tasks of a dead-letter queue, running or ended. */

import type { MoveTaskDescription } from '../../queue/command.ts'
import { MOVE_TASKS_KEPT } from '../../queue/limits.ts'
import type { Draft, ListMessageMoveTasksInput, ListMessageMoveTasksOutput, MessageMoveTask } from '../api.ts'
import { ask, type Context } from '../context.ts'
import { encodeHandle, missingSource, nameInArn } from '../move-task.ts'
import { checkMaxResults } from '../range.ts'

export async function listMessageMoveTasks(
  context: Context,
  input: ListMessageMoveTasksInput,
): Promise<ListMessageMoveTasksOutput> {
  const { SourceArn, MaxResults: limit = 1 } = input
  checkMaxResults(limit, MOVE_TASKS_KEPT)
  const source = nameInArn('SourceArn', SourceArn)
  const { tasks } = await ask<'listMoveTasks'>(context, { kind: 'listMoveTasks', source, limit }).catch(
    missingSource,
  )
  return tasks.length === 0 ? {} : { Results: tasks.map(describe) }
}

function describe(task: MoveTaskDescription): MessageMoveTask {
  const described: Draft<MessageMoveTask> = {
    Status: task.status,
    SourceArn: task.sourceArn,
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    StartedTimestamp: task.startedAt,
  }
  if (task.status === 'RUNNING') described.TaskHandle = encodeHandle(task)
  if (task.destinationArn !== undefined) described.DestinationArn = task.destinationArn
  if (task.messagesPerSecondMax !== undefined) {
    described.MaxNumberOfMessagesPerSecond = task.messagesPerSecondMax
  }
  if (task.failureReason !== undefined) described.FailureReason = task.failureReason
  return described
}
