/**
 * What Kafka answers when it does not do what it was asked, by the protocol's own names. An error is not a no: an
 * append that was answered with REQUEST_TIMED_OUT may be in the log, and is there later (it was seen).
 */

import type { Library } from './library.ts'

const OFFSET_OUT_OF_RANGE = 1
const NAMES = new Map<number, string>([
  [OFFSET_OUT_OF_RANGE, 'OFFSET_OUT_OF_RANGE'],
  [3, 'UNKNOWN_TOPIC_OR_PARTITION'],
  [5, 'LEADER_NOT_AVAILABLE'],
  [6, 'NOT_LEADER_OR_FOLLOWER'],
  [7, 'REQUEST_TIMED_OUT'],
  [9, 'REPLICA_NOT_AVAILABLE'],
  [10, 'MESSAGE_TOO_LARGE'],
  [13, 'NETWORK_EXCEPTION'],
  [14, 'COORDINATOR_LOAD_IN_PROGRESS'],
  [15, 'COORDINATOR_NOT_AVAILABLE'],
  [16, 'NOT_COORDINATOR'],
  [19, 'NOT_ENOUGH_REPLICAS'],
  [20, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'],
  [29, 'TOPIC_AUTHORIZATION_FAILED'],
  [31, 'CLUSTER_AUTHORIZATION_FAILED'],
  [36, 'TOPIC_ALREADY_EXISTS'],
  [45, 'OUT_OF_ORDER_SEQUENCE_NUMBER'],
  [46, 'DUPLICATE_SEQUENCE_NUMBER'],
  [47, 'INVALID_PRODUCER_EPOCH'],
  [56, 'KAFKA_STORAGE_ERROR'],
  [59, 'UNKNOWN_PRODUCER_ID'],
  [74, 'FENCED_LEADER_EPOCH'],
  [75, 'UNKNOWN_LEADER_EPOCH'],
  [78, 'OFFSET_NOT_AVAILABLE'],
  [89, 'THROTTLING_QUOTA_EXCEEDED'],
  [100, 'UNKNOWN_TOPIC_ID'],
  [103, 'INCONSISTENT_TOPIC_ID'],
])
/** They pass: another node leads now, or the replicas come back. */
const PASSING = new Set([3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 56, 74, 75, 78, 89, 100, 103])

export class KafkaError extends Error {
  readonly code: number
  constructor(code: number, what: string, options?: ErrorOptions) {
    super(`${what}: ${NAMES.get(code) ?? `Kafka error ${code}`}`, options)
    this.name = 'KafkaError'
    this.code = code
  }

  /** Whether the same request, sent again, may succeed. */
  get passes(): boolean {
    return PASSING.has(this.code)
  }

  get outOfRange(): boolean {
    return this.code === OFFSET_OUT_OF_RANGE
  }
}

/** Nothing came of the request: no connection, or no answer in time. */
export class KafkaUnreachable extends Error {
  constructor(what: string, cause: unknown) {
    super(`${what}: ${cause instanceof Error ? reasonOf(cause) : String(cause)}`, { cause })
    this.name = 'KafkaUnreachable'
  }
}

/** Kafka does not let us in, or we do not trust it: that does not pass by waiting. */
export class KafkaRefused extends Error {
  constructor(what: string, reason: string, cause: unknown) {
    super(`${what}: ${reason}`, { cause })
    this.name = 'KafkaRefused'
  }
}

const CERTIFICATE_CODES = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** The library's error as ours. */
export function asKafkaError(library: Library, what: string, error: unknown): Error {
  if (error instanceof KafkaError || error instanceof KafkaUnreachable) return error
  const causes = causesOf(error)
  if (causes.some((cause) => cause instanceof library.AuthenticationError))
    return new KafkaRefused(what, 'authentication failed', error)
  const distrust = causes.find((cause) => CERTIFICATE_CODES.has(codeOf(cause)))
  if (distrust !== undefined) return new KafkaRefused(what, distrust.message, error)
  const found = error instanceof Error ? library.findErrorBy(error, 'code', library.ProtocolError.code) : null
  const code: unknown = found?.['apiCode']
  return typeof code === 'number'
    ? new KafkaError(code, what, { cause: error })
    : new KafkaUnreachable(what, error)
}

export function mayPass(error: unknown): boolean {
  return error instanceof KafkaError ? error.passes : error instanceof KafkaUnreachable
}

/** The error and what it came from, outermost first. */
function causesOf(error: unknown): readonly Error[] {
  return error instanceof Error ? [error, ...causesOf(error.cause)] : []
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : ''
}

/** The innermost reason says most: "connect ECONNREFUSED 127.0.0.1:9092". */
function reasonOf(error: Error): string {
  return causesOf(error).at(-1)!.message
}
