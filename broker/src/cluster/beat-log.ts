/** The log in which brokers say that they are there. Everybody sees the same beats in the same order. */

import type { Beat } from './members.ts'

export interface BeatLog {
  /** Resolves when it is in the log; rejects where that is not known. */
  append(beat: Beat): Promise<void>
  /** Shows each beat that comes from now on, in order, one's own too. Goes on through every failure, until closed. */
  follow(see: (beat: Beat) => void): void
  close(): Promise<void>
}
