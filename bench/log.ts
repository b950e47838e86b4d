/**
 * How near is the file log to the disk? Two questions, each a ratio against a bare loop over the same bytes in the
 * same batches, run in turns, medians of several rounds:
 *
 * - append and flush, against filling a buffer, one write and one fdatasync a batch;
 * - replay, against reading the same files and taking their CRC-32.
 */

import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openFileLog } from '../broker/src/log/file-log.ts'
import { systemDisk } from '../broker/src/runtime/disk.ts'
import { scratch } from './measure/child.ts'
import { readAndChecksum } from './measure/disk.ts'
import { count, finish, type Row, ratioRow } from './measure/row.ts'
import { rounds } from './measure/settings.ts'
import { median } from './measure/statistics.ts'
import { git } from './measure/versions.ts'

/** Records of a length, so many a flush, so many flushes. */
interface Load {
  readonly name: string
  readonly headBytes: number
  readonly bodyBytes: number
  readonly batch: number
  readonly flushes: number
}

const LOADS: readonly Load[] = [
  { name: '1 record of 300 B a flush', headBytes: 60, bodyBytes: 240, batch: 1, flushes: 300 },
  { name: '50 records of 300 B a flush', headBytes: 60, bodyBytes: 240, batch: 50, flushes: 300 },
  { name: '1000 records of 300 B a flush', headBytes: 60, bodyBytes: 240, batch: 1000, flushes: 150 },
  { name: '3000 records of 40 B a flush', headBytes: 40, bodyBytes: 0, batch: 3000, flushes: 150 },
  { name: '4 records of 256 KiB a flush', headBytes: 60, bodyBytes: 262_144, batch: 4, flushes: 60 },
]

interface Measured {
  readonly seconds: number
  readonly bytes: number
  readonly records: number
}

async function throughLog(directory: string, load: Load): Promise<Measured> {
  const log = await openFileLog({ directory, disk: systemDisk, reserveBytes: 0 })
  const head = Buffer.alloc(load.headBytes, 1)
  const body = Buffer.alloc(load.bodyBytes, 2)
  const begin = performance.now()
  for (let flush = 0; flush < load.flushes; flush++) {
    for (let count = 0; count < load.batch; count++) {
      // Something differs in every record, as it does in life.
      head.writeUInt32LE(count)
      if (load.bodyBytes === 0) log.append(head)
      else log.append(head, body)
    }
    await log.flush()
  }
  const seconds = (performance.now() - begin) / 1000
  const bytes = log.segments().reduce((sum, segment) => sum + segment.bytes, 0)
  await log.close()
  return { seconds, bytes, records: load.batch * load.flushes }
}

/** What any log must do at least: the same bytes in the same batches, in place and on the disk. */
async function throughLoop(path: string, load: Load): Promise<Measured> {
  const head = Buffer.alloc(load.headBytes, 1)
  const body = Buffer.alloc(load.bodyBytes, 2)
  const recordBytes = load.headBytes + load.bodyBytes
  const batch = Buffer.alloc(recordBytes * load.batch)
  const file = await open(path, 'w')
  const begin = performance.now()
  for (let flush = 0; flush < load.flushes; flush++) {
    for (let at = 0; at < batch.length; at += recordBytes) {
      head.writeUInt32LE(at)
      batch.set(head, at)
      if (load.bodyBytes > 0) batch.set(body, at + load.headBytes)
    }
    await file.write(batch, 0, batch.length, flush * batch.length)
    await file.datasync()
  }
  const seconds = (performance.now() - begin) / 1000
  await file.close()
  return { seconds, bytes: batch.length * load.flushes, records: load.batch * load.flushes }
}

async function appendRow(directory: string, load: Load): Promise<Row> {
  const log: number[] = []
  const loop: number[] = []
  for (let round = 0; round < rounds; round++) {
    const path = join(directory, `round-${round}`)
    log.push((await throughLog(path, load)).seconds)
    loop.push((await throughLoop(join(directory, 'loop'), load)).seconds)
    await rm(path, { recursive: true })
  }
  const records = load.batch * load.flushes
  const bytes = records * (load.headBytes + load.bodyBytes)
  return row(`log: ${load.name}`, bytes, records, log, loop)
}

async function appendAlone(directory: string): Promise<Row> {
  const log = await openFileLog({ directory: join(directory, 'alone'), disk: systemDisk, reserveBytes: 0 })
  const head = Buffer.alloc(60, 1)
  const body = Buffer.alloc(240, 2)
  const times: number[] = []
  for (let turn = 0; turn < 40; turn++) {
    const begin = performance.now()
    for (let count = 0; count < 10_000; count++) log.append(head, body)
    times.push(((performance.now() - begin) * 1e6) / 10_000)
    await log.flush()
  }
  await log.close()
  return {
    what: 'log: append alone, 300 B',
    ours: `${median(times.slice(10)).toFixed(0)} ns a record`,
    beside: '',
  }
}

async function replayRow(directory: string): Promise<Row> {
  const path = join(directory, 'replay')
  const log = await openFileLog({ directory: path, disk: systemDisk, reserveBytes: 0 })
  const head = Buffer.alloc(60, 1)
  const body = Buffer.alloc(240, 2)
  const records = 600_000
  for (let count = 1; count <= records; count++) {
    log.append(head, body)
    if (count % 200 === 0) await log.flush()
  }
  const replay: number[] = []
  const loop: number[] = []
  for (let round = 0; round < rounds; round++) {
    let visited = 0
    const begin = performance.now()
    await log.replay(log.start, (_position, _buffer, _offset, length) => {
      visited += length
    })
    replay.push((performance.now() - begin) / 1000)
    if (visited !== records * 300) throw new Error(`visited ${visited} bytes`)
    loop.push(readAndChecksum(path).seconds)
  }
  const bytes = log.segments().reduce((sum, segment) => sum + segment.bytes, 0)
  await log.close()
  return row('log: replay of 300 B records', bytes, records, replay, loop)
}

function row(
  what: string,
  bytes: number,
  records: number,
  log: readonly number[],
  loop: readonly number[],
): Row {
  const speed = (seconds: number): string =>
    `${(bytes / seconds / 1e6).toFixed(1)} MB/s, ${count(records / seconds)} records/s`
  const both = { what, ours: speed(median(log)), beside: `the bare loop: ${speed(median(loop))}` }
  return ratioRow(
    both,
    log.map((seconds) => 1 / seconds),
    loop.map((seconds) => 1 / seconds),
  )
}

using folder = scratch()
const rows: Row[] = [await appendAlone(folder.path)]
for (const load of LOADS) rows.push(await appendRow(folder.path, load))
rows.push(await replayRow(folder.path))
finish({
  title: 'The log alone',
  rows,
  parties: [{ name: "Pabal's log", version: git(), durability: 'every flush after fdatasync' }],
  missing: [],
})
