/**
 * Does a broker carry ten million waiting messages? Sends them, then starts on their log in processes of their own:
 * what is resident, and how long the start takes beside reading and checksumming the same segments. Once at the end of
 * sending, when the last minute's segments have no heads files, and once after the broker's next housekeeping.
 *
 *     npm run lab:ten-million          MESSAGES=300000 for a shorter run; DIRECTORY=… for another disk
 *
 * Fails where a start takes more than twice as long as reading and checksumming, or the whole process is larger
 * than 107 bytes a message and 64 MiB (ten million: 1.07 GiB).
 */

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openBroker } from '../broker/src/pabal.ts'

const MESSAGES = Number(process.env['MESSAGES'] ?? 10_000_000)
const BODY = 'x'.repeat(200)
const BATCH = 10
const SENDERS = 200
const ROUNDS = 3
const SPEED_MIN = 0.5
const RESIDENT_MAX = 100 * MESSAGES + 75 * 1e6
const START = fileURLToPath(new URL('ten-million-start.ts', import.meta.url))

export interface Started {
  readonly ms: number
  /** Of all threads: what counts on a machine that has other things to do. */
  readonly processorMs: number
  readonly residentBytes: number
  readonly messages: number
}

interface Measured {
  readonly starts: readonly Started[]
  readonly speed: number
  readonly residentBytes: number
}

const folder = mkdtempSync(join(process.env['DIRECTORY'] ?? tmpdir(), 'pabal-ten-million-'))
try {
  await fill()
  measure('as soon as they are sent')
  const begunAt = Date.now()
  await keepHouse()
  judge(measure(`after ${Math.round((Date.now() - begunAt) / 1000)} s more of the broker`))
} finally {
  rmSync(folder, { recursive: true })
}

async function fill(): Promise<void> {
  const begunAt = Date.now()
  await using broker = await openBroker({ directory: folder })
  await broker.createQueue('waiting')
  const batch = Array.from({ length: BATCH }, () => ({ body: BODY }))
  let begun = 0
  const sender = async (): Promise<void> => {
    while (begun < MESSAGES) {
      begun += BATCH
      await broker.sendBatch('waiting', batch)
    }
  }
  await Promise.all(Array.from({ length: SENDERS }, sender))
  const seconds = (Date.now() - begunAt) / 1000
  console.log(
    `${MESSAGES.toLocaleString('en')} messages of ${BODY.length} bytes, sent in ${seconds.toFixed(0)} s ` +
      `(${Math.round(MESSAGES / seconds).toLocaleString('en')} a second); ${mebibytes(logBytes())} of log`,
  )
  console.log(`  resident after sending     ${mebibytes(process.memoryUsage().rss)}, the senders with it`)
}

/** Until each segment that is closed has its heads file. */
async function keepHouse(): Promise<void> {
  await using _broker = await openBroker({ directory: folder })
  const count = (ending: string): number => readdirSync(folder).filter((name) => name.endsWith(ending)).length
  while (count('.heads') < count('.log') - 1) await sleep(250)
}

function measure(when: string): Measured {
  const reads: Started[] = []
  const starts: Started[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    reads.push(run('read'))
    starts.push(run('start'))
  }
  const readMs = Math.min(...reads.map(({ ms }) => ms))
  const startMs = Math.min(...starts.map(({ ms }) => ms))
  const residentBytes = Math.max(...starts.map((started) => started.residentBytes))
  console.log(`  ${when}:`)
  console.log(
    `  resident after a start     ${mebibytes(residentBytes)}, ${(residentBytes / MESSAGES).toFixed(1)} bytes a message`,
  )
  console.log(
    `  read and crc32             ${readMs.toFixed(0)} ms, the best of ${all(reads.map(({ ms }) => ms))}`,
  )
  console.log(
    `  start                      ${startMs.toFixed(0)} ms, the best of ${all(starts.map(({ ms }) => ms))}`,
  )
  console.log(`  speed of a start           ${(readMs / startMs).toFixed(2)} × that of read and crc32`)
  const processor = best(reads) / best(starts)
  console.log(
    `  by processor time          ${processor.toFixed(2)} ×, ${best(starts).toFixed(0)} ms for a start`,
  )
  return { starts, speed: readMs / startMs, residentBytes }
}

function best(started: readonly Started[]): number {
  return Math.min(...started.map(({ processorMs }) => processorMs))
}

function judge({ starts, speed, residentBytes }: Measured): void {
  if (starts.some(({ messages }) => messages !== MESSAGES)) fail('messages are missing')
  if (speed < SPEED_MIN) fail(`a start has less than ${SPEED_MIN} × the speed of read and crc32`)
  if (residentBytes > RESIDENT_MAX) fail(`more than ${mebibytes(RESIDENT_MAX)} are resident`)
}

function fail(what: string): void {
  console.error(`  FAILED: ${what}`)
  process.exitCode = 1
}

function run(mode: 'read' | 'start'): Started {
  const { stdout, stderr, status } = spawnSync(process.execPath, [START, mode, folder], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${mode} failed:\n${stderr}`)
  return JSON.parse(stdout) as Started
}

function logBytes(): number {
  const files = readdirSync(folder).filter((name) => name.endsWith('.log'))
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`
}

function all(times: readonly number[]): string {
  return times.map((ms) => ms.toFixed(0)).join(', ')
}
