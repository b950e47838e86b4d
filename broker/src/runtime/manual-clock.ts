/**
 * A clock that stands still until it is moved, for tests and for `--test-clock`. Moving it fires the timers that
 * fall due on the way, one instant after the other, and lets everything they set off come to rest before the
 * next: after `advance` the world is as if that much time had really passed.
 */

import type { Clock, Timer } from './clock.ts'
import { durationMs } from './duration.ts'

interface Alarm {
  readonly at: number
  readonly run: () => void
}

export interface ManualClock extends Clock {
  /** Moves time by `31s`, `1h30m`, `250ms` or a number of milliseconds; throws a RangeError for anything else. */
  advance(duration: string | number): Promise<void>
  /** Registers what `advance` waits for after each instant: a function that resolves when nothing is pending. */
  onAdvance(settled: () => Promise<void>): void
}

/** `startAt`: the instant at which it stands first; the machine's time unless given. */
export function manualClock(startAt = Date.now()): ManualClock {
  let nowAt = Math.floor(startAt)
  let moving: Promise<void> = Promise.resolve()
  const alarms = new Set<Alarm>()
  const hooks: (() => Promise<void>)[] = []

  const fireDue = (): void => {
    const due = [...alarms].filter((alarm) => alarm.at <= nowAt).sort((a, b) => a.at - b.at)
    for (const alarm of due) if (alarms.delete(alarm)) alarm.run()
  }

  const settle = async (): Promise<void> => {
    await turn()
    for (const settled of hooks) await settled()
    await turn()
  }

  const move = async (byMs: number): Promise<void> => {
    const untilAt = nowAt + byMs
    await settle()
    for (let at = earliest(alarms); at <= untilAt; at = earliest(alarms)) {
      nowAt = Math.max(nowAt, at)
      fireDue()
      await settle()
    }
    nowAt = untilAt
    await settle()
  }

  return {
    now: () => nowAt,
    schedule: (at, run): Timer => {
      const alarm: Alarm = { at, run }
      alarms.add(alarm)
      // What is due already needs nobody to move the clock.
      if (at <= nowAt) setImmediate(fireDue)
      return { cancel: () => alarms.delete(alarm) }
    },
    advance: async (duration) => {
      const byMs = durationMs(duration)
      if (byMs === undefined)
        throw new RangeError(`"${duration}" is no length of time: write 31s, 5m, 1h30m, 250ms`)
      // Two callers' moves add up, one after the other, also when the first one's timer threw.
      const moved = moving.then(() => move(byMs))
      moving = moved.catch(() => {})
      return moved
    },
    onAdvance: (settled) => {
      hooks.push(settled)
    },
  }
}

function earliest(alarms: ReadonlySet<Alarm>): number {
  let at = Number.POSITIVE_INFINITY
  for (const alarm of alarms) at = Math.min(at, alarm.at)
  return at
}

/** Lets what is under way in this process, promises and finished I/O, take its next step. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
