/** What brokers say to each other: all of a command, and each body once. */

import { deepEqual, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { packRequest, type Request, unpackRequest } from '../../src/cluster/peer-codec.ts'
import type { Command } from '../../src/queue/command.ts'

const content = Buffer.alloc(1000, 'x')
const commands: readonly Command[] = [
  {
    kind: 'send',
    queue: 'orders',
    batch: true,
    entries: [1, 2].map((delaySeconds) => ({ content, size: 1000, contentHash: 'h', delaySeconds })),
  },
  {
    kind: 'arrive',
    queue: 'dead',
    from: 3,
    travellers: [7, 9].map((number) => ({
      number,
      fifo: false,
      source: 'orders',
      redrive: false,
      messageId: 'an id',
      sentAt: 1,
      receiveCount: 2,
      firstReceivedAt: 3,
      priority: 4,
      group: undefined,
      dedupId: undefined,
      content,
    })),
  },
  { kind: 'delete', queue: 'orders', receipts: ['a', 'b'] },
]

for (const command of commands) {
  it(`a command of kind ${command.kind} comes over whole, its bodies beside it and not in it`, () => {
    const request: Request = { shard: 5, command, passage: undefined }
    const { json, contents } = packRequest(request)
    const text = JSON.stringify(json)
    ok(text.length < 1000, text)
    const read = unpackRequest(JSON.parse(text), Buffer.concat(contents))
    deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(request)))
  })
}
