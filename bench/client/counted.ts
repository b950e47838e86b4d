/**
 * A round for brokers that push to their consumers: so many sends in flight until time is up, and an end when as many
 * messages are done as were sent. `done` counts over all rounds.
 */

import type { Round } from '../measure/contestant.ts'

export interface Counted {
  readonly ms: number
  readonly inFlight: number
  /** Messages of one send. */
  readonly size: number
  readonly send: () => Promise<unknown>
  readonly done: () => number
}

/** As in bench/client/loads.ts: a producer waits while this many are not done yet. */
const AHEAD_MAX = 2000

export async function countedRound({ ms, inFlight, size, send, done }: Counted): Promise<Round> {
  const startedAt = performance.now()
  const doneBefore = done()
  let sent = 0
  const ahead = (): number => sent - (done() - doneBefore)
  const produce = async (): Promise<void> => {
    while (performance.now() - startedAt < ms) {
      if (ahead() > AHEAD_MAX) await pause()
      else {
        sent += size
        await send()
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, produce))
  while (ahead() > 0) await pause()
  return { operations: sent, seconds: (performance.now() - startedAt) / 1000 }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
