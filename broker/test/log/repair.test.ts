/** Damage of every kind is found, said, and mended without touching anything else. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { type Inspection, inspectLog } from '../../src/log/inspect.ts'
import { LogDamage } from '../../src/log/log.ts'
import { mendLog } from '../../src/log/mend.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { countingRandom, openSimLog, SIM_DIRECTORY, segmentPath } from '../support/sim-log.ts'

const RECORDS = 60
const RECORDS_A_FLUSH = 4

/** Several segments of several blocks each; now and then a block of several frames. */
async function writtenDisk(): Promise<SimDisk> {
  const disk = new SimDisk()
  const log = await openSimLog(disk, { segmentBytesMax: 40_000 })
  for (let number = 0; number < RECORDS; number++) {
    log.append(Buffer.from(text(number)))
    if (number % RECORDS_A_FLUSH === RECORDS_A_FLUSH - 1) await log.flush()
  }
  await log.close()
  return disk
}

function text(number: number): string {
  return `record ${number} ${'.'.repeat(number % 5 === 0 ? 17_000 : 100)}`
}

function numberOf(record: string): number {
  return Number(record.split(' ')[1])
}

async function inspect(disk: SimDisk): Promise<Inspection & { readonly kept: readonly number[] }> {
  const kept: number[] = []
  const inspection = await inspectLog(disk, SIM_DIRECTORY, (_segment, _position, buffer, offset, length) =>
    kept.push(numberOf(buffer.toString('latin1', offset, offset + length))),
  )
  return { ...inspection, kept }
}

async function readAll(disk: SimDisk): Promise<readonly number[]> {
  const log = await openSimLog(disk)
  const read: number[] = []
  try {
    await log.replay(log.start, (_position, buffer, offset, length) =>
      read.push(numberOf(buffer.toString('latin1', offset, offset + length))),
    )
    return read
  } finally {
    await log.close()
  }
}

function damagesOf({ damages, segments }: Inspection): number {
  return damages.length + segments.flatMap((segment) => segment.damages).length
}

/** Repairs, opens, and returns the records that are gone. */
async function repair(disk: SimDisk): Promise<readonly number[]> {
  const before = await inspect(disk)
  ok(damagesOf(before) > 0, 'the damage is found')
  await rejects(readAll(disk), LogDamage, 'without a repair it does not open, or does not read')
  await mendLog(disk, SIM_DIRECTORY, before, countingRandom())
  equal(damagesOf(await inspect(disk)), 0, 'nothing is damaged afterwards')
  const read = await readAll(disk)
  deepEqual(read, before.kept, 'what was said to be kept is kept, in order')
  return allNumbers().filter((number) => !read.includes(number))
}

function allNumbers(): readonly number[] {
  return Array.from({ length: RECORDS }, (_, number) => number)
}

function segmentsOf(disk: SimDisk): readonly string[] {
  return disk.paths().filter((path) => path.endsWith('.log'))
}

describe('a repair', () => {
  it('has nothing to do where nothing is damaged', async () => {
    const disk = await writtenDisk()
    const inspection = await inspect(disk)
    equal(damagesOf(inspection), 0)
    ok(segmentsOf(disk).length >= 4)
    deepEqual(inspection.kept, allNumbers())
  })

  it('mends a byte that rotted anywhere, and loses no more than its frame', async () => {
    const whole = await writtenDisk()
    const files = segmentsOf(whole)
    for (const path of files.slice(0, -1)) {
      const bytes = whole.contents(path)
      for (let offset = 0; offset < bytes.length; offset += 1361) {
        const disk = await writtenDisk()
        disk.rot(path, offset)
        const lost = await repair(disk)
        ok(lost.length <= RECORDS_A_FLUSH, `${path} at ${offset}: ${lost}`)
        ok(disk.contents(`${path}.damaged`).equals(rotten(bytes, offset)), 'the file as it was is kept')
      }
    }
  })

  it('loses nothing where only a header is damaged: of a segment, or of a block', async () => {
    for (const offset of [0, 9, 13, 17, 30, 32, 37, 41, 47]) {
      const disk = await writtenDisk()
      disk.rot(segmentsOf(disk)[1]!, offset)
      deepEqual(await repair(disk), [], `byte ${offset}`)
    }
  })

  it('goes on behind a stretch that was overwritten, and behind a file that is too short', async () => {
    const zeroed = await writtenDisk()
    const path = segmentsOf(zeroed)[1]!
    zeroed.place(path, zeroed.contents(path).fill(0, 100, 20_000))
    ok((await repair(zeroed)).length < RECORDS / 2)
    const short = await writtenDisk()
    short.place(path, short.contents(path).subarray(0, 20_000))
    ok((await repair(short)).length < RECORDS / 2)
  })

  it('goes on without a segment that is missing, or of which nothing can be read', async () => {
    for (const index of [0, 1, 2]) {
      const missing = await writtenDisk()
      await missing.remove(segmentsOf(missing)[index]!)
      ok((await repair(missing)).length < RECORDS / 2)
      const unreadable = await writtenDisk()
      const path = segmentsOf(unreadable)[index]!
      unreadable.place(path, Buffer.alloc(unreadable.contents(path).length, 7))
      ok((await repair(unreadable)).length < RECORDS / 2)
    }
  })

  it('can be done again: the first copies stay', async () => {
    const disk = await writtenDisk()
    const path = segmentsOf(disk)[1]!
    disk.rot(path, 200)
    await repair(disk)
    const first = disk.contents(`${path}.damaged`)
    disk.rot(path, disk.contents(path).length - 200)
    await repair(disk)
    ok(disk.contents(`${path}.damaged`).equals(first))
    ok(disk.paths().includes(`${path}.damaged-2`))
  })

  it('leaves alone what a crash cut short at the end: the next start does that', async () => {
    const disk = await writtenDisk()
    const path = segmentsOf(disk).at(-1)!
    const bytes = disk.contents(path)
    disk.place(path, bytes.subarray(0, bytes.length - 20))
    const inspection = await inspect(disk)
    equal(damagesOf(inspection), 0)
    equal(inspection.torn?.file, path)
    deepEqual(await readAll(disk), inspection.kept)
  })

  it('refuses another format version', async () => {
    const disk = await writtenDisk()
    const path = segmentPath(0)
    const bytes = disk.contents(path)
    bytes.writeUInt32LE(2, 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
    disk.place(path, bytes)
    await rejects(inspect(disk), /has format version 2; this program reads version 1/)
  })
})

function rotten(bytes: Buffer, offset: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[offset] = copy[offset]! ^ 0xff
  return copy
}
