/** Things that happen while a flush is held up on its way to the disk. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FileLog } from '../../src/log/file-log.ts'
import { IDLE_FILES_MAX } from '../../src/log/segment-file.ts'
import { diskError, type OperationKind, SimDisk } from '../support/sim-disk.ts'
import { openSimLog, segmentPath } from '../support/sim-log.ts'
import { append, numbered, replayed } from './conformance.ts'

/** More segments than may have their files open, each with one record of three bytes; none in memory. */
async function manySegments(disk: SimDisk): Promise<FileLog> {
  const log = await openSimLog(disk)
  for (let count = 0; count < 2 * IDLE_FILES_MAX; count++) {
    append(log, 'old')
    await log.flush()
    log.roll()
  }
  await log.close()
  return openSimLog(disk)
}

/** Holds up the next operation of a kind, until told. */
function hold(disk: SimDisk, kind: OperationKind): () => void {
  let letGo = (): void => {}
  const held = new Promise<void>((resolve) => {
    letGo = resolve
  })
  disk.before = (operation) => {
    if (operation.kind !== kind) return undefined
    disk.before = () => undefined
    return held
  }
  return letGo
}

describe('while a block is being written', () => {
  it('its bytes stay, however much is appended', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk, { cacheBytesMax: 16_384 })
    const expected: Buffer[] = []
    const appendNumbered = (count: number): void => {
      expected.push(numbered(count))
      log.append(numbered(count))
    }
    appendNumbered(0)
    await log.flush()
    const onItsWay = log.end
    for (let count = 1; count < 10; count++) appendNumbered(count)
    const letGo = hold(disk, 'write')
    const flushing = log.flush()
    for (let count = 10; count < 100; count++) appendNumbered(count)
    equal(String(await log.readAt(onItsWay, 1000)), String(numbered(1)))
    letGo()
    await flushing
    await log.flush()
    const records = await replayed(log)
    deepEqual(
      records,
      expected.map((bytes) => bytes.toString('latin1')),
    )
    await log.close()
  })

  it('a trim leaves its segment alone', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    append(log, 'on its way')
    log.roll()
    const letGo = hold(disk, 'sync')
    const flushing = log.flush()
    await log.trim(log.end)
    equal(log.segments().length, 2)
    letGo()
    await flushing
    deepEqual(await replayed(log), ['on its way'])
    await log.trim(log.end)
    equal(log.segments().length, 1)
    await log.close()
  })

  it('closing waits for it', async () => {
    const disk = new SimDisk()
    const log = await openSimLog(disk)
    append(log, 'on its way')
    const letGo = hold(disk, 'sync')
    const flushing = log.flush()
    const closing = log.close()
    letGo()
    await Promise.all([flushing, closing])
    const again = await openSimLog(disk)
    deepEqual(await replayed(again), ['on its way'])
    await again.close()
  })
})

describe('a trim', () => {
  it('waits for a reader that is about to open the file', async () => {
    const disk = new SimDisk()
    const again = await manySegments(disk)
    const position = again.start
    // Its file is not open: too many others were used since.
    await replayed(again)
    ok(disk.openFiles <= IDLE_FILES_MAX)
    const letGo = hold(disk, 'open')
    const reading = again.readAt(position, 3)
    const trimming = again.trim(again.end)
    for (let turns = 0; turns < 100; turns++) await Promise.resolve()
    letGo()
    equal(String(await reading), 'old')
    await trimming
    ok(!disk.paths().includes(segmentPath(0)))
    await again.close()
  })
})

describe('a new segment whose name was never synced', () => {
  it('is made durable by the next start, before anybody builds upon it', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const disk = new SimDisk()
      const log = await openSimLog(disk)
      append(log, 'first')
      await log.flush()
      log.roll()
      append(log, 'second')
      disk.before = ({ kind, path }) => {
        if (kind !== 'syncDirectory') return undefined
        disk.kill()
        throw diskError('EBADF', path)
      }
      await log.flush().catch(() => undefined)
      disk.before = () => undefined
      const again = await openSimLog(disk)
      equal(again.segments().length, 2)
      append(again, 'third')
      await again.flush()
      disk.crash(seed)
      const last = await openSimLog(disk)
      deepEqual(await replayed(last), ['first', 'third'])
      await last.close()
    }
  })
})
