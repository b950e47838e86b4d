/** A log of another format version is refused in plain words, and left as it is. */

import { equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32 } from 'node:zlib'
import { LogDamage } from '../../src/log/log.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { openSimLog, segmentPath } from '../support/sim-log.ts'
import { append } from './conformance.ts'

describe('a log of another format version', () => {
  it('is refused by its number, and is not called damaged', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    append(log, 'from the future')
    await log.flush()
    await log.close()
    const bytes = disk.contents(segmentPath(0))
    bytes.writeUInt32LE(99, 8)
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28)
    disk.place(segmentPath(0), bytes)
    await rejects(openSimLog(disk), (error) => {
      ok(error instanceof Error && !(error instanceof LogDamage))
      equal(error.message, `${segmentPath(0)} has format version 99; this program reads version 1`)
      return true
    })
    ok(disk.contents(segmentPath(0)).equals(bytes))
  })
})
