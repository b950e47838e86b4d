/** The clock that a test moves, and lengths of time as text. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { durationMs } from '../../src/runtime/duration.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'

describe('The manual clock', () => {
  it('stands still until it is moved', async () => {
    const clock = manualClock(1000)
    assert.equal(clock.now(), 1000)
    await clock.advance('1s')
    assert.equal(clock.now(), 2000)
  })

  it('fires what falls due on the way, in order, each at its own time', async () => {
    const clock = manualClock(0)
    const fired: string[] = []
    for (const at of [30, 10, 20, 20, 41]) clock.schedule(at, () => fired.push(`${at} at ${clock.now()}`))
    await clock.advance(40)
    assert.deepEqual(fired, ['10 at 10', '20 at 20', '20 at 20', '30 at 30'])
    await clock.advance(1)
    assert.equal(fired.at(-1), '41 at 41')
  })

  it('fires what a timer schedules on the way', async () => {
    const clock = manualClock(0)
    const fired: number[] = []
    const again = (): void => {
      fired.push(clock.now())
      clock.schedule(clock.now() + 10, again)
    }
    clock.schedule(10, again)
    await clock.advance(35)
    assert.deepEqual(fired, [10, 20, 30])
  })

  it('lets everything come to rest after each instant', async () => {
    const clock = manualClock(0)
    const log: string[] = []
    let pending: Promise<void> = Promise.resolve()
    clock.onAdvance(() => pending)
    const slow = async (name: string): Promise<void> => {
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
      log.push(`${name} done at ${clock.now()}`)
    }
    for (const at of [10, 20]) {
      clock.schedule(at, () => {
        pending = slow(`timer ${at}`)
      })
    }
    await clock.advance(100)
    assert.deepEqual(log, ['timer 10 done at 10', 'timer 20 done at 20'])
  })

  it('fires a timer that is due already without being moved, and not before schedule returns', async () => {
    const clock = manualClock(100)
    let fired = false
    const due = new Promise<void>((resolve) => {
      clock.schedule(100, () => {
        fired = true
        resolve()
      })
    })
    assert.equal(fired, false)
    await due
    assert.equal(clock.now(), 100)
  })

  it('does not fire what was cancelled, also by a timer of the same instant', async () => {
    const clock = manualClock(0)
    const fired: string[] = []
    clock.schedule(10, () => second.cancel())
    const second = clock.schedule(10, () => fired.push('second'))
    const third = clock.schedule(20, () => fired.push('third'))
    third.cancel()
    await clock.advance(30)
    assert.deepEqual(fired, [])
  })

  it('adds up the moves of two callers', async () => {
    const clock = manualClock(0)
    await Promise.all([clock.advance('1s'), clock.advance('2s')])
    assert.equal(clock.now(), 3000)
  })

  it('refuses what is no length of time', async () => {
    await assert.rejects(manualClock().advance('soon'), RangeError)
    await assert.rejects(manualClock().advance(-1), RangeError)
  })
})

describe('A length of time', () => {
  const lengths = {
    '250ms': 250,
    '31s': 31_000,
    '5m': 300_000,
    '1h30m': 5_400_000,
    '2d': 172_800_000,
    '1d2h3m4s5ms': 93_784_005,
    '1500': 1500,
    '0s': 0,
  }
  for (const [text, ms] of Object.entries(lengths)) {
    it(`${text} is ${ms} ms`, () => assert.equal(durationMs(text), ms))
  }
  for (const text of ['', 's', '1', '-1s', '1.5s', '1s1m', '1 s', '1w', 's1', '99999999999999999d']) {
    if (text === '1') continue
    it(`"${text}" is none`, () => assert.equal(durationMs(text), undefined))
  }
})
