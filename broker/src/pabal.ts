/**
 * Pabal inside a Node process: `import { openBroker } from 'pabal'`.
 *
 *     await using broker = await openBroker({ directory: 'jobs' })
 *     await broker.createQueue('mail')
 *     await broker.send('mail', JSON.stringify({ to: 'ada@example.org' }))
 */

import { openBroker as openCore, type Storage } from './broker.ts'
import { InProcessBroker } from './in-process/in-process-broker.ts'
import { systemClock } from './runtime/clock.ts'
import { type Logger, silentLogger } from './runtime/logger.ts'
import { systemRandom } from './runtime/random.ts'

export type { BatchResult, QueueOptions, ReceiveOptions } from './in-process/in-process-broker.ts'
export type {
  AttributeValue,
  OutgoingMessage,
  ReceivedMessage,
  SendOptions,
  SentMessage,
} from './in-process/message.ts'
export { SqsError } from './sqs/errors.ts'
export type { InProcessBroker }

export type OpenOptions = Storage & {
  /** For ARNs; twelve digits. Default: 000000000000. */
  readonly account?: string
  /** For ARNs. Default: us-east-1. */
  readonly region?: string
  /** Enforce SQS's two 60-second waits (a second purge, a deleted name used again). Default: false. */
  readonly awsWaits?: boolean
  /** Where the broker reports what an operator should know. Default: nowhere. */
  readonly log?: Logger
}

/**
 * Opens a broker on a directory (or in memory). One broker at a time holds a directory.
 * Rejects with DirectoryInUse, with LogDamage, or with the disk's own error.
 */
export async function openBroker(options: OpenOptions): Promise<InProcessBroker> {
  const { account = '000000000000', region = 'us-east-1', awsWaits = false, log = silentLogger } = options
  const broker = await openCore({ ...options, clock: systemClock(), random: systemRandom, log, awsWaits })
  return new InProcessBroker(broker, systemRandom, region, account)
}
