/**
 * What a crash can leave of the last block is cut off; every other difference stops the start, naming the place.
 * Every byte of a small log has its turn.
 */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FIRST_RECORD_BYTES } from '../../src/log/frame.ts'
import { LogDamage } from '../../src/log/log.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { openSimLog, segmentPath } from '../support/sim-log.ts'
import { append, replayed } from './conformance.ts'

interface Built {
  readonly disk: SimDisk
  /** The last segment, and where its last block begins and ends. */
  readonly path: string
  readonly lastBlock: number
  readonly end: number
  /** The records before the last block, and those in it. */
  readonly before: readonly string[]
  readonly last: readonly string[]
  /** The file and the offset of every block but the last, and of every segment's header. */
  readonly places: readonly { readonly path: string; readonly offset: number; readonly end: number }[]
}

/** Two segments; the second has two blocks. */
async function build(): Promise<Built> {
  const disk = new SimDisk()
  const log = await openSimLog(disk)
  const before: string[] = []
  before.push(append(log, 'one'))
  await log.flush()
  const secondBlock = disk.contents(segmentPath(0)).length
  before.push(append(log, 'two and a half'))
  await log.flush()
  log.roll()
  before.push(append(log, 'three'))
  await log.flush()
  const base = log.segments()[1]!.start - FIRST_RECORD_BYTES
  const lastBlock = disk.contents(segmentPath(base)).length
  const last = [append(log, 'four is here'), append(log, ''), append(log, 'five')]
  await log.flush()
  await log.close()
  const first = segmentPath(0)
  const path = segmentPath(base)
  const places = [
    { path: first, offset: 0, end: 32 },
    { path: first, offset: 32, end: secondBlock },
    { path: first, offset: secondBlock, end: base },
    { path, offset: 0, end: 32 },
    { path, offset: 32, end: lastBlock },
  ]
  return { disk, path, lastBlock, end: disk.contents(path).length, before, last, places }
}

async function recoveredFrom(disk: SimDisk): Promise<{ records: string[]; cut: unknown }> {
  const log = await openSimLog(disk)
  const records = await replayed(log)
  const cut = log.recovered
  append(log, 'afterwards')
  await log.flush()
  await log.close()
  const again = await openSimLog(disk)
  deepEqual(await replayed(again), [...records, 'afterwards'])
  equal(again.recovered, undefined)
  await again.close()
  return { records, cut }
}

async function openAndReplay(disk: SimDisk): Promise<void> {
  const log = await openSimLog(disk)
  try {
    await replayed(log)
  } finally {
    await log.close()
  }
}

describe('the last block', () => {
  it('is cut off at the last whole one, wherever the file ends', async () => {
    const { lastBlock, end } = await build()
    for (let size = lastBlock; size < end; size++) {
      const { disk, path, before } = await build()
      const bytes = disk.contents(path).subarray(0, size)
      disk.place(path, bytes)
      const { records, cut } = await recoveredFrom(disk)
      deepEqual(records, before)
      const bytesCut = bytes.subarray(lastBlock).findLastIndex((byte) => byte !== 0) + 1
      deepEqual(cut, bytesCut === 0 ? undefined : { file: path, offset: lastBlock, bytesCut })
    }
  })

  it('is cut off wherever its bytes became zeros', async () => {
    const { lastBlock, end } = await build()
    for (let from = lastBlock; from < end; from += 4) {
      for (const to of [from + 4, end]) {
        const { disk, path, before, last } = await build()
        const whole = disk.contents(path)
        const bytes = Buffer.from(whole).fill(0, from, to)
        disk.place(path, bytes)
        const { records } = await recoveredFrom(disk)
        deepEqual(records, bytes.equals(whole) ? [...before, ...last] : before)
      }
    }
  })

  it('is cut off whichever of its bits is wrong', async () => {
    const { lastBlock, end } = await build()
    for (let bit = lastBlock * 8; bit < end * 8; bit++) {
      const { disk, path, before } = await build()
      disk.rot(path, bit >> 3, 1 << (bit & 7))
      const { records, cut } = await recoveredFrom(disk)
      deepEqual(records, before)
      ok(cut !== undefined)
    }
  })

  it('may be followed by zeros written ahead, which are no damage', async () => {
    const { disk, path, before, last } = await build()
    disk.place(path, Buffer.concat([disk.contents(path), Buffer.alloc(10_000)]))
    const { records, cut } = await recoveredFrom(disk)
    deepEqual(records, [...before, ...last])
    equal(cut, undefined)
  })

  it('may be larger than what is read at once', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    const first = append(log, 'first')
    await log.flush()
    append(log, 'x'.repeat(3_000_000))
    await log.flush()
    await log.close()
    const bytes = disk.contents(segmentPath(0))
    disk.place(segmentPath(0), bytes.subarray(0, 2_500_000))
    deepEqual((await recoveredFrom(disk)).records, [first])
  })
})

