/** Bytes of memory that the queue core's index takes a waiting message, bodies and log apart: counted in its arrays. */

import { evolve } from '../../broker/src/queue/evolve.ts'
import { State } from '../../broker/src/queue/state.ts'

/** With this many messages waiting in one standard queue. */
export function indexBytes(messages: number): number {
  const state = new State()
  const definition = { id: 1, name: 'q', fifo: false, attributes: {}, tags: {}, createdAt: 0, modifiedAt: 0 }
  evolve(state, { kind: 'queueDefined', at: 0, definition }, 0, 0)
  state.space.begin(0)
  const content = new Uint8Array(0)
  const before = process.memoryUsage().arrayBuffers
  for (let seq = 1; seq <= messages; seq += 1) {
    const sent = { queueId: 1, dueAt: 0, priority: 0, group: undefined, dedupId: undefined, content }
    evolve(state, { kind: 'sent', at: seq, seq, ...sent }, seq * 300, 300)
  }
  return (process.memoryUsage().arrayBuffers - before) / state.messages.size
}
