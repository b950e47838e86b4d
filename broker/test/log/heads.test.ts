/** Heads files: a start is shown from them what it would be shown from the segments, and anything else is ignored. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import { inspectLog } from '../../src/log/inspect.ts'
import type { RecordRun, Visit } from '../../src/log/log.ts'
import { LogDamage } from '../../src/log/log.ts'
import { mendLog } from '../../src/log/mend.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { countingRandom, openSimLog, SIM_DIRECTORY } from '../support/sim-log.ts'

const HEAD_BYTES = 12
const RECORDS = 400
const OPTIONS = {
  segmentBytesMax: 60_000,
  headBytes: (_buffer: Buffer, _offset: number, length: number) => Math.min(length, HEAD_BYTES),
}

type Seen = readonly [position: number, length: number, head: string]

/** Lengths differ; now and then a record is larger than a frame. */
function record(number: number): Buffer {
  const length = number % 97 === 50 ? 70_000 : 100 + ((number * 37) % 400)
  return Buffer.concat([Buffer.from(`${number};`.padEnd(HEAD_BYTES, '-')), Buffer.alloc(length, number)])
}

async function written(disk: SimDisk, headBytes = OPTIONS.headBytes): Promise<FileLog> {
  const log = await openSimLog(disk, { ...OPTIONS, headBytes })
  for (let number = 0; number < RECORDS; number += 1) {
    log.append(record(number))
    if (number % 7 === 0) await log.flush()
  }
  await log.flush()
  return log
}

async function prepared(disk: SimDisk): Promise<FileLog> {
  const log = await written(disk)
  await log.maintain(() => true)
  return log
}

/** As recovery looks at a log: heads suffice. By runs or one by one. */
async function heads(log: FileLog, by: 'runs' | 'records'): Promise<{ seen: Seen[]; fromHeads: number }> {
  const seen: Seen[] = []
  let fromHeads = 0
  const each = (position: number, buffer: Buffer, offset: number, length: number): void => {
    seen.push([position, length, buffer.toString('latin1', offset, offset + HEAD_BYTES)])
  }
  const run = ({ buffer, base, places, count, headsOnly }: RecordRun): void => {
    if (headsOnly) fromHeads += count
    for (let at = 0; at < 3 * count; at += 3)
      each(base + places[at + 2]!, buffer, places[at]!, places[at + 1]!)
  }
  const visit: Visit = Object.assign(
    each,
    by === 'runs' ? { run, headsSuffice: true as const } : { headsSuffice: true as const },
  )
  await log.replay(log.start, visit)
  return { seen, fromHeads }
}

async function all(log: FileLog): Promise<Seen[]> {
  const seen: Seen[] = []
  await log.replay(log.start, (position, buffer, offset, length) => {
    const whole = buffer.subarray(offset, offset + length)
    const number = Number.parseInt(whole.toString('latin1'), 10)
    ok(whole.equals(record(number)), `record ${number} is whole`)
    seen.push([position, length, whole.toString('latin1', 0, HEAD_BYTES)])
  })
  return seen
}

function usedBytes(disk: SimDisk): number {
  return disk.paths().reduce((sum, path) => sum + disk.contents(path).length, 0)
}

function headsFiles(disk: SimDisk): string[] {
  return disk.paths().filter((path) => path.endsWith('.heads'))
}

