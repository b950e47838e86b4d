/** StartMessageMoveTask: moves a dead-letter queue's messages elsewhere, or back to where each came from. */

import type { StartMoveTaskCommand } from '../../queue/command.ts'
import { MOVE_RATE_MAX } from '../../queue/limits.ts'
import type { Draft, StartMessageMoveTaskInput, StartMessageMoveTaskOutput } from '../api.ts'
import { ask, type Context } from '../context.ts'
import { encodeHandle, missingSource, nameInArn } from '../move-task.ts'
import { checkMoveRate } from '../range.ts'

export async function startMessageMoveTask(
  context: Context,
  input: StartMessageMoveTaskInput,
): Promise<StartMessageMoveTaskOutput> {
  const { SourceArn: sourceArn, DestinationArn: destinationArn, MaxNumberOfMessagesPerSecond: rate } = input
  checkMoveRate(rate, MOVE_RATE_MAX)
  const command: Draft<StartMoveTaskCommand> = {
    kind: 'startMoveTask',
    source: nameInArn('SourceArn', sourceArn),
    sourceArn,
    taskId: context.random.uuid(),
  }
  if (destinationArn !== undefined && destinationArn !== '') {
    command.destination = nameInArn('DestinationArn', destinationArn)
    command.destinationArn = destinationArn
  }
  if (rate !== undefined) command.messagesPerSecondMax = rate
  const { taskId } = await ask<'startMoveTask'>(context, command).catch(missingSource)
  return { TaskHandle: encodeHandle({ taskId, sourceArn }) }
}
