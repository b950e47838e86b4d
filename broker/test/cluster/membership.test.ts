/** One broker among the others: when it beats, how long it is sure, and when it gives another one up. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { BeatLog } from '../../src/cluster/beat-log.ts'
import { BEAT_MS, type Beat, GONE_MS, REFUSING_GONE_MS } from '../../src/cluster/members.ts'
import { Membership } from '../../src/cluster/membership.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'

const BEGIN_AT = 1_000_000
const SURE_MS = 1000

/** A log of beats that are read as soon as they are written, while it does not stand still. */
class Beats implements BeatLog {
  readonly sent: Beat[] = []
  standsStill = false
  #see: (beat: Beat) => void = () => {}

  async append(beat: Beat): Promise<void> {
    if (this.standsStill) throw new Error('the log stands still')
    this.sent.push(beat)
    this.#see(beat)
  }

  follow(see: (beat: Beat) => void): void {
    this.#see = see
  }

  async close(): Promise<void> {}
}

interface Scene {
  readonly membership: Membership
  readonly beats: Beats
  readonly clock: ManualClock
  /** When it has beaten, since the beginning. */
  readonly beatenAt: () => readonly number[]
  readonly knows: (node: string) => boolean
}

function scene(): Scene {
  const beats = new Beats()
  const clock = manualClock(BEGIN_AT)
  const membership = new Membership({
    node: 'a',
    address: () => 'a:1',
    shards: 4,
    beats,
    clock,
    log: silentLogger,
    holds: () => [],
    changed: () => {},
  })
  membership.start()
  const beatenAt = (): readonly number[] =>
    beats.sent.flatMap(({ node, at }) => (node === 'a' ? at - BEGIN_AT : []))
  const knows = (node: string): boolean => membership.members.get(node) !== undefined
  return { membership, beats, clock, beatenAt, knows }
}

/** Somebody else's beat. */
function beatOf(node: string): Beat {
  return { node, address: `${node}:1`, holds: [], leaving: false, joining: false, gone: false, at: 0 }
}

test('it beats every 400 ms, and what it announces in between changes nothing of that', async () => {
  const { membership, clock, beatenAt } = scene()
  await clock.advance(100)
  await membership.announce()
  await clock.advance(2 * BEAT_MS)
  deepEqual(beatenAt(), [0, 100, BEAT_MS, 2 * BEAT_MS])
})

test('it is sure for a second after a beat that it has read back', async () => {
  const { membership, beats, clock } = scene()
  await clock.advance(BEAT_MS)
  beats.standsStill = true
  await clock.advance(SURE_MS - 1)
  equal(membership.sure, true)
  await clock.advance(1)
  equal(membership.sure, false)
  beats.standsStill = false
  await clock.advance(BEAT_MS)
  equal(membership.sure, true)
})

test('another that is silent is given up after two seconds', async () => {
  const { beats, clock, knows } = scene()
  await beats.append(beatOf('b'))
  await clock.advance(GONE_MS - 1)
  equal(knows('b'), true)
  await clock.advance(1)
  equal(knows('b'), false)
})

test('one that refuses connections is given up after 1.6 s, by a beat of that instant', async () => {
  const { membership, beats, clock, beatenAt, knows } = scene()
  await clock.advance(100)
  await beats.append(beatOf('b'))
  await clock.advance(1000)
  membership.heard('b', true)
  await clock.advance(REFUSING_GONE_MS - 1000 - 1)
  equal(knows('b'), true)
  await clock.advance(1)
  equal(knows('b'), false)
  await clock.advance(1000)
  deepEqual(beatenAt(), [0, 400, 800, 1200, 1600, 1700, 2000, 2400])
})

test('whoever beats while nobody can connect to it stays, and costs no beats', async () => {
  const { membership, beats, clock, beatenAt, knows } = scene()
  await beats.append(beatOf('b'))
  membership.heard('b', true)
  for (let turn = 0; turn < 10; turn += 1) {
    await clock.advance(BEAT_MS)
    await beats.append(beatOf('b'))
  }
  equal(knows('b'), true)
  equal(beatenAt().length, 11)
})
