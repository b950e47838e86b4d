/** The first receive of a message that lay long in one FIFO dead-letter queue after the other. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS } from '../../src/queue/limits.ts'
import type { Taken } from '../../src/queue/receive.ts'
import { Core } from '../support/core.ts'

const core = new Core({ now: 0 })

function create(name: string, target?: string): void {
  const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${target}`
  const redrive = { RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 }) }
  const attributes = {
    FifoQueue: 'true',
    MessageRetentionPeriod: '1209600',
    ...(target === undefined ? {} : redrive),
  }
  const made = core.submit<'createQueue'>({ kind: 'createQueue', name, attributes, tags: {} }, 0)
  assert.ok('name' in made)
}

function receive(queue: string, at: number): readonly Taken[] {
  const received = core.submit<'receive'>({ kind: 'receive', queue, max: 1, visibilitySeconds: 0 }, at)
  assert.ok('taken' in received)
  return received.taken
}

test('the first receive stays in the past, after more days than its field holds', () => {
  create('c.fifo')
  create('b.fifo', 'c.fifo')
  create('a.fifo', 'b.fifo')
  const entry = { content: new Uint8Array(1), size: 1, group: 'g', dedupId: 'd' }
  core.submit<'send'>({ kind: 'send', queue: 'a.fifo', batch: false, entries: [entry] }, 0)
  assert.equal(receive('a.fifo', 0).length, 1)
  assert.equal(receive('a.fifo', 13 * DAY_MS).length, 0, 'it went to b.fifo')
  assert.equal(receive('b.fifo', 13 * DAY_MS).length, 1)
  assert.equal(receive('b.fifo', 26 * DAY_MS).length, 0, 'it went to c.fifo')
  const [message] = receive('c.fifo', 26 * DAY_MS)
  assert.ok(message !== undefined && message.firstReceivedAt >= 0 && message.firstReceivedAt < 2 * DAY_MS)
})
