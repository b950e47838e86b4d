/**
 * What do a million waiting messages of 200 bytes cost? Resident memory of the broker's process beyond that of the
 * empty broker, and the time to open them again beside reading and checksumming the same files.
 */

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { SQS_CLIENT, startClient } from './client/driver.ts'
import { pinnedCommand, scratch } from './measure/child.ts'
import { indexBytes } from './measure/index-bytes.ts'
import { residentBytes } from './measure/process-use.ts'
import { atLeast, atMost, count, finish, meets, PABAL, type Row, ratioRow } from './measure/row.ts'
import { quick, rounds, waiting } from './measure/settings.ts'
import { median } from './measure/statistics.ts'
import { git } from './measure/versions.ts'
import { PABAL_DURABILITY, type PabalProcess, startPabal } from './peers/pabal.ts'

const OPEN = new URL('./measure/open.ts', import.meta.url).pathname
const MIB = 2 ** 20
const SETTLE_MS = 3000
const TRAFFIC_MS = quick ? 3000 : 10_000

using folder = scratch()
const directory = join(folder.path, 'data')
const empty = await residentWhenEmpty()
const served = await residentAfterTraffic()
const filled = await residentAfter(async (broker) => {
  await using _client = await startClient(SQS_CLIENT, { port: broker.port, backlog: waiting })
})
const reopened = await residentAfter(() => Promise.resolve())
finish({
  title: `${count(waiting)} messages waiting`,
  rows: [
    indexRow(),
    ...memoryRows('after they were sent', filled),
    ...memoryRows('after a restart', reopened),
    startUpRow(),
  ],
  parties: [{ name: PABAL, version: git(), durability: PABAL_DURABILITY }],
  missing: [],
})

/** A broker that has just started and has nothing: what the messages' memory is counted from. */
async function residentWhenEmpty(): Promise<number> {
  await using broker = await startPabal(join(folder.path, 'empty'))
  await settle()
  return residentBytes(broker.pid)
}

/** An empty broker that has worked: what of the resident memory is code, garbage and caches, and no message. */
async function residentAfterTraffic(): Promise<number> {
  await using broker = await startPabal(join(folder.path, 'served'))
  await using client = await startClient(SQS_CLIENT, { port: broker.port })
  await client.round('batches', TRAFFIC_MS)
  await settle()
  return residentBytes(broker.pid)
}

async function residentAfter(use: (broker: PabalProcess) => Promise<void>): Promise<number> {
  await using broker = await startPabal(directory)
  await use(broker)
  await settle()
  return residentBytes(broker.pid)
}

/** The core's own part, which is what grows with the backlog. */
function indexRow(): Row {
  const each = indexBytes(waiting)
  const target = atMost(100, 'bytes')
  return {
    what: `index of ${count(waiting)} waiting messages`,
    ours: `${each.toFixed(1)} bytes a message`,
    beside: '',
    target,
    met: meets(each, target),
  }
}

function memoryRows(when: string, resident: number): readonly Row[] {
  const each = (resident - empty) / waiting
  const [eachTarget, wholeTarget] = [atMost(100, 'bytes'), atMost(150, 'MiB')]
  const row = {
    what: `memory with ${count(waiting)} waiting, ${when}`,
    beside: `empty broker: ${count(empty / MIB)} MiB when started, ${count(served / MIB)} MiB after ${TRAFFIC_MS / 1000} s of traffic`,
  }
  return [
    {
      ...row,
      ours: `${count(resident / MIB)} MiB resident`,
      target: wholeTarget,
      met: meets(resident / MIB, wholeTarget),
    },
    { ...row, ours: `${each.toFixed(0)} bytes a message`, target: eachTarget, met: meets(each, eachTarget) },
  ]
}

/** Each turn in a process of its own, so that neither finds warm code or a warm heap. */
function startUpRow(): Row {
  const ours: number[] = []
  const reading: number[] = []
  let bytes = 0
  for (let round = 0; round < Math.min(rounds, 5); round += 1) {
    ours.push(1 / run('broker').seconds)
    const read = run('read')
    reading.push(1 / read.seconds)
    bytes = read.bytes
  }
  const row = {
    what: `start-up with ${count(waiting)} waiting`,
    ours: `${count(1000 / median(ours))} ms`,
    beside: `reading and checksumming ${count(bytes / MIB)} MiB: ${count(1000 / median(reading))} ms`,
    target: atLeast(0.5),
  }
  return ratioRow(row, ours, reading)
}

function run(what: 'broker' | 'read'): { readonly seconds: number; readonly bytes: number } {
  const { command, args } = pinnedCommand('broker', process.execPath, [OPEN, what, directory])
  const { stdout, status } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Error(`${what} ended with ${status}`)
  return JSON.parse(stdout) as { seconds: number; bytes: number }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
}
