/** A disk without room: the reserve is spent, `full` says so, and both come back with the space. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RESERVE_NAME } from '../../src/log/reserve.ts'
import { diskError, SimDisk } from '../support/sim-disk.ts'
import { openSimLog, SIM_DIRECTORY } from '../support/sim-log.ts'
import { append, numbered, replayed } from './conformance.ts'

const RESERVE_BYTES = 8192
const OPTIONS = { reserveBytes: RESERVE_BYTES, segmentBytesMax: 16_384 }
const RESERVE_PATH = `${SIM_DIRECTORY}/${RESERVE_NAME}`

async function fill(disk: SimDisk) {
  const log = await openSimLog(disk, OPTIONS)
  await log.maintain()
  equal(disk.contents(RESERVE_PATH).length, RESERVE_BYTES)
  let count = 0
  while (!log.full) {
    log.append(numbered(count++))
    await log.flush()
  }
  return { log, count }
}

describe('a full disk', () => {
  it('takes the record that did not fit, gives up the reserve, and says that it is full', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const { log, count } = await fill(disk)
    ok(!disk.paths().includes(RESERVE_PATH))
    for (let deletes = 0; deletes < 50; deletes++) {
      append(log, 'delete')
      await log.flush()
    }
    const records = await replayed(log)
    equal(records.length, count + 50)
    await log.close()
    const again = await openSimLog(disk, OPTIONS)
    deepEqual(await replayed(again), records)
    equal(again.full, true)
    await again.close()
  })

  it('stays full until there is room for twice the reserve, and then takes it back', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const { log } = await fill(disk)
    await log.maintain()
    equal(log.full, true)
    disk.capacityBytes += RESERVE_BYTES
    await log.maintain()
    equal(log.full, true)
    disk.capacityBytes += RESERVE_BYTES
    await log.maintain()
    equal(log.full, false)
    equal(disk.contents(RESERVE_PATH).length, RESERVE_BYTES)
    await log.close()
  })

  it('is not full any more once a trim has made room', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const { log } = await fill(disk)
    await log.trim(log.end)
    equal(log.full, false)
    ok(disk.paths().includes(RESERVE_PATH))
    append(log, 'room again')
    await log.flush()
    await log.close()
  })

  it('rejects the flush with ENOSPC when even the reserve is used up, and loses nothing durable', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const { log, count } = await fill(disk)
    let durable = count
    const fillUp = async (): Promise<void> => {
      for (;;) {
        log.append(numbered(durable))
        await log.flush()
        durable++
      }
    }
    await rejects(fillUp(), { code: 'ENOSPC' })
    await log.close()
    const again = await openSimLog(disk, OPTIONS)
    equal((await replayed(again)).length, durable)
    equal(again.full, true)
    await again.close()
  })

  it('gives up a reserve that is only half written', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const { log } = await fill(disk)
    disk.capacityBytes += 4 * RESERVE_BYTES
    let goOn: (() => void) | undefined
    disk.before = ({ kind, path }) => {
      if (kind !== 'sync' || path !== RESERVE_PATH) return undefined
      return new Promise((resolve) => {
        goOn = resolve
      })
    }
    const maintaining = log.maintain()
    while (goOn === undefined) await Promise.resolve()
    disk.capacityBytes = disk.usedBytes + 100
    log.append(numbered(0))
    const flushing = log.flush()
    for (let turns = 0; turns < 20; turns++) await Promise.resolve()
    goOn()
    await flushing
    await maintaining
    equal(log.full, true)
    ok(!disk.paths().includes(RESERVE_PATH))
    await log.close()
  })

  it('serves a flush and a trim that find no room at the same time', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const log = await openSimLog(disk, OPTIONS)
    await log.maintain()
    for (let count = 0; count < 30; count++) {
      log.append(numbered(count))
      await log.flush()
    }
    // Neither the block nor the mark that a trim puts down has room, until the reserve is gone.
    disk.before = ({ kind, path }) => {
      const refused = kind === 'write' || (kind === 'open' && path.endsWith('.start'))
      if (refused && disk.paths().includes(RESERVE_PATH)) throw diskError('ENOSPC', path)
      return undefined
    }
    log.append(numbered(30))
    await Promise.all([log.flush(), log.trim(log.durable)])
    ok(log.full)
    equal((await replayed(log)).at(-1), numbered(30).toString('latin1'))
    await log.close()
  })

  it('is known after a restart', async () => {
    const disk = new SimDisk({ capacityBytes: 100_000 })
    const { log } = await fill(disk)
    await log.close()
    const again = await openSimLog(disk, OPTIONS)
    equal(again.full, true)
    disk.capacityBytes += 2 * RESERVE_BYTES
    await again.maintain()
    equal(again.full, false)
    await again.close()
  })
})

describe('the reserve', () => {
  it('is taken after a new log has started, and found by later starts', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk, OPTIONS)
    equal(log.full, false)
    ok(!disk.paths().includes(RESERVE_PATH))
    await log.maintain()
    ok(disk.paths().includes(RESERVE_PATH))
    await log.close()
    const again = await openSimLog(disk, OPTIONS)
    equal(again.full, false)
    await again.close()
  })

  it('is made whole when a crash left a part of it', async () => {
    const disk = new SimDisk()
    await (await openSimLog(disk, OPTIONS)).close()
    disk.place(RESERVE_PATH, Buffer.alloc(10))
    const log = await openSimLog(disk, OPTIONS)
    equal(disk.contents(RESERVE_PATH).length, RESERVE_BYTES)
    equal(log.full, false)
    await log.close()
  })
})
