/**
 * Does space come back? A week's traffic in fast motion on real files (week.ts), with the segments, the reserve and
 * the space ahead of a real broker.
 *
 *     npm run lab:space          MESSAGES=100000000 unless given; DIRECTORY=… for another disk
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ALLOCATE_BYTES, openFileLog, RESERVE_BYTES, SEGMENT_BYTES_MAX } from '../broker/src/log/file-log.ts'
import { systemDisk } from '../broker/src/runtime/disk.ts'
import { systemRandom } from '../broker/src/runtime/random.ts'
import { constantOf, type Passed, passWeek, type WeekOptions } from './week.ts'

const MESSAGES = Number(process.env['MESSAGES'] ?? 100_000_000)
const ROUND_MESSAGES = 10_000
const DAYS = 7

const folder = mkdtempSync(join(process.env['DIRECTORY'] ?? tmpdir(), 'pabal-space-'))
let day = 1

const options: WeekOptions = {
  messages: MESSAGES,
  backlog: 10_000,
  deadLetters: 1_000,
  bodyBytes: 200,
  segmentBytes: SEGMENT_BYTES_MAX,
  otherBytes: RESERVE_BYTES + ALLOCATE_BYTES,
  roundMessages: ROUND_MESSAGES,
  openLog: () => openFileLog({ directory: folder, disk: systemDisk, random: systemRandom }),
  usedBytes: () => readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0),
  random: systemRandom,
  report: (passed) => {
    if (passed.messages < (MESSAGES * day) / DAYS) return
    print(`day ${day}`, passed)
    day += 1
  },
}

try {
  const begunAt = Date.now()
  console.log(`${MESSAGES.toLocaleString('en')} messages in a week, 10,000 waiting, 1,000 dead letters`)
  console.log(`  on the disk at most twice the live data and ${mebibytes(constantOf(options))}`)
  const { tightest } = await passWeek(options)
  print('closest', tightest)
  const seconds = (Date.now() - begunAt) / 1000
  console.log(
    `  passed in ${seconds.toFixed(0)} s: ${Math.round(MESSAGES / seconds).toLocaleString('en')} a second`,
  )
} finally {
  rmSync(folder, { recursive: true })
}

function print(when: string, { messages, usedBytes, liveBytes, boundBytes, segments }: Passed): void {
  console.log(
    `  ${when.padEnd(8)} ${messages.toLocaleString('en').padStart(11)} passed, on the disk ${mebibytes(usedBytes)}, ` +
      `live ${mebibytes(liveBytes)}, allowed ${mebibytes(boundBytes)}, ${segments} segments`,
  )
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`
}
