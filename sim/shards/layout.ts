/** Which queues there are, on which of the two shards, and where their dead letters go: always to the other one. */

export const SHARDS = [0, 1] as const
const ARN = 'arn:aws:sqs:us-east-1:000000000000:'

interface Plan {
  readonly home: number
  readonly deadLetters?: string
}

const PLANS: Readonly<Record<string, Plan>> = {
  plain: { home: 0, deadLetters: 'dead' },
  plainer: { home: 0, deadLetters: 'dead' },
  'line.fifo': { home: 0, deadLetters: 'dead.fifo' },
  rest: { home: 0 },
  other: { home: 1, deadLetters: 'rest' },
  another: { home: 1, deadLetters: 'rest' },
  dead: { home: 1 },
  'dead.fifo': { home: 1 },
}

export const QUEUES = Object.keys(PLANS)
/** Whose messages others set aside, and which may be missing for a while. */
export const DEAD = QUEUES.filter((queue) => PLANS[queue]!.deadLetters === undefined)
export const LIVELY = QUEUES.filter((queue) => PLANS[queue]!.deadLetters !== undefined)

export function homeOf(queue: string): number {
  return PLANS[queue]!.home
}

export function isFifo(queue: string): boolean {
  return queue.endsWith('.fifo')
}

export function deadLettersOf(queue: string): string | undefined {
  return PLANS[queue]!.deadLetters
}

/** Where a move task takes what is in a dead-letter queue. */
export function sourceOf(dead: string): string {
  return LIVELY.find((queue) => PLANS[queue]!.deadLetters === dead)!
}

export function attributesOf(queue: string): Record<string, string> {
  const type = isFifo(queue) ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {}
  const dead = deadLettersOf(queue)
  if (dead === undefined) return type
  const policy = { deadLetterTargetArn: ARN + dead, maxReceiveCount: 1 }
  return { ...type, VisibilityTimeout: '2', RedrivePolicy: JSON.stringify(policy) }
}
