/**
 * The queue attributes that SQS knows: their defaults and ranges, and which are only for FIFO queues. What a
 * client sets is validated whole before anything is applied.
 *
 * Stored only, because they mean nothing here: KmsMasterKeyId, KmsDataKeyReusePeriodSeconds, SqsManagedSseEnabled
 * and FifoThroughputLimit (no throughput is limited). Policy is stored; checking it is the door's business.
 */

import { queueNameOf } from './arn.ts'
import {
  DELAY_SECONDS_MAX,
  MAX_RECEIVE_COUNT_MAX,
  MESSAGE_BYTES_LIMIT_MIN,
  MESSAGE_BYTES_MAX,
  POLICY_BYTES_MAX,
  REDRIVE_SOURCES_MAX,
  RETENTION_SECONDS_MAX,
  RETENTION_SECONDS_MIN,
  VISIBILITY_SECONDS_MAX,
  WAIT_SECONDS_MAX,
} from './limits.ts'
import type { Problem } from './problem.ts'

type Attributes = Readonly<Record<string, string>>

/** What an attribute may hold. `always`: listed with its default when it was never set. */
interface Rule {
  readonly default?: string
  readonly always?: boolean
  readonly fifoOnly?: boolean
  readonly range?: readonly [min: number, max: number]
  readonly oneOf?: readonly string[]
  /** Another check; the whole value is at hand and what is wrong is answered. */
  readonly check?: (name: string, value: string) => Problem | undefined
}

const BOOLEAN = ['true', 'false'] as const

const RULES: Readonly<Record<string, Rule>> = {
  VisibilityTimeout: { default: '30', always: true, range: [0, VISIBILITY_SECONDS_MAX] },
  MaximumMessageSize: {
    default: String(MESSAGE_BYTES_MAX),
    always: true,
    range: [MESSAGE_BYTES_LIMIT_MIN, MESSAGE_BYTES_MAX],
  },
  MessageRetentionPeriod: {
    default: '345600',
    always: true,
    range: [RETENTION_SECONDS_MIN, RETENTION_SECONDS_MAX],
  },
  DelaySeconds: { default: '0', always: true, range: [0, DELAY_SECONDS_MAX] },
  ReceiveMessageWaitTimeSeconds: { default: '0', always: true, range: [0, WAIT_SECONDS_MAX] },
  SqsManagedSseEnabled: { default: 'true', always: true, oneOf: BOOLEAN },
  Policy: { check: checkPolicy },
  RedrivePolicy: { check: checkRedrivePolicy },
  RedriveAllowPolicy: { check: checkRedriveAllowPolicy },
  KmsMasterKeyId: {},
  KmsDataKeyReusePeriodSeconds: { default: '300', range: [60, 86_400] },
  FifoQueue: { fifoOnly: true, always: true, oneOf: BOOLEAN },
  ContentBasedDeduplication: { default: 'false', always: true, fifoOnly: true, oneOf: BOOLEAN },
  DeduplicationScope: { default: 'queue', always: true, fifoOnly: true, oneOf: ['queue', 'messageGroup'] },
  FifoThroughputLimit: {
    default: 'perQueue',
    always: true,
    fifoOnly: true,
    oneOf: ['perQueue', 'perMessageGroupId'],
  },
}

/** An empty text removes these. */
const REMOVABLE = new Set(['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'])

/** The value that an attribute has when it was never set; an empty text where it then is absent. */
export function defaultOf(name: string): string {
  return RULES[name]?.default ?? ''
}

/** Every attribute that is listed for a queue with these set ones. */
export function listedAttributes(set: Attributes, fifo: boolean): Record<string, string> {
  const listed: Record<string, string> = {}
  for (const [name, rule] of Object.entries(RULES)) {
    if (rule.fifoOnly === true && !fifo) continue
    const value = name === 'FifoQueue' ? 'true' : (set[name] ?? (rule.always ? rule.default : undefined))
    if (value !== undefined) listed[name] = value
  }
  if (set['KmsMasterKeyId'] !== undefined) listed['SqsManagedSseEnabled'] = 'false'
  return listed
}

/**
 * What a client wants set, checked by itself and brought to one form (`True` becomes `true`). Which queue it is
 * for decides `fifo`; whether the dead-letter queue exists is asked elsewhere.
 */
export function validateAttributes(
  wanted: Attributes,
  fifo: boolean,
): Problem | { readonly valid: Attributes } {
  const valid: Record<string, string> = {}
  for (const [name, given] of Object.entries(wanted)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name]! : undefined
    if (rule === undefined) return { problem: 'UnknownAttribute', attribute: name }
    if (rule.fifoOnly === true && !fifo) return onlyForFifo(name)
    const value = rule.oneOf === BOOLEAN ? given.toLowerCase() : given
    if (!(value === '' && REMOVABLE.has(name))) {
      const problem = checkValue(name, rule, value)
      if (problem !== undefined) return problem
    }
    valid[name] = value
  }
  if ((valid['KmsMasterKeyId'] ?? '') !== '' && valid['SqsManagedSseEnabled'] === 'true') {
    return {
      problem: 'InvalidAttributeName',
      text: 'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
    }
  }
  return { valid }
}

