/**
 * How long is a message under way from the first byte of its send to the last byte of its receive, at 200 messages a
 * second with long polls waiting? Beside one write of the same bytes and its fdatasync, measured in turns.
 */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { startClient } from './client/driver.ts'
import { scratch } from './measure/child.ts'
import { syncTime } from './measure/disk.ts'
import { atMost, finish, meets, PABAL, type Row } from './measure/row.ts'
import { quick, rounds } from './measure/settings.ts'
import { percentile } from './measure/statistics.ts'
import { git } from './measure/versions.ts'
import { PABAL_DURABILITY, startPabal } from './peers/pabal.ts'

const CLIENT = new URL('./client/latency-client.ts', import.meta.url)
const PER_SECOND = 200
const ROUND_MS = quick ? 1000 : 3000
const SYNCS = 100
const RECORD_BYTES = 300

using folder = scratch()
await using broker = await startPabal(join(folder.path, 'data'))
await using client = await startClient(CLIENT, { port: broker.port, perSecond: PER_SECOND })
await using file = await open(join(folder.path, 'sync'), 'w')
const block = Buffer.alloc(RECORD_BYTES, 1)

await client.round('sends', 2000)
const delays: number[] = []
const syncs: number[] = []
for (let round = 0; round < rounds; round += 1) {
  const { samples = [] } = await client.round('sends', ROUND_MS)
  delays.push(...samples)
  for (let turn = 0; turn < SYNCS; turn += 1)
    syncs.push(await syncTime(file, block, syncs.length * RECORD_BYTES))
}

const sorted = delays.toSorted((a, b) => a - b)
const sync = percentile(
  syncs.toSorted((a, b) => a - b),
  0.5,
)
const syncTail = percentile(
  syncs.toSorted((a, b) => a - b),
  0.99,
)
const beside = `one fdatasync: ${sync.toFixed(2)} ms (p99 ${syncTail.toFixed(2)} ms)`
finish({
  title: 'Latency from send to receive',
  rows: [row(0.5, 2 * sync + 1, '2 × one fdatasync + 1 ms = '), row(0.99, 10, '')],
  parties: [{ name: PABAL, version: git(), durability: PABAL_DURABILITY }],
  missing: [],
})

function row(share: number, max: number, because: string): Row {
  const delay = percentile(sorted, share)
  const target = atMost(max, 'ms')
  return {
    what: `send→receive at ${PER_SECOND}/s with a long poll waiting, p${share * 100}`,
    ours: `${delay.toFixed(2)} ms (${sorted.length} messages)`,
    beside,
    target: { ...target, text: `≤ ${because}${max.toFixed(2)} ms` },
    met: meets(delay, target),
  }
}
