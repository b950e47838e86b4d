/**
 * What the light client does to an SQS endpoint, closed loops all:
 *
 * - `sends`: every connection sends one message after another.
 * - `lifecycles`: half of the connections send one by one, the others receive up to ten and delete them one by one.
 *   When time is up all of them consume what is left.
 * - `batches`: every connection sends ten, receives ten and deletes ten.
 *
 * A round lasts until the last message that it sent is deleted, so the next one begins with the queue as it was. The
 * clock stops there: long polls that find nothing more are not part of it.
 */

import type { LoadName, Round } from '../measure/contestant.ts'
import type { Connection } from './connection.ts'
import type { SqsQueue } from './sqs-queue.ts'

/** A producer waits while this many messages are not deleted yet: the rates are those of a queue that keeps up. */
const AHEAD_MAX = 2000

export function sqsRound(
  load: LoadName,
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
  ms: number,
): Promise<Round> {
  return LOADS[load](connections, queues, new Tally(ms))
}

type Load = (connections: readonly Connection[], queues: readonly SqsQueue[], tally: Tally) => Promise<Round>

const LOADS: Readonly<Record<LoadName, Load>> = { sends, lifecycles, batches }

/** What was sent and deleted in a round, and when the last of it was. */
class Tally {
  readonly #startedAt = performance.now()
  readonly #ms: number
  #lastAt = this.#startedAt
  /** Counted when the send begins, so that nobody believes to be done while one is under way. */
  sent = 0
  deleted = 0

  constructor(ms: number) {
    this.#ms = ms
  }

  get timeIsUp(): boolean {
    return performance.now() - this.#startedAt >= this.#ms
  }

  get ahead(): number {
    return this.sent - this.deleted
  }

  gone(messages: number): void {
    this.deleted += messages
    this.#lastAt = performance.now()
  }

  round(): Round {
    return { operations: this.deleted, seconds: (this.#lastAt - this.#startedAt) / 1000 }
  }
}

async function sends(
  connections: readonly Connection[],
  [queue]: readonly SqsQueue[],
  tally: Tally,
): Promise<Round> {
  const sender = async (connection: Connection): Promise<void> => {
    while (!tally.timeIsUp) {
      await queue!.send(connection)
      tally.gone(1)
    }
  }
  await Promise.all(connections.map(sender))
  return tally.round()
}

async function lifecycles(
  connections: readonly Connection[],
  [queue]: readonly SqsQueue[],
  tally: Tally,
): Promise<Round> {
  const produce = async (connection: Connection): Promise<void> => {
    while (!tally.timeIsUp) {
      if (tally.ahead > AHEAD_MAX) await turn()
      else {
        tally.sent += 1
        await queue!.send(connection)
      }
    }
  }
  const consume = async (connection: Connection): Promise<void> => {
    while (!tally.timeIsUp || tally.ahead > 0) {
      for (const handle of await queue!.receive(connection, !tally.timeIsUp)) {
        await queue!.delete(connection, handle)
        tally.gone(1)
      }
    }
  }
  const producers = connections.slice(connections.length >> 1)
  const consumers = connections.slice(0, connections.length >> 1)
  const both = async (connection: Connection): Promise<void> => {
    await produce(connection)
    await consume(connection)
  }
  await Promise.all([...producers.map(both), ...consumers.map(consume)])
  return tally.round()
}

/** Many queues are visited one after another. A connection may receive what another one sent. */
async function batches(
  connections: readonly Connection[],
  queues: readonly SqsQueue[],
  tally: Tally,
): Promise<Round> {
  let next = 0
  const cycle = async (connection: Connection): Promise<void> => {
    while (!tally.timeIsUp) {
      const queue = queues[next++ % queues.length]!
      tally.sent += queue.batch
      await queue.sendBatch(connection)
      for (let taken = 0; taken < queue.batch && tally.ahead > 0; ) {
        const handles = await queue.receive(connection)
        if (handles.length === 0) continue
        await queue.deleteBatch(connection, handles)
        taken += handles.length
        tally.gone(handles.length)
      }
    }
  }
  await Promise.all(connections.map(cycle))
  return tally.round()
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
