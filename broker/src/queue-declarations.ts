/**
 * Queues as a config file declares them, read and checked as far as that needs no broker:
 *
 *     queues:
 *       orders:
 *         attributes: { VisibilityTimeout: 60 }
 *         tags: { team: shop }
 *         deadLetter: { queue: orders-failed, maxReceiveCount: 5 }
 *       orders-failed:
 *
 * A declaration says what a queue shall have; what it does not mention stays as it is. Nothing is ever deleted.
 */

import { EXIT, Failure } from './failure.ts'
import { nearest } from './nearest.ts'
import { isMap, validateAttributes } from './queue/attributes.ts'
import { MAX_RECEIVE_COUNT_MAX, QUEUE_NAME_CHARS_MAX } from './queue/limits.ts'
import { isProblem } from './queue/problem.ts'
import { validateTags } from './queue/tags.ts'
import { problemError } from './sqs/errors.ts'

export interface QueueDeclaration {
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly deadLetter: { readonly queue: string; readonly maxReceiveCount: number } | undefined
}

/** By name. */
export type QueueDeclarations = ReadonlyMap<string, QueueDeclaration>

export const QUEUE_NAME_EXPECTS = `a queue name: 1 to ${QUEUE_NAME_CHARS_MAX} letters, digits, "-" and "_", with ".fifo" at its end for a FIFO queue`

const NAME = /^[A-Za-z0-9_-]+(\.fifo)?$/

/** A queue of which nothing is said but that it shall be there. */
export const PLAIN_QUEUE: QueueDeclaration = { attributes: {}, tags: {}, deadLetter: undefined }

export function readQueueName(value: unknown): string | undefined {
  const name = typeof value === 'number' ? String(value) : value
  return typeof name === 'string' && NAME.test(name) && name.length <= QUEUE_NAME_CHARS_MAX ? name : undefined
}

export function isFifo(name: string): boolean {
  return name.endsWith('.fifo')
}

/** `file` stands in the sentences. Throws a {@link Failure}. */
export function readDeclarations(value: unknown, file: string): QueueDeclarations {
  const declarations = new Map<string, QueueDeclaration>()
  for (const [name, declared] of Object.entries(mapOf(value, `${file}: queues`))) {
    if (readQueueName(name) === undefined) throw mistake(`${file}: "${name}" is not ${QUEUE_NAME_EXPECTS}.`)
    declarations.set(name, readDeclaration(name, mapOf(declared, `${file}: queues.${name}`), file))
  }
  return declarations
}

const KEYS = ['attributes', 'tags', 'deadLetter'] as const
const DEAD_LETTER_KEYS = ['queue', 'maxReceiveCount'] as const

function readDeclaration(name: string, declared: Record<string, unknown>, file: string): QueueDeclaration {
  const where = `${file}: queues.${name}`
  checkKeys(declared, KEYS, where)
  const attributes = textsOf(declared.attributes, `${where}.attributes`)
  const tags = textsOf(declared.tags, `${where}.tags`)
  const deadLetter = readDeadLetter(name, declared.deadLetter, where)
  if (deadLetter !== undefined && 'RedrivePolicy' in attributes) {
    throw mistake(`${where} has both a deadLetter and a RedrivePolicy: one of them must go.`)
  }
  const valid = validateAttributes(attributes, isFifo(name))
  if (isProblem(valid)) throw mistake(`${where}.attributes: ${problemError(valid).message}`)
  const problem = validateTags(name, {}, tags)
  if (problem !== undefined) throw mistake(`${where}.tags: ${problemError(problem).message}`)
  return { attributes: valid.valid, tags, deadLetter }
}

function readDeadLetter(name: string, value: unknown, where: string): QueueDeclaration['deadLetter'] {
  if (value === undefined) return undefined
  const declared = mapOf(value, `${where}.deadLetter`)
  checkKeys(declared, DEAD_LETTER_KEYS, `${where}.deadLetter`)
  const queue = readQueueName(declared.queue)
  const count = declared.maxReceiveCount
  if (queue === undefined) throw mistake(`${where}.deadLetter.queue must be ${QUEUE_NAME_EXPECTS}.`)
  if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > MAX_RECEIVE_COUNT_MAX) {
    throw mistake(
      `${where}.deadLetter.maxReceiveCount must be a whole number from 1 to ${MAX_RECEIVE_COUNT_MAX}.`,
    )
  }
  if (queue === name) throw mistake(`${where} cannot be its own dead-letter queue.`)
  if (isFifo(queue) !== isFifo(name)) {
    throw mistake(
      `${where}.deadLetter: a FIFO queue's dead-letter queue is a FIFO queue, a standard queue's is not.`,
    )
  }
  return { queue, maxReceiveCount: count as number }
}

function checkKeys(map: Record<string, unknown>, keys: readonly string[], where: string): void {
  for (const key of Object.keys(map)) {
    if (keys.includes(key)) continue
    const close = nearest(key, keys)
    const hint = close === undefined ? `known are ${keys.join(', ')}.` : `did you mean ${close}?`
    throw mistake(`${where} has the unknown key "${key}": ${hint}`)
  }
}

function mapOf(value: unknown, where: string): Record<string, unknown> {
  if (value === undefined || value === null) return {}
  if (!isMap(value)) throw mistake(`${where} must be a map of names to values.`)
  return value
}

/** Numbers and truth values as SQS writes them, JSON documents as text. */
function textsOf(value: unknown, where: string): Record<string, string> {
  const texts = Object.entries(mapOf(value, where)).map(([name, given]) => {
    if (given === null || Array.isArray(given))
      throw mistake(`${where}.${name} must be a text, a number or a map.`)
    return [name, typeof given === 'object' ? JSON.stringify(given) : String(given)] as const
  })
  return Object.fromEntries(texts)
}

function mistake(sentence: string): Failure {
  return new Failure(sentence, EXIT.configuration)
}
