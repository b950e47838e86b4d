/**
 * The broker whose allocations are counted, in a process of its own with a young generation so large that nothing is
 * collected between two counts, and without optimising compilers, whose moment is never the same. It takes orders
 * from the test: count, or live through so many messages in process.
 */

import type { InProcessBroker } from '../../broker/src/pabal.ts'
import { startBroker } from '../../broker/src/test.ts'

export type Order = { readonly kind: 'count' } | { readonly kind: 'inProcess'; readonly messages: number }
export type Answer = { readonly url: string } | { readonly allocatedBytes: number } | { readonly done: true }

const BODY = 'x'.repeat(200)
const QUEUE = 'guard'

const broker = await startBroker({ http: true })
await broker.createQueue(QUEUE)
process.on('message', (order: Order) => {
  if (order.kind === 'count') return answer({ allocatedBytes: allocatedBytes() })
  lifecycles(broker, order.messages).then(() => answer({ done: true }), fail)
})
process.on('disconnect', () => process.exit(0))
answer({ url: broker.url })

/** In tens: sent one by one, received together, deleted one by one. */
async function lifecycles(queues: InProcessBroker, messages: number): Promise<void> {
  for (let done = 0; done < messages; ) {
    for (let index = 0; index < 10; index += 1) await queues.send(QUEUE, BODY)
    const received = await queues.receive(QUEUE, { max: 10 })
    for (const message of received) await queues.delete(QUEUE, message)
    done += received.length
  }
}

function allocatedBytes(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function answer(content: Answer): void {
  process.send?.(content)
}

function fail(error: unknown): void {
  throw error
}
