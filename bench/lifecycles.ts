/**
 * A message's whole life over HTTP, one request for each step but the receive: send, receive up to ten, delete one by
 * one; 50 in flight. Beside durable brokers with their own protocols and clients, and SQS stand-ins in memory.
 */

import { compare } from './measure/contestant.ts'
import { atLeast, finish, parties, rowsBeside, type Target } from './measure/row.ts'
import { quick, roundMs, rounds } from './measure/settings.ts'
import { peers, STAND_INS } from './peers/all.ts'
import { pabal } from './peers/pabal.ts'

const comparison = await compare([pabal(), ...peers()], { load: 'lifecycles', rounds, roundMs, quick })
const rows = rowsBeside('single lifecycles, 50 in flight', comparison, target)
finish({
  title: 'Single lifecycles over HTTP',
  rows,
  parties: parties(comparison),
  missing: comparison.missing,
})

function target(name: string): Target | undefined {
  if (name.startsWith('RabbitMQ')) return atLeast(1)
  return name.startsWith('BullMQ') || STAND_INS.has(name) ? atLeast(1.5) : undefined
}
