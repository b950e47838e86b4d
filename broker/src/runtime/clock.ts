/**
 * The only door to time. `now` never goes backwards: a system clock that is set back while the broker runs
 * changes nothing, one that jumps ahead (a laptop that slept) is followed.
 */

export interface Timer {
  cancel(): void
}

export interface Clock {
  /** Milliseconds since 1970, a whole number, never less than an earlier answer. */
  now(): number
  /** Calls `run` once, when `now()` has reached `at`, never before this call has returned. */
  schedule(at: number, run: () => void): Timer
}

/** Node's timers take at most this many milliseconds; longer waits are made of several. */
const TIMER_MS_MAX = 2 ** 31 - 1

/** The machine's clock. `floor`: an instant before which it shall not begin, such as the log's last record's. */
export function systemClock(floor = 0): Clock {
  let base = Math.max(Date.now(), floor)
  let baseMonotonic = performance.now()
  const now = (): number => {
    const wall = Date.now()
    const steady = base + (performance.now() - baseMonotonic)
    if (wall > steady + 1) {
      base = wall
      baseMonotonic = performance.now()
      return wall
    }
    return Math.floor(steady)
  }
  const schedule = (at: number, run: () => void): Timer => {
    let handle: NodeJS.Timeout
    const arm = (): void => {
      handle = setTimeout(
        () => (now() >= at ? run() : arm()),
        Math.min(Math.max(Math.ceil(at - now()), 0), TIMER_MS_MAX),
      )
    }
    arm()
    return { cancel: () => clearTimeout(handle) }
  }
  return { now, schedule }
}
