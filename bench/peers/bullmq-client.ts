/** BullMQ's part of a round: `add` one by one or `addBulk` of ten, and a worker that does nothing, 50 at a time. */

import type { Client } from '../client/client.ts'
import { countedRound } from '../client/counted.ts'
import { load } from './cache.ts'

interface Queue {
  add(name: string, data: object, options: object): Promise<unknown>
  addBulk(jobs: readonly { name: string; data: object; opts: object }[]): Promise<unknown>
  close(): Promise<void>
}
interface Worker {
  on(event: 'completed', listener: () => void): void
  on(event: 'error', listener: (error: Error) => void): void
  close(force: boolean): Promise<void>
}
interface BullMq {
  readonly Queue: new (name: string, options: object) => Queue
  readonly Worker: new (name: string, process: () => Promise<void>, options: object) => Worker
}

const IN_FLIGHT = 50
const DATA = { body: 'x'.repeat(200) }
const OPTIONS = { removeOnComplete: true, removeOnFail: true }
const TEN = Array.from({ length: 10 }, () => ({ name: 'bench', data: DATA, opts: OPTIONS }))

export function connect({
  packages,
  port,
}: {
  readonly packages: string
  readonly port: number
}): Promise<Client> {
  const { Queue, Worker } = load<BullMq>(packages, 'bullmq')
  const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
  const queue = new Queue('bench', { connection })
  const worker = new Worker('bench', () => Promise.resolve(), { connection, concurrency: IN_FLIGHT })
  worker.on('error', (error) => console.error(error))
  let done = 0
  worker.on('completed', () => {
    done += 1
  })
  const send = (): Promise<unknown> => queue.add('bench', DATA, OPTIONS)
  const sendTen = (): Promise<unknown> => queue.addBulk(TEN)
  return Promise.resolve({
    round: (name, ms) =>
      countedRound({
        ms,
        inFlight: IN_FLIGHT,
        size: name === 'batches' ? TEN.length : 1,
        send: name === 'batches' ? sendTen : send,
        done: () => done,
      }),
    close: async () => {
      await worker.close(true)
      await queue.close()
    },
  })
}
