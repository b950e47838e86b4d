/** The light client against an SQS endpoint, for bench/client/process.ts. */

import type { LoadName, Round } from '../measure/contestant.ts'
import type { Client } from './client.ts'
import { type Connection, openConnection } from './connection.ts'
import { sqsRound } from './loads.ts'
import { RequestWriter } from './request.ts'
import { createQueue, type QueueShape, type SqsQueue } from './sqs-queue.ts'

/** In flight at a time: one request a connection. */
export const CONNECTIONS = 50

export interface SqsSettings {
  readonly port: number
  readonly connections?: number
  readonly queue?: Partial<QueueShape>
  /** So many queues, visited in turns. */
  readonly queues?: number
  /** Messages that wait in each queue before the first round. */
  readonly backlog?: number
}

export async function connect(settings: SqsSettings): Promise<Client> {
  const count = settings.connections ?? CONNECTIONS
  const connections = await Promise.all(Array.from({ length: count }, () => openConnection(settings.port)))
  const queues = await makeQueues(settings, connections)
  await fill(settings, connections, queues)
  return {
    round: (load: LoadName, ms: number): Promise<Round> => roundOf(load, connections, queues, ms),
    close: () => {
      for (const connection of connections) connection.close()
      return Promise.resolve()
    },
  }
}

async function roundOf(
  load: LoadName,
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
  ms: number,
): Promise<Round> {
  const round = await sqsRound(load, connections, queues, ms)
  if (load === 'sends') await queues[0]!.purge(connections[0]!)
  return round
}

async function makeQueues(
  settings: SqsSettings,
  connections: readonly Connection[],
): Promise<readonly SqsQueue[]> {
  const shape = { name: 'bench', bodyBytes: 200, batch: 10, groups: 0, ...settings.queue }
  const writer = new RequestWriter(settings.port)
  const queues: SqsQueue[] = []
  for (let index = 0; index < (settings.queues ?? 1); index += 1) {
    const name = index === 0 ? shape.name : `${index}-${shape.name}`
    queues.push(await createQueue(connections[0]!, writer, { ...shape, name }))
  }
  return queues
}

async function fill(
  { backlog = 0 }: SqsSettings,
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
): Promise<void> {
  for (const queue of queues) {
    let sent = 0
    const sender = async (connection: Connection): Promise<void> => {
      while (sent < backlog) {
        sent += queue.batch
        await queue.sendBatch(connection)
      }
    }
    await Promise.all(connections.map(sender))
  }
}
