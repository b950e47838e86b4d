/** Single records read from the disk, while things happen to their segment. Both were found by the simulator. */

import { equal, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { openSimLog, segmentPath } from '../support/sim-log.ts'

const SMALL = Buffer.alloc(100, 'small')

/** A segment of one block, a small record and a large one behind it, which is in memory no more. */
async function coldLog(disk: SimDisk): Promise<{ log: FileLog; position: number }> {
  const log = await openSimLog(disk)
  const position = log.append(SMALL)
  log.append(Buffer.alloc(300_000, 'large'))
  await log.flush()
  log.roll()
  log.append(SMALL)
  await log.flush()
  await log.close()
  return { log: await openSimLog(disk), position }
}

describe('a record read from the disk', () => {
  it('comes, also where its segment is trimmed between the reads that it takes', async () => {
    const disk = new SimDisk()
    const { log, position } = await coldLog(disk)
    let letGo = (): void => {}
    const held = new Promise<void>((resolve) => {
      letGo = resolve
    })
    disk.before = ({ kind }) => (kind === 'read' ? held : undefined)
    const reading = log.readAt(position, SMALL.length)
    await log.trim(log.end)
    letGo()
    equal(String(await reading), String(SMALL))
    equal(disk.paths().includes(segmentPath(0)), false)
    await log.close()
  })

  it('that failed its checksum is read again once the disk has been put right', async () => {
    const disk = new SimDisk()
    const { log, position } = await coldLog(disk)
    disk.rot(segmentPath(0), position + 20)
    await rejects(async () => log.readAt(position, SMALL.length), { name: 'LogDamage' })
    disk.rot(segmentPath(0), position + 20)
    equal(String(await log.readAt(position, SMALL.length)), String(SMALL))
    await log.close()
  })
})
