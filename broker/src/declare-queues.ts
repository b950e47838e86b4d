/**
 * Brings the broker to what is declared. A declaration says what a queue shall have; what it does not mention
 * stays as it is, and nothing is ever deleted.
 */

import { EXIT, Failure } from './failure.ts'
import { sameValue } from './queue/attributes.ts'
import type { QueueDescription, Submit } from './queue/command.ts'
import { isProblem, type Problem } from './queue/problem.ts'
import { isFifo, type QueueDeclaration, type QueueDeclarations } from './queue-declarations.ts'
import { problemError } from './sqs/errors.ts'

/**
 * Makes every declared queue that is missing, then sets what differs: the order of the declarations does not
 * matter, and the same declarations again change nothing.
 */
export async function declareQueues(
  submit: Submit,
  declarations: QueueDeclarations,
  arnOf: (name: string) => string,
): Promise<void> {
  for (const [name, { deadLetter }] of declarations) {
    if (deadLetter === undefined || declarations.has(deadLetter.queue)) continue
    await requireTarget(submit, name, deadLetter.queue)
  }
  for (const [name, { attributes, tags }] of declarations) await create(submit, name, attributes, tags)
  for (const [name, declaration] of declarations) await adjust(submit, name, declaration, arnOf)
}

async function create(
  submit: Submit,
  queue: string,
  attributes: QueueDeclaration['attributes'],
  tags: QueueDeclaration['tags'],
): Promise<void> {
  if (!isProblem(await submit({ kind: 'describeQueue', queue }))) return
  const fifo = isFifo(queue) ? { FifoQueue: 'true' } : {}
  // A redrive policy names a queue that may come later: it is set when all are there.
  const { RedrivePolicy: _, ...now } = attributes
  check(queue, await submit({ kind: 'createQueue', name: queue, attributes: { ...now, ...fifo }, tags }))
}

async function adjust(
  submit: Submit,
  queue: string,
  declaration: QueueDeclaration,
  arnOf: (name: string) => string,
): Promise<void> {
  const present = await submit({ kind: 'describeQueue', queue })
  if (isProblem(present)) throw refused(queue, present)
  const attributes = differing(wantedAttributes(declaration, arnOf), present.attributes)
  if (Object.keys(attributes).length > 0)
    check(queue, await submit({ kind: 'setAttributes', queue, attributes }))
  const tags = differing(declaration.tags, present.tags)
  if (Object.keys(tags).length > 0) check(queue, await submit({ kind: 'tagQueue', queue, tags }))
}

async function requireTarget(submit: Submit, queue: string, target: string): Promise<void> {
  if (!isProblem(await submit({ kind: 'describeQueue', queue: target }))) return
  throw new Failure(
    `The queue ${queue} has the dead-letter queue ${target}, which neither exists nor is declared.`,
    EXIT.configuration,
  )
}

function wantedAttributes(
  { attributes, deadLetter }: QueueDeclaration,
  arnOf: (name: string) => string,
): QueueDeclaration['attributes'] {
  if (deadLetter === undefined) return attributes
  const { queue, maxReceiveCount } = deadLetter
  const policy = { deadLetterTargetArn: arnOf(queue), maxReceiveCount }
  return { ...attributes, RedrivePolicy: JSON.stringify(policy) }
}

function differing(
  wanted: QueueDescription['attributes'],
  present: QueueDescription['attributes'],
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => !sameValue(value, present[name] ?? '')),
  )
}

function check(queue: string, answer: object): void {
  if (isProblem(answer)) throw refused(queue, answer)
}

function refused(queue: string, problem: Problem): Failure {
  return new Failure(
    `The queue ${queue} cannot be set up as declared: ${problemError(problem).message}`,
    EXIT.configuration,
  )
}