/** The rules between attributes, on what a queue would have after a change. */
export function validateTogether(set: Attributes): Problem | undefined {
  if (set['FifoThroughputLimit'] === 'perMessageGroupId' && set['DeduplicationScope'] !== 'messageGroup') {
    return {
      problem: 'InvalidAttributeValue',
      attribute: 'FifoThroughputLimit',
      reason: 'The FifoThroughputLimit perMessageGroupId requires DeduplicationScope to be messageGroup.',
    }
  }
  return undefined
}

/** `set` with `changes`; an empty text takes an attribute away. */
export function changedAttributes(set: Attributes, changes: Attributes): Attributes {
  const changed: Record<string, string> = { ...set }
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') delete changed[name]
    else changed[name] = value
  }
  if (changes['SqsManagedSseEnabled'] === 'true') delete changed['KmsMasterKeyId']
  return changed
}

/** True where two values of an attribute mean the same: JSON documents are compared as such. */
export function sameValue(a: string, b: string): boolean {
  if (a === b) return true
  const [left, right] = [parseJson(a), parseJson(b)]
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  return canonical(left) === canonical(right)
}

function onlyForFifo(name: string): Problem {
  if (name === 'DeduplicationScope' || name === 'FifoThroughputLimit') {
    return {
      problem: 'InvalidAttributeName',
      text: `You can specify the ${name} only when FifoQueue is set to true.`,
    }
  }
  return { problem: 'UnknownAttribute', attribute: name }
}

function checkValue(name: string, rule: Rule, value: string): Problem | undefined {
  if (rule.range !== undefined && !isWholeIn(value, rule.range)) {
    return { problem: 'InvalidAttributeValue', attribute: name }
  }
  if (rule.oneOf !== undefined && !rule.oneOf.includes(value)) {
    return { problem: 'InvalidAttributeValue', attribute: name }
  }
  return rule.check?.(name, value)
}

function isWholeIn(value: string, [min, max]: readonly [number, number]): boolean {
  return /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
}

function checkPolicy(name: string, value: string): Problem | undefined {
  const policy = parseJson(value)
  const isDocument = typeof policy === 'object' && policy !== null && !Array.isArray(policy)
  if (isDocument && Buffer.byteLength(value) <= POLICY_BYTES_MAX) return undefined
  return { problem: 'InvalidAttributeValue', attribute: name }
}

function checkRedrivePolicy(name: string, value: string): Problem | undefined {
  const invalid = (reason: string): Problem => ({
    problem: 'InvalidParameter',
    parameter: name,
    value,
    reason,
  })
  const policy = parseJson(value)
  if (!isMap(policy)) return invalid('Redrive policy is not a valid JSON map.')
  for (const member of ['deadLetterTargetArn', 'maxReceiveCount']) {
    if (!Object.hasOwn(policy, member)) {
      return invalid(`Redrive policy does not contain mandatory attribute: ${member}.`)
    }
  }
  if (Object.keys(policy).length > 2) {
    return invalid('Only following attributes are supported: [deadLetterTargetArn, maxReceiveCount].')
  }
  const count = String(policy['maxReceiveCount'])
  if (!isWholeIn(count, [1, MAX_RECEIVE_COUNT_MAX])) {
    return invalid(
      `Invalid value for maxReceiveCount: ${count}, valid values are from 1 to ${MAX_RECEIVE_COUNT_MAX} both inclusive.`,
    )
  }
  const target = policy['deadLetterTargetArn']
  if (typeof target !== 'string' || queueNameOf(target) === '') {
    return invalid('Invalid value for deadLetterTargetArn.')
  }
  return undefined
}

function checkRedriveAllowPolicy(name: string, value: string): Problem | undefined {
  const invalid = (reason: string): Problem => ({
    problem: 'InvalidParameter',
    parameter: name,
    value,
    reason,
  })
  const policy = parseJson(value)
  if (!isMap(policy)) return invalid('Redrive allow policy is not a valid JSON map.')
  const permission = policy['redrivePermission']
  if (permission !== 'allowAll' && permission !== 'denyAll' && permission !== 'byQueue') {
    return invalid('Redrive allow policy redrivePermission must be allowAll, denyAll or byQueue.')
  }
  const sources = policy['sourceQueueArns']
  if (permission !== 'byQueue') {
    return sources === undefined
      ? undefined
      : invalid('sourceQueueArns goes only with redrivePermission byQueue.')
  }
  const isList =
    Array.isArray(sources) && sources.every((arn) => typeof arn === 'string' && queueNameOf(arn) !== '')
  if (!isList || sources.length === 0 || sources.length > REDRIVE_SOURCES_MAX) {
    return invalid(`sourceQueueArns must list 1 to ${REDRIVE_SOURCES_MAX} queue ARNs.`)
  }
  return undefined
}

/** Whether a dead-letter queue with this RedriveAllowPolicy takes messages of the queue `source`. */
export function allowsRedriveFrom(policy: string | undefined, source: string): boolean {
  if (policy === undefined) return true
  const parsed = JSON.parse(policy) as { redrivePermission: string; sourceQueueArns?: readonly string[] }
  if (parsed.redrivePermission === 'byQueue') {
    return (parsed.sourceQueueArns ?? []).some((arn) => queueNameOf(arn) === source)
  }
  return parsed.redrivePermission === 'allowAll'
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (!isMap(value)) return JSON.stringify(String(value))
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`
}
