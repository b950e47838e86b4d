/**
 * A regression in speed is hard to see on a noisy machine; one in allocations is not. Bytes are counted in a process
 * that never collects garbage while it counts, so the numbers come out the same within a few per cent anywhere.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { type Connection, openConnection } from '../client/connection.ts'
import { RequestWriter } from '../client/request.ts'
import { createQueue, type SqsQueue } from '../client/sqs-queue.ts'
import { BYTES_PER_LIFECYCLE } from './budget.ts'
import type { Answer, Order } from './subject.ts'

const MESSAGES = 500
/** Tables that double, caches that fill and code that is compiled on its first call belong to no message. */
const WARM_UP_MESSAGES = 200
const SUBJECT = new URL('./subject.ts', import.meta.url)
const FLAGS = [
  '--no-opt',
  '--no-maglev',
  '--no-sparkplug',
  '--min-semi-space-size=256',
  '--max-semi-space-size=256',
]

let subject: ChildProcess
let connection: Connection
let queue: SqsQueue

before(async () => {
  subject = fork(SUBJECT, { execArgv: FLAGS })
  const ready = await heard()
  assert.ok('url' in ready)
  const port = Number(new URL(ready.url).port)
  connection = await openConnection(port)
  const shape = { name: 'guard', bodyBytes: 200, batch: 10, groups: 0 }
  queue = await createQueue(connection, new RequestWriter(port), shape)
})

after(async () => {
  connection.close()
  const gone = once(subject, 'exit')
  subject.disconnect()
  await gone
})

test('a message in process allocates no more than its budget', async (t) => {
  const bytes = await bytesPerMessage(async (messages) => {
    await ask({ kind: 'inProcess', messages })
  })
  t.diagnostic(`${bytes} bytes a lifecycle`)
  assert.ok(bytes <= BYTES_PER_LIFECYCLE.inProcess, over(bytes, BYTES_PER_LIFECYCLE.inProcess))
})

test('a message over HTTP allocates no more than its budget', async (t) => {
  const bytes = await bytesPerMessage(async (messages) => {
    for (let done = 0; done < messages; ) {
      for (let index = 0; index < queue.batch; index += 1) await queue.send(connection)
      const handles = await queue.receive(connection)
      for (const handle of handles) await queue.delete(connection, handle)
      done += handles.length
    }
  })
  t.diagnostic(`${bytes} bytes a lifecycle`)
  assert.ok(bytes <= BYTES_PER_LIFECYCLE.http, over(bytes, BYTES_PER_LIFECYCLE.http))
})

test('a message of a batch over HTTP allocates no more than its budget', async (t) => {
  const bytes = await bytesPerMessage(async (messages) => {
    for (let done = 0; done < messages; ) {
      await queue.sendBatch(connection)
      const handles = await queue.receive(connection)
      await queue.deleteBatch(connection, handles)
      done += handles.length
    }
  })
  t.diagnostic(`${bytes} bytes a lifecycle`)
  assert.ok(bytes <= BYTES_PER_LIFECYCLE.httpBatches, over(bytes, BYTES_PER_LIFECYCLE.httpBatches))
})

async function bytesPerMessage(live: (messages: number) => Promise<void>): Promise<number> {
  await live(WARM_UP_MESSAGES)
  const before = await allocatedBytes()
  await live(MESSAGES)
  return Math.round(((await allocatedBytes()) - before) / MESSAGES)
}

async function allocatedBytes(): Promise<number> {
  const answer = await ask({ kind: 'count' })
  assert.ok('allocatedBytes' in answer)
  return answer.allocatedBytes
}

async function ask(order: Order): Promise<Answer> {
  const answer = heard()
  subject.send(order)
  return answer
}

async function heard(): Promise<Answer> {
  const [answer] = (await once(subject, 'message')) as [Answer]
  return answer
}

function over(bytes: number, budget: number): string {
  return `${bytes} bytes a lifecycle, the budget is ${budget}: find out what allocates, or say why it must and raise it`
}
