/** However many messages expire at once, clients see the same; where all do, their memory comes back bit by bit. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Core } from '../support/core.ts'
import { dump } from '../support/dump.ts'
import { assertSound } from '../support/sound.ts'

const RETENTION_MS = 60_000
const MANY = 1500

/** A queue with its last message sent at `lastAt`, the others at 0; three have been delivered, one is delayed. */
function filled(name: string, count: number, lastAt: number): Core {
  const core = new Core({ now: 0 })
  const fifo: Record<string, string> = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
  const attributes = { ...fifo, MessageRetentionPeriod: String(RETENTION_MS / 1000) }
  core.submit<'createQueue'>({ kind: 'createQueue', name, attributes, tags: {} }, 0)
  for (let sent = 1; sent < count; sent += 1) send(core, name, 0, {})
  core.submit<'receive'>({ kind: 'receive', queue: name, max: 3, visibilitySeconds: 600 }, 0)
  send(core, name, lastAt, name.endsWith('.fifo') ? {} : { delaySeconds: 900 })
  return core
}

function send(core: Core, queue: string, now: number, more: { readonly delaySeconds?: number }): void {
  const id = String(core.state.nextSeq)
  const ids = queue.endsWith('.fifo') ? { group: `g${Number(id) % 7}`, dedupId: id } : {}
  const entry = { content: new Uint8Array(10), size: 10, ...ids, ...more }
  core.submit<'send'>({ kind: 'send', queue, batch: false, entries: [entry] }, now)
}

function counts(core: Core, queue: string, now: number): readonly number[] {
  const described = core.submit<'describeQueue'>({ kind: 'describeQueue', queue }, now)
  ok('visible' in described)
  return [described.visible, described.inFlight, described.delayed]
}

/** What the log says is the same again. */
function assertRecoverable(core: Core): void {
  const recovered = core.recovered()
  assertSound(recovered)
  deepEqual(dump(recovered), dump(core.state))
}

for (const name of ['orders', 'orders.fifo']) {
  describe(`a ${name} queue of which everything has expired`, () => {
    it('is empty at once, its memory comes back bit by bit', () => {
      const core = filled(name, MANY, 10)
      equal(
        counts(core, name, RETENTION_MS - 1).reduce((sum, one) => sum + one),
        MANY,
      )
      deepEqual(counts(core, name, RETENTION_MS + 10), [0, 0, 0])
      ok(core.state.messages.size > MANY / 2, 'the event itself touches few messages')
      while (core.state.hasGone) core.state.advance(RETENTION_MS + 10)
      equal(core.state.messages.size, 0)
      equal(core.state.space.liveBytes, 0)
      assertRecoverable(core)
    })

    it('takes and delivers new messages meanwhile', () => {
      const core = filled(name, MANY, 10)
      send(core, name, RETENTION_MS + 10, {})
      deepEqual(counts(core, name, RETENTION_MS + 10), [1, 0, 0])
      assertRecoverable(core)
    })
  })

  it(`of a ${name} queue with newer messages the older go at once`, () => {
    const core = filled(name, MANY, 20)
    const now = RETENTION_MS + 10
    equal(
      counts(core, name, now).reduce((sum, one) => sum + one),
      1,
    )
    equal(core.state.messages.size, 1)
    assertRecoverable(core)
  })
}

it('after many have expired each tenth delivery is still the one that waited longest', () => {
  const few = filled('orders', 10, 10)
  const many = filled('orders', MANY, 10)
  const orders = [few, many].map((core) => {
    const now = RETENTION_MS + 10
    const entries = Array.from({ length: 20 }, (_, index) => ({
      content: new Uint8Array(index),
      size: index,
      priority: index % 2,
    }))
    core.submit<'send'>({ kind: 'send', queue: 'orders', batch: true, entries }, now)
    const answer = core.submit<'receive'>({ kind: 'receive', queue: 'orders', max: 20 }, now)
    ok('taken' in answer)
    return answer.taken.map(({ length }) => length)
  })
  deepEqual(orders[1], orders[0])
})
