/** Waiting on the clock that was handed in, between two tries of something that failed. */

import type { Clock } from '../../runtime/clock.ts'

/** Resolves after `ms`, or as soon as the signal says so. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.schedule(clock.now() + ms, end)
    signal?.addEventListener('abort', end)
  })
}
