/** The state that a log adds up to, for who counts: what was purged is really gone from it, not only out of reach. */

import type { State } from '../queue/state.ts'
import { type ReadableLog, recover } from '../shard/recovery.ts'

export async function readState(log: ReadableLog): Promise<State> {
  const { state } = await recover(log)
  state.sweep(Number.POSITIVE_INFINITY)
  return state
}
