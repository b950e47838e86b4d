/** CancelMessageMoveTask: stops a running task; what it has moved stays moved. */

import type { CancelMessageMoveTaskInput, CancelMessageMoveTaskOutput } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { decodeHandle, missingSource } from '../move-task.ts'

export async function cancelMessageMoveTask(
  context: Context,
  input: CancelMessageMoveTaskInput,
): Promise<CancelMessageMoveTaskOutput> {
  const { taskId, sourceArn } = decodeHandle(input.TaskHandle)
  const source = queueName(sourceArn)
  const { moved } = await ask<'cancelMoveTask'>(context, { kind: 'cancelMoveTask', source, taskId }).catch(
    missingSource,
  )
  return { ApproximateNumberOfMessagesMoved: moved }
}
