/** ReceiveMessage: up to ten messages, hidden from others until their visibility timeout ends. */

import type { ReceiveCommand } from '../../queue/command.ts'
import type { Draft, ReceiveMessageInput, ReceiveMessageOutput } from '../api.ts'
import { queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { toMessage, wantedBy } from '../delivery.ts'
import { invalidId } from '../errors.ts'
import { checkReceiveMax, checkVisibility, checkWait } from '../range.ts'
import { isId } from '../text.ts'

export async function receiveMessage(
  context: Context,
  input: ReceiveMessageInput,
): Promise<ReceiveMessageOutput> {
  const command = receiveCommand(input)
  const wanted = wantedBy(input)
  // A signal costs something to make, and a receive that cannot wait has no use for it.
  const signal = command.waitSeconds === 0 ? undefined : context.signal
  const { messages } = await ask<'receive'>(context, command, signal)
  if (messages.length === 0) return {}
  return { Messages: messages.map((delivered) => toMessage(context, delivered, wanted)) }
}

function receiveCommand(input: ReceiveMessageInput): ReceiveCommand {
  const { MaxNumberOfMessages: max = 1, VisibilityTimeout, WaitTimeSeconds, ReceiveRequestAttemptId } = input
  checkReceiveMax(max)
  checkVisibility(VisibilityTimeout)
  checkWait(WaitTimeSeconds)
  const command: Draft<ReceiveCommand> = { kind: 'receive', queue: queueName(input.QueueUrl), max }
  if (VisibilityTimeout !== undefined) command.visibilitySeconds = VisibilityTimeout
  if (WaitTimeSeconds !== undefined) command.waitSeconds = WaitTimeSeconds
  if (ReceiveRequestAttemptId !== undefined) command.attemptId = attemptId(ReceiveRequestAttemptId)
  return command
}

function attemptId(id: string): string {
  if (isId(id)) return id
  throw invalidId('ReceiveRequestAttemptId', id)
}
