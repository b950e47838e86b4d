/** pg-boss' part of a round: jobs sent one by one or ten together, fetched in tens, completed one by one or together. */

import type { Client } from '../client/client.ts'
import { countedRound } from '../client/counted.ts'
import { load } from './cache.ts'

interface Job {
  readonly id: string
}
interface Boss {
  start(): Promise<unknown>
  stop(options: object): Promise<void>
  on(event: 'error', listener: (error: Error) => void): void
  createQueue(name: string): Promise<void>
  send(name: string, data: object): Promise<unknown>
  insert(name: string, jobs: readonly { readonly data: object }[]): Promise<unknown>
  fetch(name: string, options: { readonly batchSize: number }): Promise<readonly Job[]>
  complete(name: string, id: string | readonly string[]): Promise<unknown>
}
interface PgBossModule {
  readonly PgBoss: new (options: object) => Boss
}

const QUEUE = 'bench'
const BATCH = 10
const IN_FLIGHT = 50
const FETCHERS = 10
const CONNECTIONS = 20
const DATA = { body: 'x'.repeat(200) }
const TEN = Array.from({ length: BATCH }, () => ({ data: DATA }))

export async function connect({
  packages,
  port,
}: {
  readonly packages: string
  readonly port: number
}): Promise<Client> {
  const { PgBoss } = load<PgBossModule>(packages, 'pg-boss')
  const boss = new PgBoss({
    host: '127.0.0.1',
    port,
    user: 'bench',
    database: 'postgres',
    max: CONNECTIONS,
    supervise: false,
    schedule: false,
  })
  boss.on('error', (error) => console.error(error))
  await boss.start()
  await boss.createQueue(QUEUE)
  let done = 0
  let together = false
  let round = false

  const consume = async (): Promise<void> => {
    while (round) {
      const ids = (await boss.fetch(QUEUE, { batchSize: BATCH })).map(({ id }) => id)
      if (together && ids.length > 0) await boss.complete(QUEUE, ids)
      else for (const id of ids) await boss.complete(QUEUE, id)
      done += ids.length
    }
  }
  const send = (): Promise<unknown> => boss.send(QUEUE, DATA)
  const sendTen = (): Promise<unknown> => boss.insert(QUEUE, TEN)
  return {
    round: async (name, ms) => {
      together = name === 'batches'
      round = true
      const consumers = Array.from({ length: FETCHERS }, consume)
      const size = together ? BATCH : 1
      const measured = await countedRound({
        ms,
        inFlight: IN_FLIGHT,
        size,
        send: together ? sendTen : send,
        done: () => done,
      })
      round = false
      await Promise.all(consumers)
      return measured
    },
    close: () => boss.stop({ graceful: false }),
  }
}
