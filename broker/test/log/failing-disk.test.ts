/** Disks that fail a write or a sync: the log breaks, says so, and opening it again settles what is there. */

import { deepEqual, equal, ok, rejects, throws } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import { diskError, type OperationKind, SimDisk } from '../support/sim-disk.ts'
import { openSimLog, segmentPath } from '../support/sim-log.ts'
import { SimProcess } from '../support/sim-process.ts'
import { append, replayed } from './conformance.ts'

function failOnce(disk: SimDisk, kind: OperationKind, code = 'EIO'): void {
  let due = true
  disk.before = ({ kind: asked, path }) => {
    if (asked !== kind || !due) return undefined
    due = false
    throw diskError(code, path)
  }
}

async function broken(kind: OperationKind): Promise<{ disk: SimDisk; log: FileLog }> {
  const disk = new SimDisk()
  const log = await openSimLog(disk)
  append(log, 'safe')
  await log.flush()
  append(log, 'unknown')
  failOnce(disk, kind)
  await rejects(log.flush(), { code: 'EIO' })
  return { disk, log }
}

describe('a log whose flush failed', () => {
  for (const kind of ['write', 'sync'] as const) {
    it(`refuses everything after a failed ${kind}, until it is opened again`, async () => {
      const { disk, log } = await broken(kind)
      throws(() => log.append(Buffer.from('more')), /must be opened again/)
      await rejects(log.flush(), /must be opened again/)
      await rejects(
        log.replay(log.start, () => undefined),
        /must be opened again/,
      )
      throws(() => log.roll(), /must be opened again/)
      await log.close()
      const again = await openSimLog(disk)
      equal((await replayed(again))[0], 'safe')
      append(again, 'goes on')
      await again.flush()
      equal((await replayed(again)).at(-1), 'goes on')
      await again.close()
    })
  }

  it('does not believe what a failed sync left in the cache: what it reads back then survives any crash', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const { disk, log } = await broken('sync')
      await log.close()
      const again = await openSimLog(disk)
      const seen = await replayed(again)
      deepEqual(seen, ['safe', 'unknown'])
      append(again, 'built upon it')
      await again.flush()
      disk.crash(seed)
      const last = await openSimLog(disk)
      deepEqual(await replayed(last), [...seen, 'built upon it'])
      await last.close()
    }
  })

  it('does not open when the disk cannot even settle what is there', async () => {
    const { disk, log } = await broken('sync')
    await log.close()
    failOnce(disk, 'sync')
    await rejects(openSimLog(disk), { code: 'EIO' })
    const again = await openSimLog(disk)
    equal((await replayed(again))[0], 'safe')
    await again.close()
  })

  it('makes what a killed process had written, and not synced, durable before it is acted upon', async () => {
    for (let seed = 0; seed < 100; seed++) {
      const disk = new SimDisk()
      const log = await openSimLog(disk)
      append(log, 'written')
      disk.before = ({ kind, path }) => {
        if (kind !== 'sync') return undefined
        disk.kill()
        throw diskError('EBADF', path)
      }
      await rejects(log.flush())
      disk.before = () => undefined
      const again = await openSimLog(disk)
      deepEqual(await replayed(again), ['written'])
      disk.crash(seed)
      const last = await openSimLog(disk)
      deepEqual(await replayed(last), ['written'])
      await last.close()
    }
  })
})

describe('a disk that fails elsewhere', () => {
  it('rejects a read, and the next one works', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    const position = log.append(Buffer.from('record'))
    await log.flush()
    await log.close()
    const again = await openSimLog(disk)
    failOnce(disk, 'read')
    await rejects(async () => again.readAt(position, 6), { code: 'EIO' })
    equal(String(await again.readAt(position, 6)), 'record')
    failOnce(disk, 'open')
    await again.close()
  })

  it('gives the directory back when opening fails', async () => {
    const disk = new SimDisk()
    for (const kind of ['open', 'write', 'sync', 'syncDirectory', 'list'] as const) {
      failOnce(disk, kind)
      await rejects(openSimLog(disk), { code: 'EIO' })
    }
    const log = await openSimLog(disk)
    await log.close()
  })

  it('leaves a trim to be finished by the next start', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    append(log, 'old')
    await log.flush()
    log.roll()
    append(log, 'new')
    await log.flush()
    failOnce(disk, 'remove')
    await rejects(log.trim(log.end), { code: 'EIO' })
    deepEqual(await replayed(log), ['new'])
    append(log, 'newer')
    await log.flush()
    await log.close()
    ok(disk.paths().includes(segmentPath(0)))
    const again = await openSimLog(disk)
    deepEqual(await replayed(again), ['new', 'newer'])
    ok(!disk.paths().includes(segmentPath(0)))
    await again.close()
  })

  it('leaves a trim whose mark was not durable yet, and a crash while the next start finishes it does no harm', async () => {
    const killed = new SimDisk()
    const process = new SimProcess(killed)
    const log = await openSimLog(process)
    append(log, 'old')
    await log.flush()
    log.roll()
    append(log, 'new')
    await log.flush()
    killed.before = ({ kind }) => {
      if (kind === 'syncDirectory') process.die()
    }
    await rejects(log.trim(log.end), { code: 'EBADF' })
    killed.before = () => {}
    for (let operation = 0; operation < 12; operation += 1) {
      for (let seed = 0; seed < 20; seed += 1) {
        const disk = killed.fork()
        let left = operation
        disk.before = () => {
          if (left-- === 0) disk.crash(seed)
        }
        await openSimLog(disk).catch(() => {})
        disk.before = () => {}
        const again = await openSimLog(disk)
        const records = await replayed(again)
        equal(records.at(-1), 'new', `operation ${operation}, seed ${seed}`)
        await again.close()
      }
    }
  })
})
