/** AddPermission and RemovePermission: statements in the queue's policy, found by their label. */

import { isMap, parseJson } from './attributes.ts'
import type { AddPermissionCommand } from './command.ts'
import type { Emit } from './decide.ts'
import { POLICY_STATEMENTS_MAX } from './limits.ts'
import type { Problem } from './problem.ts'
import type { Queue } from './queue.ts'
import { redefine } from './queues.ts'

interface Policy {
  readonly [member: string]: unknown
  readonly Statement: readonly Readonly<Record<string, unknown>>[]
}

export function decideAddPermission(
  queue: Queue,
  command: AddPermissionCommand,
  now: number,
  emit: Emit,
): Problem | undefined {
  const policy = policyOf(queue, command.queueArn)
  if (policy.Statement.some((statement) => statement['Sid'] === command.label)) {
    return invalidLabel(command.label, 'Already exists.')
  }
  const statements = [...policy.Statement, statementOf(command)]
  if (statements.length > POLICY_STATEMENTS_MAX) {
    return {
      problem: 'OverLimit',
      text: `${statements.length} statements was found, maximum allowed is ${POLICY_STATEMENTS_MAX}.`,
    }
  }
  setPolicy(queue, { ...policy, Statement: statements }, now, emit)
  return undefined
}

export function decideRemovePermission(
  queue: Queue,
  label: string,
  now: number,
  emit: Emit,
): Problem | undefined {
  const policy = policyOf(queue, '')
  const statements = policy.Statement.filter((statement) => statement['Sid'] !== label)
  if (statements.length === policy.Statement.length) return invalidLabel(label, "can't find label.")
  setPolicy(queue, { ...policy, Statement: statements }, now, emit)
  return undefined
}

function policyOf(queue: Queue, queueArn: string): Policy {
  const set = parseJson(queue.definition.attributes['Policy'] ?? '')
  if (!isMap(set)) return { Version: '2008-10-17', Id: `${queueArn}/SQSDefaultPolicy`, Statement: [] }
  const statements = [set['Statement'] ?? []].flat()
  return { ...set, Statement: statements.filter(isMap) }
}

function statementOf(command: AddPermissionCommand): Readonly<Record<string, unknown>> {
  const principals = command.accountIds.map((id) => `arn:aws:iam::${id}:root`)
  const actions = command.actions.map((action) => `SQS:${action}`)
  return {
    Sid: command.label,
    Effect: 'Allow',
    Principal: { AWS: oneOrList(principals) },
    Action: oneOrList(actions),
    Resource: command.queueArn,
  }
}

function oneOrList(values: readonly string[]): string | readonly string[] {
  return values.length === 1 ? values[0]! : values
}

function setPolicy(queue: Queue, policy: Policy, now: number, emit: Emit): void {
  const { Policy: _, ...others } = queue.definition.attributes
  const attributes = policy.Statement.length === 0 ? others : { ...others, Policy: JSON.stringify(policy) }
  redefine(queue, { attributes }, now, emit)
}

function invalidLabel(label: string, reason: string): Problem {
  return { problem: 'InvalidParameter', parameter: 'Label', value: label, reason }
}
