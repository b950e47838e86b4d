/** Who is there: counted in the beats of a log. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert, constantFrom, property } from 'fast-check'
import {
  BEAT_MS,
  type Beat,
  GONE_MS,
  Members,
  REFUSING_GONE_MS,
  STEP_MS_MAX,
} from '../../src/cluster/members.ts'

let now = 0

/** Each is sent in its time after the one before. */
function beat(node: string, change: Partial<Beat> = {}): Beat {
  now += BEAT_MS
  return {
    node,
    address: `${node}:1`,
    holds: [],
    leaving: false,
    joining: false,
    gone: false,
    at: now,
    ...change,
  }
}

function folded(self: string, beats: readonly Beat[]): Members {
  const members = new Members(self, 4)
  for (const each of beats) fold(members, each)
  return members
}

/** Read when it is sent. */
function fold(members: Members, each: Beat): void {
  members.fold(each, each.at)
}

function names(members: Members): readonly string[] {
  return members
    .all()
    .map(({ node }) => node)
    .sort()
}

test('who beats is a member', () => {
  deepEqual(names(folded('a', [beat('a'), beat('b')])), ['a', 'b'])
})

test('a member is gone when it was silent for two seconds of my own beats, and not before', () => {
  const members = folded('a', [beat('a'), beat('b')])
  const silentAt = now
  while (now + BEAT_MS < silentAt + GONE_MS) fold(members, beat('a'))
  deepEqual(names(members), ['a', 'b'])
  fold(members, beat('a'))
  deepEqual(names(members), ['a'])
})

test('a member that refuses connections is gone a little sooner, to the millisecond', () => {
  const members = folded('a', [beat('a'), beat('c'), beat('b')])
  const silentAt = now
  members.heard('b', true)
  for (let beats = 0; beats < 3; beats += 1) fold(members, beat('a'))
  equal(members.decidedAt, silentAt + REFUSING_GONE_MS)
  fold(members, beat('a', { at: silentAt + REFUSING_GONE_MS - 1 }))
  deepEqual(names(members), ['a', 'b', 'c'])
  fold(members, beat('a', { at: silentAt + REFUSING_GONE_MS }))
  deepEqual(names(members), ['a', 'c'])
  equal(members.decidedAt, undefined)
})

test('a member that refuses connections and beats is there', () => {
  const members = folded('a', [beat('a'), beat('b')])
  members.heard('b', true)
  for (let beats = 0; beats < 20; beats += 1) fold(members, beat(beats % 2 === 0 ? 'a' : 'b'))
  deepEqual(names(members), ['a', 'b'])
})

test('a member that takes connections again is given the whole time', () => {
  const members = folded('a', [beat('a'), beat('b')])
  members.heard('b', true)
  members.heard('b', false)
  for (let beats = 0; beats < 4; beats += 1) fold(members, beat('a'))
  deepEqual(names(members), ['a', 'b'])
})

test('my beats count from when I read the other’s last one, whenever they were sent', () => {
  const members = folded('a', [beat('a')])
  const late = beat('b')
  members.fold(late, now + 10_000)
  for (let beats = 0; beats < 20; beats += 1) fold(members, beat('a'))
  deepEqual(names(members), ['a', 'b'])
})

test('a clock that jumps makes others older by half a second, and no more', () => {
  const members = folded('a', [beat('a'), beat('b')])
  for (let jumps = 0; jumps < GONE_MS / STEP_MS_MAX - 1; jumps += 1) {
    now += 60_000
    fold(members, beat('a'))
  }
  deepEqual(names(members), ['a', 'b'])
})

test('beats that announce something, one right after the other, make nobody old', () => {
  const members = folded('a', [beat('a'), beat('b')])
  const sentAt = now
  for (let beats = 0; beats < 20; beats += 1) fold(members, beat('a', { at: sentAt + beats }))
  deepEqual(names(members), ['a', 'b'])
})

test('others’ beats make nobody old: who cannot beat itself declares nobody dead', () => {
  const members = folded('a', [beat('a'), beat('b'), beat('c')])
  for (let beats = 0; beats < 100; beats += 1) fold(members, beat('c'))
  deepEqual(names(members), ['a', 'b', 'c'])
})

test('a broker that was restarted takes the place of its earlier self', () => {
  const members = folded('a', [beat('a'), beat('b'), beat('b2', { address: 'b:1' })])
  deepEqual(names(members), ['a', 'b2'])
})

test('who says that it is gone is gone at once', () => {
  deepEqual(names(folded('a', [beat('a'), beat('b'), beat('b', { gone: true })])), ['a'])
})

test('nothing is given to who is leaving, and what it holds is still known', () => {
  const members = folded('a', [beat('a'), beat('b', { holds: [0, 1], leaving: true })])
  deepEqual(members.owners(), ['a', 'a', 'a', 'a'])
  equal(members.holder(1)?.node, 'b')
  equal(members.holder(2), undefined)
})

test('who is joining gets nothing yet, and knows what it will get', () => {
  const beats = [beat('a'), beat('b', { joining: true })]
  deepEqual(folded('a', beats).owners(), ['a', 'a', 'a', 'a'])
  const coming = folded('b', beats).willOwn()
  equal(coming.length, 2)
  const joined = folded('b', [...beats, beat('b')])
  deepEqual(joined.willOwn(), coming)
  for (const shard of coming) equal(joined.owners()[shard], 'b')
})

test('of two that say they hold a shard, the last one is asked', () => {
  const members = folded('a', [beat('a', { holds: [3] }), beat('b', { holds: [3] })])
  equal(members.holder(3)?.node, 'b')
  fold(members, beat('a', { holds: [3] }))
  equal(members.holder(3)?.node, 'a')
})

test('with nobody there nobody owns anything', () => {
  deepEqual(folded('a', []).owners(), [undefined, undefined, undefined, undefined])
})

test('every shard has one heir beside its owner, who owns it when the owner is gone', () => {
  const beats = ['a', 'b', 'c'].map((node) => beat(node))
  const views = new Map(['a', 'b', 'c'].map((self) => [self, folded(self, beats)]))
  const owners = views.get('a')!.owners()
  for (const [shard, owner] of owners.entries()) {
    const heirs = [...views].filter(([, view]) => view.succeeds().includes(shard)).map(([self]) => self)
    equal(heirs.length, 1)
    const after = folded(heirs[0]!, [...beats, beat(owner!, { gone: true })])
    equal(after.owners()[shard], heirs[0])
  }
})

test('an owner knows who would replace it: whoever does when it is gone', () => {
  const beats = ['a', 'b', 'c'].map((node) => beat(node))
  const view = folded('a', beats)
  const after = folded('b', [...beats, beat('a', { gone: true })])
  for (const [shard, owner] of view.owners().entries()) {
    if (owner === 'a') equal(view.heir(shard)?.node, after.owners()[shard])
  }
  equal(folded('a', [beat('a')]).heir(0), undefined)
})

test('all who have seen the same beats, their own to the end, agree on who owns what', async () => {
  const nodes = ['a', 'b', 'c'] as const
  await assert(
    property(array(constantFrom(...nodes), { maxLength: 60 }), (order) => {
      // In the end everybody is heard again: what each had counted until then does not matter any more.
      const beats = [...order, ...nodes].map((node) => beat(node))
      const views = nodes.map((self) => folded(self, beats).owners())
      deepEqual(views[1], views[0])
      deepEqual(views[2], views[0])
    }),
  )
})
