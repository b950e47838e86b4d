/** A purge or a deletion takes effect at once, however much there is; what it leaves behind is out of reach. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { POSITION, SEQ } from '../../src/queue/message-table.ts'
import { isLiveAt } from '../../src/queue/relocate.ts'
import type { State } from '../../src/queue/state.ts'
import { Core } from '../support/core.ts'

const QUEUE = 'orders'
const MANY = 1000

function filled(): Core {
  const core = new Core({ now: 0 })
  core.submit<'createQueue'>({ kind: 'createQueue', name: QUEUE, attributes: {}, tags: {} }, 0)
  for (let sent = 0; sent < MANY; sent += 1) send(core)
  return core
}

function send(core: Core): void {
  const content = new Uint8Array(10)
  core.submit<'send'>({ kind: 'send', queue: QUEUE, batch: false, entries: [{ content, size: 10 }] }, 0)
}

function isLive(state: State, slot: number): boolean {
  return isLiveAt(state, state.messages.number(slot, SEQ), state.messages.number(slot, POSITION))
}

for (const kind of ['purgeQueue', 'deleteQueue'] as const) {
  test(`a ${kind} gives memory back bit by bit, and all of it`, () => {
    const core = filled()
    core.submit<typeof kind>({ kind, queue: QUEUE }, 1)
    assert.equal(core.state.messages.size, MANY, 'the command itself touches no message')
    assert.ok(core.state.hasGone)
    core.state.advance(2)
    assert.ok(core.state.messages.size < MANY, 'some go before each command')
    core.state.sweep(MANY)
    assert.equal(core.state.messages.size, 0)
    assert.ok(!core.state.hasGone)
    assert.equal(core.state.space.liveBytes, 0)
  })
}

test('what was purged and not yet removed is never moved to a new segment, which would bring it back', () => {
  const core = filled()
  const slot = core.state.queuesByName.get(QUEUE)!.ages.oldest()
  assert.ok(isLive(core.state, slot))
  core.submit<'purgeQueue'>({ kind: 'purgeQueue', queue: QUEUE }, 1)
  assert.ok(!isLive(core.state, slot))
})

test('a lease that ends in what was purged makes nothing visible', () => {
  const core = filled()
  const received = core.submit<'receive'>(
    { kind: 'receive', queue: QUEUE, max: 10, visibilitySeconds: 30 },
    1,
  )
  assert.ok('taken' in received && received.taken.length === 10)
  core.submit<'purgeQueue'>({ kind: 'purgeQueue', queue: QUEUE }, 2)
  core.state.advance(40_000)
  const described = core.submit<'describeQueue'>({ kind: 'describeQueue', queue: QUEUE }, 40_000)
  assert.ok('visible' in described)
  assert.deepEqual([described.visible, described.inFlight], [0, 0])
  const receipts = received.taken.map(({ receipt }) => receipt)
  const deleted = core.submit<'delete'>({ kind: 'delete', queue: QUEUE, receipts }, 40_000)
  assert.ok('results' in deleted && deleted.results.every((result) => result === undefined))
})
