/** What every scene is given, what it says in the end, and the few moves that several of them make. */

import { CreateQueueCommand, type SQSClient, type SQSServiceException } from '@aws-sdk/client-sqs'
import type { BrokerProcess } from './broker-process.ts'
import { sqsClient } from './clients.ts'

export interface Stage {
  /** An empty directory of its own. */
  readonly directory: string
  readonly print: (line: string) => void
}

export interface Verdict {
  readonly startMs: readonly number[]
  readonly violations: readonly string[]
  /** Why it could not be played here. */
  readonly skipped?: string
}

/** A scene by itself: plays on its stage and says what it found wrong. */
export type Scene = (stage: Stage) => Promise<Verdict>

/** Keeps what does not hold, with what was seen. */
export class Findings {
  readonly violations: string[] = []
  readonly startMs: number[] = []

  expect(holds: boolean, sentence: string): void {
    if (!holds) this.violations.push(sentence)
  }

  /** Waits until it listens. */
  async started(broker: BrokerProcess): Promise<SQSClient> {
    const url = await broker.listening
    this.startMs.push(broker.startMs)
    return sqsClient(url)
  }
}

/** The HTTP status of what an SDK call came to; 0 where there was no answer. */
export async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    await call
    return 200
  } catch (error) {
    return (error as Partial<SQSServiceException>).$metadata?.httpStatusCode ?? 0
  }
}

export async function createQueue(
  client: SQSClient,
  QueueName: string,
  Attributes: Readonly<Record<string, string>> = {},
): Promise<void> {
  await client.send(new CreateQueueCommand({ QueueName, Attributes }))
}

/** Asks until it is so; false when it is not so in time. */
export async function comesTrue(ask: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    if (await ask()) return true
    if (performance.now() > giveUpAt) return false
    await pause(100)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
