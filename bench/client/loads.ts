/**
 * What the light client does to an SQS endpoint, closed loops all:
 *
 * - `sends`: every connection sends one message after another.
 * - `lifecycles`: half of the connections send one by one, the others receive up to ten and delete them one by one.
 * - `batches`: every connection sends ten, receives ten and deletes ten.
 *
 * A round lasts until everything that it sent is deleted again, so the next one begins with the queue as it was.
 */

import type { LoadName, Round } from '../measure/contestant.ts'
import type { Connection } from './connection.ts'
import type { SqsQueue } from './sqs-queue.ts'

/** A producer waits while this many messages are not deleted yet: the rates are those of a queue that keeps up. */
const AHEAD_MAX = 2000

export async function sqsRound(
  load: LoadName,
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
  ms: number,
): Promise<Round> {
  const startedAt = performance.now()
  const until = startedAt + ms
  const operations = await LOADS[load](connections, queues, until)
  return { operations, seconds: (performance.now() - startedAt) / 1000 }
}

type Load = (
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
  until: number,
) => Promise<number>

const LOADS: Readonly<Record<LoadName, Load>> = { sends, lifecycles, batches }

async function sends(
  connections: readonly Connection[],
  [queue]: readonly SqsQueue[],
  until: number,
): Promise<number> {
  let sent = 0
  const sender = async (connection: Connection): Promise<void> => {
    while (performance.now() < until) {
      await queue!.send(connection)
      sent += 1
    }
  }
  await Promise.all(connections.map(sender))
  return sent
}

async function lifecycles(
  connections: readonly Connection[],
  [queue]: readonly SqsQueue[],
  until: number,
): Promise<number> {
  let sent = 0
  let deleted = 0
  let sending = 0
  const ended = (): boolean => performance.now() >= until
  const produce = async (connection: Connection): Promise<void> => {
    sending += 1
    while (!ended()) {
      if (sent - deleted > AHEAD_MAX) await turn()
      else {
        await queue!.send(connection)
        sent += 1
      }
    }
    sending -= 1
  }
  const consume = async (connection: Connection): Promise<void> => {
    while (sending > 0 || deleted < sent) {
      for (const handle of await queue!.receive(connection)) {
        await queue!.delete(connection, handle)
        deleted += 1
      }
    }
  }
  const half = connections.length >> 1
  await Promise.all(
    connections.map((connection, index) => (index < half ? produce(connection) : consume(connection))),
  )
  return deleted
}

/** Many queues are visited one after another, each connection beginning at another one. */
async function batches(
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
  until: number,
): Promise<number> {
  let deleted = 0
  let next = 0
  const cycle = async (connection: Connection): Promise<void> => {
    while (performance.now() < until) {
      const queue = queues[next++ % queues.length]!
      await queue.sendBatch(connection)
      for (let taken = 0; taken < queue.batch; ) {
        const handles = await queue.receive(connection)
        if (handles.length === 0) continue
        await queue.deleteBatch(connection, handles)
        taken += handles.length
        deleted += handles.length
      }
    }
  }
  await Promise.all(connections.map(cycle))
  return deleted
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