describe('heads files', () => {
  it('show what the segments show, to whom heads suffice', async () => {
    const disk = new SimDisk()
    const log = await prepared(disk)
    equal(headsFiles(disk).length, log.segments().length - 1)
    const expected = await all(log)
    equal(expected.length, RECORDS)
    const { seen, fromHeads } = await heads(log, 'runs')
    deepEqual(seen, expected)
    const inNewest = expected.filter(([position]) => position >= log.newestStart).length
    equal(fromHeads, RECORDS - inNewest)
    deepEqual((await heads(log, 'records')).seen, expected)
    await log.close()
    const again = await openSimLog(disk, OPTIONS)
    deepEqual(await heads(again, 'runs'), { seen: expected, fromHeads })
    await again.close()
  })

  it('are written for segments that stay, once, and not where they would be half as large', async () => {
    const disk = new SimDisk()
    const log = await written(disk)
    await log.maintain()
    deepEqual(headsFiles(disk), [])
    const second = log.segments()[1]!
    await log.maintain(({ start }) => start === second.start)
    equal(headsFiles(disk).length, 1)
    const asked: number[] = []
    await log.maintain(({ start }) => asked.push(start) === 0)
    ok(!asked.includes(second.start) && !asked.includes(log.newestStart))
    await log.close()
    let read = 0
    const whole = await openSimLog(disk, {
      ...OPTIONS,
      headBytes: (_buffer, _offset, length) => {
        read += 1
        return length
      },
    })
    await whole.maintain(() => true)
    equal(headsFiles(disk).length, 1)
    const readOnce = read
    await whole.maintain(() => true)
    equal(read, readOnce)
    await whole.close()
  })

  it('that are damaged, torn, or of another segment are passed over', async () => {
    const disk = new SimDisk()
    const log = await prepared(disk)
    const expected = await all(log)
    const { fromHeads } = await heads(log, 'runs')
    await log.close()
    const [first, second, third, fourth] = headsFiles(disk) as [string, string, string, string]
    const middle = Math.floor(disk.contents(first).length / 2)
    disk.rot(first, middle)
    disk.place(second, disk.contents(second).subarray(0, middle))
    disk.place(third, disk.contents(fourth))
    disk.rot(fourth, 3)
    const again = await openSimLog(disk, OPTIONS)
    const found = await heads(again, 'runs')
    deepEqual(found.seen, expected)
    ok(found.fromHeads < fromHeads)
    await again.maintain(() => true)
    equal((await heads(again, 'runs')).fromHeads, fromHeads, 'they are written anew')
    await again.close()
  })

  it('wherever a byte of one has turned, lead to the same', async () => {
    const disk = new SimDisk()
    const log = await prepared(disk)
    const expected = await all(log)
    await log.close()
    const [path] = headsFiles(disk) as [string]
    const { length } = disk.contents(path)
    for (let offset = 0; offset < length; offset += offset < 100 ? 1 : 61) {
      disk.rot(path, offset)
      const again = await openSimLog(disk, OPTIONS)
      deepEqual((await heads(again, 'runs')).seen, expected, `byte ${offset}`)
      await again.close()
      disk.rot(path, offset)
    }
  })

  it('of a segment that was written on show what they have of it, and the segment shows the rest', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk, OPTIONS)
    for (let number = 0; number < 20; number += 1) log.append(record(number))
    await log.flush()
    log.roll()
    // Closed, but the next one has no file yet: to the next start this one is the last.
    await log.maintain(() => true)
    equal(headsFiles(disk).length, 1)
    await log.close()
    const next = await openSimLog(disk, OPTIONS)
    equal(next.segments().length, 1)
    for (let number = 20; number < 30; number += 1) next.append(record(number))
    await next.flush()
    next.roll()
    next.append(record(30))
    await next.flush()
    await next.close()
    const again = await openSimLog(disk, OPTIONS)
    const { seen, fromHeads } = await heads(again, 'runs')
    deepEqual(seen, await all(again))
    equal(fromHeads, 20)
    await again.maintain(() => true)
    equal((await heads(again, 'runs')).fromHeads, 30)
    await again.close()
  })

  it('go with their segment, and what a crash left of one goes at the next start', async () => {
    const disk = new SimDisk()
    const log = await prepared(disk)
    const [first, second] = headsFiles(disk) as [string, string]
    const orphan = disk.contents(first)
    await log.trim(log.segments()[1]!.start)
    ok(!disk.paths().includes(first))
    await log.close()
    disk.place(first, orphan)
    const again = await openSimLog(disk, OPTIONS)
    ok(!disk.paths().includes(first) && disk.paths().includes(second))
    await again.close()
  })

  it('of a segment that goes while one is written is not left behind', async () => {
    const disk = new SimDisk()
    const log = await written(disk)
    const maintaining = log.maintain(() => true)
    await log.trim(log.newestStart)
    await maintaining
    deepEqual(headsFiles(disk), [])
    await log.close()
  })

  it('are not written where there is no room for another segment', async () => {
    const disk = new SimDisk()
    const log = await written(disk)
    disk.capacityBytes = usedBytes(disk) + OPTIONS.segmentBytesMax - 1
    await log.maintain(() => true)
    deepEqual(headsFiles(disk), [])
    disk.capacityBytes += usedBytes(disk)
    await log.maintain(() => true)
    equal(headsFiles(disk).length, log.segments().length - 1)
    await log.close()
  })

  it('for which the room was taken meanwhile leave nothing behind, and the log goes on', async () => {
    const disk = new SimDisk()
    const headBytes = (...record: Parameters<typeof OPTIONS.headBytes>): number => {
      disk.capacityBytes = usedBytes(disk) + 1000
      return OPTIONS.headBytes(...record)
    }
    const log = await written(disk, headBytes)
    await log.maintain(() => true)
    deepEqual(headsFiles(disk), [])
    disk.capacityBytes = Number.POSITIVE_INFINITY
    log.append(record(RECORDS))
    await log.flush()
    equal((await all(log)).length, RECORDS + 1)
    await log.close()
  })

  it('are not made of a segment that is damaged, which is said', async () => {
    const disk = new SimDisk()
    const log = await written(disk)
    const damaged = disk.paths().find((path) => path.endsWith('.log'))!
    disk.rot(damaged, 5000)
    await rejects(
      log.maintain(() => true),
      LogDamage,
    )
    deepEqual(headsFiles(disk), [])
    await log.close()
  })

  it('of a segment that is repaired are removed: it says something else then', async () => {
    const disk = new SimDisk()
    const log = await prepared(disk)
    await log.close()
    const [path] = headsFiles(disk) as [string]
    disk.rot(path.replace('.heads', '.log'), 5000)
    const inspection = await inspectLog(disk, SIM_DIRECTORY, () => {})
    await mendLog(disk, SIM_DIRECTORY, inspection, countingRandom())
    ok(!disk.paths().includes(path))
    const again = await openSimLog(disk, OPTIONS)
    deepEqual((await heads(again, 'runs')).seen, await all(again))
    await again.close()
  })
})
