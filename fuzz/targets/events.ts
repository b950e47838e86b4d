/** The bytes of a record: an event that is the same when it is written and read once more, or an error. */

import { isDeepStrictEqual } from 'node:util'
import type { Event } from '../../broker/src/queue/event.ts'
import { decodeEvent, encodeEvent } from '../../broker/src/queue/event-codec.ts'
import { must, type Target } from '../target.ts'

const AT = 1_700_000_000_000
const MESSAGE = { priority: 3, group: 'g', dedupId: undefined, content: Buffer.from('content') }

const EVENTS: readonly Event[] = [
  { kind: 'opened', at: AT, salt: new Uint8Array(16), nextSeq: 7, nextQueueId: 2 },
  { kind: 'sent', at: AT, seq: 7, queueId: 1, dueAt: 0, ...MESSAGE },
  { kind: 'received', at: AT, seq: 7, until: AT + 1, attemptId: 'again' },
  { kind: 'visibilityChanged', at: AT, seq: 7, until: AT + 2 },
  { kind: 'redriven', at: AT, seq: 8, queueId: 1, oldSeq: 7, taskId: 'task', ...MESSAGE },
  {
    kind: 'relocated',
    at: AT,
    seq: 8,
    queueId: 1,
    dueAt: AT,
    phase: 1,
    sentAt: AT,
    receiveCount: 2,
    countBefore: 1,
    firstReceivedMs: 5,
    leasedMs: 5,
    source: 'arn',
    ...MESSAGE,
  },
  { kind: 'deadLettered', at: AT, seq: 8, queueId: 2 },
  { kind: 'expired', at: AT, queueId: 1, sentBefore: AT },
  { kind: 'deleted', at: AT, seq: 8 },
  { kind: 'queuePurged', at: AT, queueId: 1 },
  { kind: 'fed', at: AT, seq: 9, queueId: 1, dueAt: 0, partition: 2, offset: 5, ...MESSAGE },
  { kind: 'arrivalsTold', at: AT, queue: 'dead', from: 3, arrived: 7, refused: 9 },
  { kind: 'fedTo', at: AT, queueId: 1, topicId: 'id', partition: 2, next: 6 },
]

export const events: Target = {
  name: 'events',
  words: ['\0', '\xff', '{}', '{"id":1}'],
  seeds: () => EVENTS.map((event) => bytesOf(event)),
  run: (input) => {
    const event = attempt(() => decodeEvent(input, 0, input.length))
    // Written as JSON, a number such as -0 or 1e999 comes back as another.
    if (event === undefined || 'definition' in event || 'task' in event) return
    // Bytes that are no UTF-8 become longer, and may then be too long.
    const bytes = attempt(() => bytesOf(event))
    if (bytes === undefined) return
    must(
      isDeepStrictEqual(decodeEvent(bytes, 0, bytes.length), event),
      `${event.kind} reads differently again`,
    )
  },
}

function bytesOf(event: Event): Buffer {
  const { head, content } = encodeEvent(event, true)
  return Buffer.concat([head, content ?? Buffer.alloc(0)])
}

/** Undefined where it is refused; whatever is thrown must be an error. */
function attempt<Value>(make: () => Value): Value | undefined {
  try {
    return make()
  } catch (error) {
    must(error instanceof Error, `thrown: ${String(error)}`)
    return undefined
  }
}
