/** What one broker takes in all, and that it goes on when it takes no more. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ExpiringMap } from '../../src/queue/expiring-map.ts'
import {
  DEDUPLICATION_IDS_MAX,
  DEDUPLICATION_MS,
  DEFINITIONS_BYTES_MAX,
  EXHAUSTED_PER_RECEIVE_MAX,
  IN_FLIGHT_MAX,
  MESSAGES_MAX,
  MOVE_TASKS_ACTIVE_MAX,
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

  test('so many messages in flight: a short poll of a standard queue is refused, other receives get nothing', () => {
    const core = new Core({ now: 0 })
    for (const name of ['orders', 'orders.fifo']) {
      create(core, name)
      send(core, name, '1')
      core.state.queuesByName.get(name)!.inFlight = IN_FLIGHT_MAX
    }
    const receive = (queue: string, waitSeconds: number): object =>
      core.submit<'receive'>({ kind: 'receive', queue, max: 1, waitSeconds }, 0)
    assert.partialDeepStrictEqual(receive('orders', 0), OVER_LIMIT)
    assert.partialDeepStrictEqual(receive('orders', 1), { taken: [] })
    assert.partialDeepStrictEqual(receive('orders.fifo', 0), { taken: [] })
  })

  test('so many move tasks at once', () => {
    const core = new Core({ now: 0 })
    create(core, 'dead')
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:0:dead',
      maxReceiveCount: 1,
    })
    core.submit<'createQueue'>(
      { kind: 'createQueue', name: 'orders', attributes: { RedrivePolicy }, tags: {} },
      0,
    )
    pretend(core.state.moving, 'size', MOVE_TASKS_ACTIVE_MAX)
    const start = {
      kind: 'startMoveTask',
      source: 'dead',
      sourceArn: 'arn:aws:sqs:us-east-1:0:dead',
      taskId: 't',
    } as const
    assert.partialDeepStrictEqual(core.submit<'startMoveTask'>(start, 0), OVER_LIMIT)
  })

  test('so much work in one receive: it stops after a thousand exhausted messages, and says that there is more', () => {
    const core = new Core({ now: 0 })
    create(core, 'dead')
    const RedrivePolicy = JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:0:dead',
      maxReceiveCount: 1,
    })
    core.submit<'createQueue'>(
      { kind: 'createQueue', name: 'orders', attributes: { RedrivePolicy }, tags: {} },
      0,
    )
    const receive = {
      kind: 'receive',
      queue: 'orders',
      max: 10,
      visibilitySeconds: 60,
      waitSeconds: 0,
    } as const
    for (let sent = 0; sent <= EXHAUSTED_PER_RECEIVE_MAX; sent += 1) send(core, 'orders', '')
    for (let left = EXHAUSTED_PER_RECEIVE_MAX + 1; left > 0; left -= 10) core.submit<'receive'>(receive, 0)
    const dead = core.state.queuesByName.get('dead')!
    assert.partialDeepStrictEqual(core.submit<'receive'>(receive, 60_000), { taken: [], more: true })
    assert.equal(dead.visible, EXHAUSTED_PER_RECEIVE_MAX)
    assert.partialDeepStrictEqual(core.submit<'receive'>(receive, 60_000), { taken: [], more: false })
    assert.equal(dead.visible, EXHAUSTED_PER_RECEIVE_MAX + 1)
  })
})
