/** Ranges of numbers that a request may give and that need no queue to be judged; absent is always in range. */

import {
  DELAY_SECONDS_MAX,
  LIST_RESULTS_MAX,
  RECEIVE_MESSAGES_MAX,
  VISIBILITY_SECONDS_MAX,
  WAIT_SECONDS_MAX,
} from '../queue/limits.ts'
import { invalidParameter } from './errors.ts'

export function checkDelay(seconds: number | undefined): void {
  const reason = `DelaySeconds must be >= 0 and <= ${DELAY_SECONDS_MAX}.`
  check('DelaySeconds', seconds, 0, DELAY_SECONDS_MAX, reason)
}

export function checkVisibility(seconds: number | undefined): void {
  const reason = `Must be >= 0 and <= ${VISIBILITY_SECONDS_MAX}, if provided.`
  check('VisibilityTimeout', seconds, 0, VISIBILITY_SECONDS_MAX, reason)
}

export function checkWait(seconds: number | undefined): void {
  const reason = `Must be >= 0 and <= ${WAIT_SECONDS_MAX}, if provided.`
  check('WaitTimeSeconds', seconds, 0, WAIT_SECONDS_MAX, reason)
}

export function checkReceiveMax(count: number | undefined): void {
  const reason = `Must be between 1 and ${RECEIVE_MESSAGES_MAX}, if provided.`
  check('MaxNumberOfMessages', count, 1, RECEIVE_MESSAGES_MAX, reason)
}

export function checkMaxResults(count: number | undefined, max = LIST_RESULTS_MAX): void {
  check('MaxResults', count, 1, max, `Must be between 1 and ${max}, if provided.`)
}

export function checkMoveRate(perSecond: number | undefined, max: number): void {
  check('MaxNumberOfMessagesPerSecond', perSecond, 1, max, `Must be between 1 and ${max}, if provided.`)
}

/** Callers in process may give what no decoder lets through, such as fractions. */
function check(parameter: string, value: number | undefined, min: number, max: number, reason: string): void {
  if (value === undefined) return
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw invalidParameter(parameter, value, reason)
}
