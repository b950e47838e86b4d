/** A backup taken while a broker sends, deletes, begins segments and trims them. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { LogDamage } from '../../src/log/log.ts'
import { backup } from '../../src/log-tools/backup.ts'
import { decodeMessage, holdsMessage, seqIn } from '../../src/queue/event-codec.ts'
import { isLiveAt } from '../../src/queue/relocate.ts'
import { recover } from '../../src/shard/recovery.ts'
import { bodyOf, fileScene, type Scene } from '../support/shard-scene.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { openSimLog, SIM_DIRECTORY, segmentPath } from '../support/sim-log.ts'

const COPY = 'copy'
const OPTIONS = { segmentBytesMax: 3000, allocateBytes: 1024, cacheBytesMax: 4096 }
const FILL = 'x'.repeat(150)

/** What a client was told. */
class Ledger {
  readonly sent = new Set<string>()
  readonly deleting = new Set<string>()
  readonly deleted = new Set<string>()
}

/** Sends three and deletes two of what it can get, again and again, until told to stop. */
async function load(scene: Scene, ledger: Ledger, stopped: () => boolean): Promise<void> {
  for (let number = ledger.sent.size; !stopped(); number += 3) {
    for (const body of [number, number + 1, number + 2].map((each) => `${each} ${FILL}`)) {
      await scene.send('orders', body)
      ledger.sent.add(body)
    }
    const messages = await scene.receive('orders', { max: 2 })
    for (const message of messages) ledger.deleting.add(bodyOf(message))
    await scene.delete('orders', messages)
    for (const message of messages) ledger.deleted.add(bodyOf(message))
    // Old segments may go after five minutes.
    await scene.clock.advance('40s')
  }
}

/** Makes reads wait a number of turns that differs from one to the next. */
function slowReads(disk: SimDisk, seed: number): void {
  let state = seed
  disk.before = ({ kind }) => {
    if (kind !== 'read' && kind !== 'list' && kind !== 'open') return undefined
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return turns((state >>> 16) % 40)
  }
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function liveBodies(disk: SimDisk): Promise<readonly string[]> {
  const log = await openSimLog(disk, { directory: COPY })
  equal(log.recovered, undefined, 'the copy has no torn end')
  const { state } = await recover(log)
  const bodies: string[] = []
  await log.replay(log.start, (position, buffer, offset, length) => {
    if (!holdsMessage(buffer, offset) || !isLiveAt(state, seqIn(buffer, offset), position)) return
    bodies.push(Buffer.from(decodeMessage(buffer.subarray(offset, offset + length)).content).toString())
  })
  await log.close()
  return bodies
}

describe('a backup', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8]) {
    it(`has what was acknowledged before it began, and nothing that was deleted then (seed ${seed})`, async () => {
      const disk = new SimDisk()
      await using scene = await fileScene(disk, OPTIONS)
      await scene.queue('orders')
      const ledger = new Ledger()
      let over = false
      const loading = load(scene, ledger, () => over)
      while (ledger.sent.size < 100) await turns(1)
      const begun = { sent: [...ledger.sent], deleted: new Set(ledger.deleted) }
      const startBefore = scene.shard.log!.start
      slowReads(disk, seed)
      await disk.makeDirectory(COPY)
      const copied = await backup(disk, SIM_DIRECTORY, COPY)
      disk.before = () => undefined
      over = true
      await loading
      ok(copied.segments >= 2)
      ok(scene.shard.log!.start > startBefore, 'segments were trimmed beside it')

      const bodies = await liveBodies(disk)
      const copy = new Set(bodies)
      equal(copy.size, bodies.length, 'no message is there twice')
      for (const body of begun.sent) ok(copy.has(body) || ledger.deleting.has(body), `lost: ${body}`)
      for (const body of bodies) {
        ok(!begun.deleted.has(body), `deleted before, and back: ${body}`)
        ok(ledger.sent.has(body), `never sent: ${body}`)
      }
    })
  }

  it('of a log at rest is the log, without the space that was allocated ahead', async () => {
    const disk = new SimDisk()
    const scene = await fileScene(disk, OPTIONS)
    await scene.queue('orders')
    for (const body of ['a', 'b', 'c']) await scene.send('orders', body)
    await disk.makeDirectory(COPY)
    await backup(disk, SIM_DIRECTORY, COPY)
    deepEqual(await liveBodies(disk), ['a', 'b', 'c'])
    const original = disk.contents(segmentPath(0))
    const copy = disk.contents(segmentPath(0).replace(SIM_DIRECTORY, COPY))
    ok(original.subarray(0, copy.length).equals(copy))
    ok(copy.length < original.length)
    await scene.shard.close()
  })

  it('is refused where the log does not read back', async () => {
    const disk = new SimDisk()
    const scene = await fileScene(disk, OPTIONS)
    await scene.queue('orders')
    for (let number = 0; number < 40; number += 1) await scene.send('orders', `${number} ${FILL}`)
    await scene.shard.close()
    disk.rot(segmentPath(0), 1500)
    await disk.makeDirectory(COPY)
    await rejects(backup(disk, SIM_DIRECTORY, COPY), (error) => {
      ok(error instanceof LogDamage)
      equal(error.file, segmentPath(0))
      return true
    })
  })
})
