/** What a start reads of a record says all that the record says, but for a message's content. */

import { deepEqual, equal } from 'node:assert/strict'
import { it } from 'node:test'
import type { Event } from '../../src/queue/event.ts'
import { decodeEvent, encodeEvent, headBytes } from '../../src/queue/event-codec.ts'
import { READY } from '../../src/queue/message-table.ts'

const at = 1_700_000_000_000
const content = Buffer.from('the body, which a start does not need')
const history = {
  dueAt: at + 5,
  phase: READY,
  sentAt: at - 9,
  receiveCount: 3,
  countBefore: 1,
  firstReceivedMs: 7,
  leasedMs: 8,
} as const
const texts = [
  { priority: 4, group: undefined, dedupId: undefined },
  { priority: 0, group: 'a group', dedupId: 'an id' },
  { priority: 9, group: 'ü'.repeat(100), dedupId: undefined },
]
const withMessages: readonly Event[] = texts.flatMap((text): Event[] => {
  const message = { at, seq: 12, queueId: 3, ...text, content }
  return [
    { kind: 'sent', dueAt: at, ...message },
    { kind: 'fed', dueAt: at, partition: 2, offset: 77, ...message },
    { kind: 'redriven', oldSeq: 5, taskId: 'a task', ...message },
    { kind: 'relocated', source: 'a queue', ...history, ...message },
    { kind: 'arrived', from: 4, number: 6, messageId: 'its id', source: undefined, ...history, ...message },
  ]
})
const others: readonly Event[] = [
  { kind: 'deleted', at, seq: 12 },
  { kind: 'received', at, seq: 12, until: at + 30_000, attemptId: 'an attempt' },
  { kind: 'queuePurged', at, queueId: 3 },
]

/** The head, with other bytes behind it, as it lies among other heads. */
function headOf(record: Buffer): Buffer {
  const head = record.subarray(0, headBytes(record, 0, record.length))
  return Buffer.concat([head, Buffer.alloc(record.length - head.length, 0xee)])
}

for (const event of withMessages) {
  it(`a record of kind ${event.kind} is known by its head, its content left out`, () => {
    const { head, content } = encodeEvent(event, true)
    const record = Buffer.concat([head, content!])
    equal(headBytes(record, 0, record.length), head.length)
    const decoded = decodeEvent(headOf(record), 0, record.length)
    deepEqual({ ...decoded, content }, event)
  })
}

for (const event of others) {
  it(`a record of kind ${event.kind} is all head`, () => {
    const { head } = encodeEvent(event, false)
    equal(headBytes(Buffer.from(head), 0, head.length), head.length)
  })
}
