/** AddPermission: writes a statement into the queue's Policy, under a label by which it can be removed. */

import { PERMISSION_ACCOUNTS_MAX, POLICY_ACTIONS_MAX } from '../../queue/limits.ts'
import type { AddPermissionInput, Nothing } from '../api.ts'
import { queueArn, queueName } from '../arn.ts'
import { ask, type Context } from '../context.ts'
import { echo, invalidParameter, invalidParameterValue, missingParameter, SqsError } from '../errors.ts'
import { isAction } from '../model.ts'
import { isLabel } from '../text.ts'

const ACCOUNT = /^(?:\d{12}|\*)$/

export async function addPermission(context: Context, input: AddPermissionInput): Promise<Nothing> {
  const { Label: label, AWSAccountIds: accountIds, Actions: actions } = input
  if (!isLabel(label)) {
    throw invalidParameter(
      'Label',
      label,
      'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length',
    )
  }
  validateAccounts(accountIds)
  validateActions(actions)
  const queue = queueName(input.QueueUrl)
  const arn = queueArn(context.caller, queue)
  await ask<'addPermission'>(context, {
    kind: 'addPermission',
    queue,
    queueArn: arn,
    label,
    accountIds,
    actions,
  })
  return {}
}

function validateAccounts(accountIds: readonly string[]): void {
  if (accountIds.length === 0) throw missingParameter('AWSAccountIds')
  if (accountIds.length > PERMISSION_ACCOUNTS_MAX) {
    throw new SqsError(
      'OverLimit',
      `${accountIds.length} AWSAccountIds were found, maximum allowed is ${PERMISSION_ACCOUNTS_MAX}.`,
    )
  }
  const wrong = accountIds.find((id) => !ACCOUNT.test(id))
  if (wrong === undefined) return
  throw invalidParameterValue(
    `Value [${echo(wrong)}] for parameter PrincipalId is invalid. Reason: Unable to verify.`,
  )
}

function validateActions(actions: readonly string[]): void {
  if (actions.length === 0) throw missingParameter('Actions')
  if (actions.length > POLICY_ACTIONS_MAX) {
    throw new SqsError(
      'OverLimit',
      `${actions.length} Actions were found, maximum allowed is ${POLICY_ACTIONS_MAX}.`,
    )
  }
  const wrong = actions.find((action) => action !== '*' && !isAction(action))
  if (wrong === undefined) return
  const reason = 'Please refer to the appropriate WSDL for a list of valid actions.'
  throw invalidParameter('ActionName', `SQS:${wrong}`, reason)
}
