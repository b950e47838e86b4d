/** When a shard keeps house. */

import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { Housekeeping } from '../../src/shard/housekeeping.ts'
import { BEGIN_AT } from '../support/shard-scene.ts'

function begun(full = false) {
  const clock = manualClock(BEGIN_AT)
  const times: number[] = []
  const ends: (() => void)[] = []
  const house = new Housekeeping(clock, async () => {
    times.push((clock.now() - BEGIN_AT) / 1000)
    await new Promise<void>((resolve) => ends.push(resolve))
    return { full }
  })
  house.begin()
  const end = async (): Promise<void> => {
    ends.shift()!()
    await clock.advance(0)
  }
  return { clock, house, times, end }
}

describe('a shard keeps house', () => {
  it('a second after its log was opened, and a minute after each time', async () => {
    const { clock, times, end } = begun()
    await clock.advance('2s')
    await end()
    await clock.advance('3m')
    deepEqual(times, [1, 62])
  })

  it('five seconds after the first of the segments that were closed, also while it does so', async () => {
    const { clock, house, times, end } = begun()
    await clock.advance('2s')
    house.segmentClosed()
    await clock.advance('3s')
    house.segmentClosed()
    await end()
    await clock.advance('1s')
    deepEqual(times, [1])
    await clock.advance('1s')
    deepEqual(times, [1, 7])
  })

  it('every second while the disk is full', async () => {
    const { clock, times, end } = begun(true)
    await clock.advance('1s')
    await end()
    await clock.advance('1s')
    deepEqual(times, [1, 2])
  })

  it('never once it has stopped, whatever is closed then', async () => {
    const { clock, house, times, end } = begun()
    await clock.advance('1s')
    house.stop()
    house.segmentClosed()
    await end()
    house.segmentClosed()
    await clock.advance('10m')
    deepEqual(times, [1])
  })
})
