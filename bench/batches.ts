/**
 * Lifecycles in batches of ten over HTTP: send ten, receive ten, delete ten; 50 batches in flight. Beside the same
 * brokers as bench/lifecycles.ts, each with what it has for many messages at a time.
 */

import { compare } from './measure/contestant.ts'
import { atLeast, finish, parties, rowsBeside, type Target } from './measure/row.ts'
import { quick, roundMs, rounds } from './measure/settings.ts'
import { peers, STAND_INS } from './peers/all.ts'
import { pabal } from './peers/pabal.ts'

const comparison = await compare([pabal(), ...peers()], { load: 'batches', rounds, roundMs, quick })
const rows = rowsBeside('lifecycles in batches of ten, 50 in flight', comparison, target)
finish({
  title: 'Lifecycles in batches of ten',
  rows,
  parties: parties(comparison),
  missing: comparison.missing,
})

function target(name: string): Target | undefined {
  if (name.startsWith('RabbitMQ')) return atLeast(2)
  if (name.startsWith('BullMQ')) return atLeast(5)
  return STAND_INS.has(name) ? atLeast(2.5) : undefined
}
