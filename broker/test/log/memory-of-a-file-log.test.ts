/** What a file log answers from memory, what it reads from the disk, and how much it keeps of either. */

import { equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { openSimLog, segmentPath } from '../support/sim-log.ts'
import { append, numbered } from './conformance.ts'

async function write(log: FileLog, from: number, to: number): Promise<number[]> {
  const positions: number[] = []
  for (let count = from; count < to; count++) {
    positions.push(log.append(numbered(count)))
    if (count % 10 === 9) await log.flush()
  }
  await log.flush()
  return positions
}

function reads(disk: SimDisk): number {
  return disk.counts.get('read') ?? 0
}

describe('a file log', () => {
  it('gives back what one huge block needed', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk, { cacheBytesMax: 64 * 1024 })
    const huge = Buffer.alloc(300_000, 'huge')
    const position = log.append(huge)
    await log.flush()
    const read = log.readAt(position, huge.length)
    ok(read instanceof Promise)
    ok(huge.equals(await read))
    const small = log.append(numbered(1))
    ok(numbered(1).equals(await log.readAt(small, 1000)))
    await log.close()
  })

  it('answers with the newest records at once, and reads older ones from the disk', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk, { cacheBytesMax: 64 * 1024 })
    const positions = await write(log, 0, 1000)
    ok(log.readAt(positions[999]!, 1000) instanceof Uint8Array)
    ok(log.readAt(positions[960]!, 1000) instanceof Uint8Array)
    const old = log.readAt(positions[0]!, 1000)
    ok(old instanceof Promise)
    ok(numbered(0).equals(await old))
    await log.close()
  })

  it('reads a backlog in order with one read of the disk for hundreds of records', async () => {
    const disk = new SimDisk()
    const writer = await openSimLog(disk)
    const positions = await write(writer, 0, 2000)
    await writer.close()
    const log = await openSimLog(disk)
    const before = reads(disk)
    for (const [count, position] of positions.entries()) {
      ok(numbered(count).equals(await log.readAt(position, 1000)))
    }
    ok(reads(disk) - before < 20, `${reads(disk) - before} reads`)
    await log.close()
  })

  it('reads once for many who ask at the same time', async () => {
    const disk = new SimDisk()
    const writer = await openSimLog(disk)
    const positions = await write(writer, 0, 20)
    await writer.close()
    const log = await openSimLog(disk)
    const before = reads(disk)
    const records = await Promise.all(positions.map((position) => log.readAt(position, 1000)))
    for (const [count, record] of records.entries()) ok(numbered(count).equals(record))
    equal(reads(disk) - before, 1)
    await log.close()
  })

  it('reads records here and there, small ones beside ones larger than what is read at once', async () => {
    const disk = new SimDisk()
    const writer = await openSimLog(disk)
    const wanted: { position: number; bytes: Buffer }[] = []
    for (let count = 0; count < 60; count++) {
      const bytes = Buffer.alloc(count % 3 === 0 ? 400_000 : 50, `${count}.`)
      wanted.push({ position: writer.append(bytes), bytes })
      if (count % 7 === 0) await writer.flush()
    }
    await writer.flush()
    await writer.close()
    const log = await openSimLog(disk)
    for (let step = 0; step < 60; step++) {
      const { position, bytes } = wanted[(step * 23) % 60]!
      ok(bytes.equals(await log.readAt(position, bytes.length)))
    }
    await log.close()
  })

  it('finds rot in what it read ahead, and answers with what is sound', async () => {
    const disk = new SimDisk()
    const writer = await openSimLog(disk)
    const positions = await write(writer, 0, 200)
    await writer.close()
    const log = await openSimLog(disk)
    disk.rot(segmentPath(0), positions[100]! + 500)
    ok(numbered(0).equals(await log.readAt(positions[0]!, 1000)))
    await rejects(async () => log.readAt(positions[100]!, 1000), {
      name: 'LogDamage',
      offset: positions[100]!,
    })
    ok(numbered(199).equals(await log.readAt(positions[199]!, 1000)))
    await log.close()
  })

  it('refuses to keep more than its limit waiting for a flush, and takes it after one', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk, { stagedBytesMax: 100_000 })
    let count = 0
    const fill = (): void => {
      for (;;) {
        log.append(numbered(count))
        count++
      }
    }
    throws(fill, RangeError)
    ok(count >= 90)
    await log.flush()
    append(log, 'room again')
    await log.flush()
    let seen = 0
    await log.replay(log.start, () => seen++)
    equal(seen, count + 1)
    await log.close()
  })
})
