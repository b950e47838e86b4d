/**
 * Does a queue slow down when there is much of anything? A million messages waiting beside an empty queue, 100,000
 * FIFO groups beside one, 10,000 queues beside one: lifecycles in batches of ten, 50 in flight.
 */

import type { SqsSettings } from './client/sqs-client.ts'
import { compare } from './measure/contestant.ts'
import { atLeast, finish, type Party, parties, type Row, rowsBeside } from './measure/row.ts'
import { quick, roundMs, rounds, waiting } from './measure/settings.ts'
import { pabal } from './peers/pabal.ts'

type Shape = Omit<SqsSettings, 'port'>

const GROUPS = quick ? 10_000 : 100_000
const QUEUES = quick ? 1000 : 10_000
const fifo = (groups: number): Shape => ({ queue: { name: 'bench.fifo', groups }, backlog: GROUPS })

const rows: Row[] = []
let found: readonly Party[] = []
await beside(`${waiting.toLocaleString('en')} messages waiting`, { backlog: waiting }, 'empty queue', {})
await beside(`${GROUPS.toLocaleString('en')} FIFO groups`, fifo(GROUPS), 'one group', fifo(1))
await beside(`${QUEUES.toLocaleString('en')} queues`, { queues: QUEUES }, 'one queue', {})
finish({ title: 'Flat cost', rows, parties: found, missing: [] })

async function beside(many: string, much: Shape, one: string, little: Shape): Promise<void> {
  const plan = { load: 'batches', rounds, roundMs, quick } as const
  const comparison = await compare([pabal(much, 'Pabal'), pabal(little, one)], plan)
  rows.push(...rowsBeside(many, comparison, () => atLeast(0.9)))
  found = parties(comparison).slice(0, 1)
}
