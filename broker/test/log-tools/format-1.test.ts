/** The data directory that version 1 of the format left behind: it opens, and means for ever what it meant then. */

import { deepEqual, equal } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openStoredLog } from '../../src/log/stored-log.ts'
import type { CrossingEvent, Event, SourceEvent } from '../../src/queue/event.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { type Meaning, readMeaning } from '../fixtures/meaning.ts'
import { fileScene } from '../support/shard-scene.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { openSimLog, SIM_DIRECTORY } from '../support/sim-log.ts'

/** Every delay and every lease in it is over by then, no retention. */
const HOURS_LATER = 1_790_010_000_000
const FIXTURE = fileURLToPath(new URL('../fixtures/format-1/', import.meta.url))
const EVERY_KIND: Readonly<Record<Exclude<Event['kind'], (CrossingEvent | SourceEvent)['kind']>, true>> = {
  opened: true,
  queueDefined: true,
  queueDeleted: true,
  queuePurged: true,
  sent: true,
  received: true,
  receiveUndone: true,
  deleted: true,
  visibilityChanged: true,
  leaseRenewed: true,
  deadLettered: true,
  discarded: true,
  expired: true,
  moveTaskChanged: true,
  redriven: true,
  relocated: true,
}

function fixtureDisk(): SimDisk {
  const disk = new SimDisk()
  const names = readdirSync(FIXTURE).filter((name) => /\.(log|start)$/.test(name))
  for (const name of names) disk.place(`${SIM_DIRECTORY}/${name}`, readFileSync(`${FIXTURE}${name}`))
  return disk
}

const expected = JSON.parse(readFileSync(`${FIXTURE}meaning.json`, 'utf8')) as Meaning

describe('a log of format version 1', () => {
  it('holds every kind of event', () => {
    const kinds = new Set(expected.events.map((event) => (event as Event).kind))
    deepEqual([...kinds].sort(), Object.keys(EVERY_KIND).sort())
  })

  it('is read event by event, message by message, as it was when it was written', async () => {
    deepEqual(await readMeaning(await openStoredLog(fixtureDisk(), SIM_DIRECTORY)), expected)
  })

  it('still means the same after it was opened for writing', async () => {
    const disk = fixtureDisk()
    const log = await openSimLog(disk)
    equal(log.recovered, undefined)
    await log.close()
    deepEqual(await readMeaning(await openStoredLog(disk, SIM_DIRECTORY)), expected)
  })

  it('serves its messages', async () => {
    await using scene = await fileScene(fixtureDisk(), {}, manualClock(HOURS_LATER))
    deepEqual(await scene.counts('payments.fifo'), [2, 0, 0], 'the lease has ended since')
    const messages = await scene.receive('orders')
    equal(messages.length, expected.messages.length - 2)
  })
})
