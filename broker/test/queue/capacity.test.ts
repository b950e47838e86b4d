/** What one broker takes in all, and that it goes on when it takes no more. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ExpiringMap } from '../../src/queue/expiring-map.ts'
import {
  DEDUPLICATION_IDS_MAX,
  DEDUPLICATION_MS,
  DEFINITIONS_BYTES_MAX,
  MESSAGES_MAX,
  QUEUES_MAX,
} from '../../src/queue/limits.ts'
import { isProblem } from '../../src/queue/problem.ts'
import { Core } from '../support/core.ts'

const OVER_LIMIT = { problem: 'OverLimit' }
const LARGE_TAGS = Object.fromEntries(
  Array.from({ length: 50 }, (_, index) => [`${index}`.padEnd(128, 'k'), 'v'.repeat(256)]),
)

function create(core: Core, name: string, tags: Readonly<Record<string, string>> = {}): object {
  const attributes: Record<string, string> = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
  return core.submit<'createQueue'>({ kind: 'createQueue', name, attributes, tags }, 0)
}

function send(core: Core, queue: string, dedupId: string, now = 0): object {
  const fifo = queue.endsWith('.fifo') ? { group: 'g', dedupId } : {}
  const entries = [{ content: new Uint8Array(1), size: 1, ...fifo }]
  return core.submit<'send'>({ kind: 'send', queue, entries, batch: false }, now)
}

/** As if so many were there: nobody waits for a hundred million. */
function pretend(owner: object, name: string, value: unknown): void {
  Object.defineProperty(owner, name, { configurable: true, value })
}

describe('a broker has room for', () => {
  test(`so many queues, and finds those that are there`, () => {
    const core = new Core({ now: 0 })
    create(core, 'first')
    pretend(core.state.queues, 'size', QUEUES_MAX)
    assert.partialDeepStrictEqual(create(core, 'second'), OVER_LIMIT)
    assert.deepEqual(create(core, 'first'), { name: 'first' })
  })

  test('so many bytes of definitions, and has room again when a queue is deleted', () => {
    const core = new Core({ now: 0 })
    let created = 0
    while (!isProblem(create(core, `q${created}`, LARGE_TAGS))) created += 1
    assert.ok(core.state.definitionBytes >= DEFINITIONS_BYTES_MAX)
    assert.partialDeepStrictEqual(create(core, 'another'), OVER_LIMIT)
    const tag = { kind: 'tagQueue', queue: 'q0', tags: LARGE_TAGS } as const
    assert.partialDeepStrictEqual(core.submit<'tagQueue'>(tag, 0), OVER_LIMIT)
    assert.ok(!isProblem(send(core, 'q0', '1')))
    core.submit<'deleteQueue'>({ kind: 'deleteQueue', queue: 'q1' }, 0)
    assert.deepEqual(create(core, 'another'), { name: 'another' })
    assert.ok(
      !isProblem(core.submit<'tagQueue'>({ ...tag, tags: {} }, 0)) || core.state.queues.size === created,
    )
  })

  test('so many messages, whose receives and deletes go on', () => {
    const core = new Core({ now: 0 })
    create(core, 'orders')
    send(core, 'orders', '1')
    pretend(core.state.messages, 'size', MESSAGES_MAX)
    assert.partialDeepStrictEqual(send(core, 'orders', '2'), OVER_LIMIT)
    const received = core.submit<'receive'>({ kind: 'receive', queue: 'orders', max: 1 }, 0)
    assert.ok(!isProblem(received) && received.taken.length === 1)
  })

  test('so many deduplication ids, and has room again when they are forgotten', () => {
    const core = new Core({ now: 0 })
    create(core, 'orders.fifo')
    send(core, 'orders.fifo', '1')
    const { dedup } = core.state.queuesByName.get('orders.fifo')!
    pretend(dedup!, 'sizeAt', () => DEDUPLICATION_IDS_MAX)
    assert.partialDeepStrictEqual(send(core, 'orders.fifo', '2'), OVER_LIMIT)
    assert.ok(!isProblem(send(core, 'orders.fifo', '1')), 'a repetition needs no room')
    pretend(dedup!, 'sizeAt', ExpiringMap.prototype.sizeAt)
    assert.equal(dedup!.sizeAt(DEDUPLICATION_MS - 1), 1)
    assert.equal(dedup!.sizeAt(DEDUPLICATION_MS), 0)
  })
})
