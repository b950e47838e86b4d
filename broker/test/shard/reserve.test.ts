/** A new log's reserve for a full disk is taken soon, and not while the broker starts. */

import { equal } from 'node:assert/strict'
import { it } from 'node:test'
import { fileScene, rest } from '../support/shard-scene.ts'
import { SimDisk } from '../support/sim-disk.ts'

it('a new broker has its reserve after a second: a disk may be full within a minute', async () => {
  const disk = new SimDisk()
  const scene = await fileScene(disk, { reserveBytes: 4096 })
  const kept = (): boolean => disk.paths().some((path) => path.endsWith('/reserve'))
  equal(kept(), false)
  await scene.clock.advance('1s')
  for (let turns = 0; turns < 20 && !kept(); turns += 1) await rest()
  equal(kept(), true)
  await scene.shard.close()
})