describe('damage before the last block', () => {
  it('stops the start whichever bit is wrong, naming file and offset', async () => {
    const { places } = await build()
    for (const { path, offset, end } of places) {
      for (let bit = offset * 8; bit < end * 8; bit++) {
        const { disk } = await build()
        disk.rot(path, bit >> 3, 1 << (bit & 7))
        await rejects(openAndReplay(disk), (error) => {
          ok(error instanceof LogDamage, `${error}`)
          equal(error.file, path)
          ok(error.offset >= offset && error.offset < end, `${error.offset} for ${bit >> 3}`)
          ok(error.message.includes(path) && error.message.includes(String(error.offset)))
          return true
        })
      }
    }
  })

  it('stops the start when a segment ends too early or is missing', async () => {
    const { places } = await build()
    const [first, second] = [places[0]!.path, places[4]!.path]
    const shortened = await build()
    shortened.disk.place(first, shortened.disk.contents(first).subarray(0, -8))
    await rejects(openAndReplay(shortened.disk), { name: 'LogDamage', file: first })

    const headless = await build()
    await headless.disk.remove(first)
    await rejects(openAndReplay(headless.disk), { name: 'LogDamage' })

    const all = await build()
    await all.disk.remove(first)
    await all.disk.remove(second)
    await rejects(openAndReplay(all.disk), { name: 'LogDamage' })
  })

  it('stops the start when a segment in the middle is missing', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    for (const record of ['one', 'two', 'three']) {
      append(log, record)
      await log.flush()
      log.roll()
    }
    const bases = log.segments().map(({ start }) => start - FIRST_RECORD_BYTES)
    await log.close()
    await disk.remove(segmentPath(bases[1]!))
    await rejects(openAndReplay(disk), { name: 'LogDamage', file: segmentPath(0), offset: bases[1]! })
  })

  it('stops the start when segments changed places', async () => {
    const { disk, places } = await build()
    const [first, second] = [places[0]!.path, places[4]!.path]
    const bytes = disk.contents(first)
    disk.place(first, disk.contents(second))
    disk.place(second, bytes)
    await rejects(openAndReplay(disk), { name: 'LogDamage' })
  })

  it('is found by a read of one record, and never handed out', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    const position = log.append(Buffer.from('precious'))
    await log.flush()
    append(log, 'more')
    await log.flush()
    await log.close()
    const again = await openSimLog(disk)
    disk.rot(segmentPath(0), position + 10)
    const expected = { name: 'LogDamage', file: segmentPath(0), offset: position }
    await rejects(async () => again.readAt(position, 8), expected)
    await again.close()
  })
})

describe('records that look like blocks', () => {
  it('cannot make a torn block look like damage', async () => {
    const { disk, path, lastBlock } = await build()
    const whole = disk.contents(path)
    // The bytes of a true block, as a message body: everything but its place and the salt is right.
    const log = await openSimLog(disk)
    for (let times = 0; times < 8; times++) log.append(Buffer.alloc(times), whole.subarray(lastBlock))
    await log.flush()
    await log.close()
    const bytes = disk.contents(path)
    disk.place(path, bytes.subarray(0, -20))
    const again = await openSimLog(disk)
    ok(again.recovered !== undefined)
    await again.close()
  })
})

describe('a new segment', () => {
  it('that got no further than a part of its header is begun again', async () => {
    for (let size = 0; size <= 32; size++) {
      const { disk, path, lastBlock, end, before, last } = await build()
      const base = Number(path.slice(-24, -4)) + end
      disk.place(segmentPath(base), disk.contents(path).subarray(0, size))
      const { records } = await recoveredFrom(disk)
      deepEqual(records, [...before, ...last])
      ok(lastBlock < end)
    }
  })
})
