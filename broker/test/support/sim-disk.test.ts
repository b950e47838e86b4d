/** The simulated disk is as treacherous as it says, and no more. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diskError, SECTOR_BYTES, SimDisk } from './sim-disk.ts'

async function fileWith(disk: SimDisk, content: string) {
  const file = await disk.open('d/f', 'create')
  await file.write(Buffer.from(content), 0, content.length, 0)
  return file
}

/** What each of many crashes leaves of `d/f`; undefined where even the name is gone. */
async function outcomes(prepare: (disk: SimDisk) => Promise<unknown>): Promise<Set<string | undefined>> {
  const seen = new Set<string | undefined>()
  for (let seed = 0; seed < 300; seed++) {
    const disk = new SimDisk()
    await prepare(disk)
    disk.crash(seed)
    seen.add(disk.paths().includes('d/f') ? disk.contents('d/f').toString('latin1') : undefined)
  }
  return seen
}

describe('the simulated disk', () => {
  it('may lose the name of a file whose directory was not synced', async () => {
    const seen = await outcomes(async (disk) => (await fileWith(disk, 'x')).sync())
    deepEqual([...seen].sort(), ['x', undefined])
  })

  it('keeps what was synced, file and directory', async () => {
    const seen = await outcomes(async (disk) => {
      await (await fileWith(disk, 'safe')).sync()
      await disk.syncDirectory('d')
    })
    deepEqual([...seen], ['safe'])
  })

  it('keeps any part of what was not synced, sector by sector, in any order', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(SECTOR_BYTES))
    const seen = await outcomes(async (disk) => {
      await (await fileWith(disk, '')).sync()
      await disk.syncDirectory('d')
      await fileWith(disk, `${a}${b}${c}`)
    })
    const hole = '\0'.repeat(SECTOR_BYTES)
    ok(seen.has(''))
    ok(seen.has(`${a}${b}${c}`))
    ok(seen.has(`${hole}${hole}${c}`))
    ok(seen.has(`${a}${hole}${c}`))
    equal(seen.size, 8)
  })

  it('may undo a removal and a truncation that were not synced', async () => {
    const safe = async (disk: SimDisk) => {
      const file = await fileWith(disk, 'safe')
      await file.sync()
      await disk.syncDirectory('d')
      return file
    }
    const removed = await outcomes(async (disk) => {
      await safe(disk)
      await disk.remove('d/f')
    })
    deepEqual([...removed].sort(), ['safe', undefined])
    const cut = await outcomes(async (disk) => (await safe(disk)).truncate(2))
    deepEqual([...cut].sort(), ['sa', 'safe'])
  })

  it('loses what a failed sync was for, whatever later syncs say, until it is written again', async () => {
    const failSync = async (disk: SimDisk) => {
      const file = await fileWith(disk, 'old!')
      await file.sync()
      await disk.syncDirectory('d')
      await file.write(Buffer.from('new!'), 0, 4, 0)
      disk.before = ({ kind, path }) => {
        if (kind === 'sync') throw diskError('EIO', path)
        return undefined
      }
      await rejects(file.sync(), { code: 'EIO' })
      disk.before = () => undefined
      equal(String(disk.contents('d/f')), 'new!')
      return file
    }
    const later = await outcomes(async (disk) => (await failSync(disk)).sync())
    deepEqual([...later].sort(), ['new!', 'old!'])
    const again = await outcomes(async (disk) => {
      const file = await failSync(disk)
      await file.write(Buffer.from('new!'), 0, 4, 0)
      await file.sync()
    })
    deepEqual([...again], ['new!'])
  })

  it('is full at its capacity, after writing what fits', async () => {
    const disk = new SimDisk({ capacityBytes: 6 })
    const file = await fileWith(disk, 'four')
    await rejects(file.write(Buffer.from('more'), 0, 4, 4), { code: 'ENOSPC' })
    equal(String(disk.contents('d/f')), 'fourmo')
    equal(await disk.freeBytes(), 0)
    await disk.remove('d/f')
    equal(await disk.freeBytes(), 6)
  })

  it('lets an open file be read after its name is gone, and none after a crash', async () => {
    const disk = new SimDisk()
    const file = await fileWith(disk, 'still')
    await disk.remove('d/f')
    const bytes = Buffer.alloc(5)
    equal(await file.read(bytes, 0, 5, 0), 5)
    equal(String(bytes), 'still')
    disk.crash(1)
    await rejects(file.read(bytes, 0, 5, 0), { code: 'EBADF' })
  })
})
