/**
 * This broker among the others: beats, sees all beats, and says when something has changed. It also knows whether it
 * may be sure of what it holds: while its own newest beat, read back from the log, was sent a moment ago by its own
 * clock. Others take a shard over only when we were silent for longer than that (members.ts), so whoever is sure is
 * nobody's predecessor. A broker that slept is not sure until it has read on to a beat
 * that it sent after waking, and before that beat it reads who has taken over meanwhile.
 */

import type { Clock, Timer } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { BeatLog } from './beat-log.ts'
import { BEAT_MS, type Beat, Members, REFUSING_GONE_MS } from './members.ts'

/**
 * Less than the 1.6 s after which others may take over, by the half second that a jump of their clock may count for, and
 * by what clocks may differ in speed.
 */
const SURE_MS = 1000
/** Longer out of touch than this, a broker is better not asked. */
const IN_TOUCH_MS = 5000
/** Everybody who is there has beaten once when three of our own beats have been seen. */
const BEATS_TO_JOIN = 3

export interface MembershipOptions {
  /** This start of this broker: another one every time. */
  readonly node: string
  /** Where others reach it; known when it starts. */
  readonly address: () => string
  readonly shards: number
  readonly beats: BeatLog
  readonly clock: Clock
  readonly log: Logger
  /** The shards that this broker holds. */
  readonly holds: () => readonly number[]
  /** The shards that it has read along to their end. */
  readonly reads?: (() => readonly number[]) | undefined
  /** Something was seen. */
  readonly changed: () => void
}

export class Membership {
  readonly members: Members
  readonly #options: MembershipOptions
  readonly #clock: Clock
  #ready = false
  #leaving = false
  #gone = false
  #ownBeats = 0
  /** When the newest of our beats that was read back was sent. */
  #sureAt = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #beating: Promise<void> | undefined
  #again = false
  /** Of the last beat that was sent: no two of ours are of the same instant. */
  #lastAt = 0
  /** When the last one was sent that was due: announcements between two do not make the next one late. */
  #regularAt = Number.NEGATIVE_INFINITY
  readonly #waiting = new Set<{ readonly after: number; readonly resolve: () => void }>()

  constructor(options: MembershipOptions) {
    this.#options = options
    this.#clock = options.clock
    this.members = new Members(options.node, options.shards, ({ node, address }) =>
      options.log.warn('member_gone', { node, address }),
    )
  }

  get node(): string {
    return this.#options.node
  }

  /** True when everybody who is there is known. */
  get joined(): boolean {
    return this.#ownBeats >= BEATS_TO_JOIN
  }

  get leaving(): boolean {
    return this.#leaving
  }

  /** False when nothing has been heard of the others, or of oneself, for a while. */
  get inTouch(): boolean {
    return this.joined && this.#clock.now() - this.#sureAt < IN_TOUCH_MS
  }

  get sure(): boolean {
    return this.#clock.now() - this.#sureAt < SURE_MS
  }

  /** True when others may have given this broker up, and what it holds may be theirs. */
  get mayBeReplaced(): boolean {
    return this.#clock.now() - this.#sureAt >= REFUSING_GONE_MS
  }

  start(): void {
    this.#options.beats.follow((beat) => this.#see(beat))
    this.#beat()
  }

  /** Resolves when everybody can know what is so now: a beat sent after this call was read back. */
  announce(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ after: this.#lastAt, resolve })
      this.#beat()
    })
  }

  /** From now on shards may be given to this broker. */
  takePart(): Promise<void> {
    this.#ready = true
    return this.announce()
  }

  /** Nothing more shall be given to this broker. */
  leave(): Promise<void> {
    this.#leaving = true
    return this.announce()
  }

  /** Whether another one refused the last connection: if it is no more, that is to be known soon. */
  heard(node: string, refuses: boolean): void {
    this.members.heard(node, refuses)
    this.#beatLater()
  }

  /** The last word. */
  async end(): Promise<void> {
    this.#gone = true
    this.#timer?.cancel()
    await this.#beating
    try {
      await this.#options.beats.append(this.#word())
    } catch (error) {
      // The others find out by its silence.
      this.#options.log.warn('beat_failed', { error })
    }
    await this.#options.beats.close()
  }

  /** Stops without a word. */
  async silence(): Promise<void> {
    this.#gone = true
    this.#timer?.cancel()
    await this.#options.beats.close()
  }

  #word(): Beat {
    const { node, address, holds, reads } = this.#options
    const at = Math.max(this.#clock.now(), this.#lastAt + 1)
    this.#lastAt = at
    if (at >= this.#regularAt + BEAT_MS) this.#regularAt = at
    const said = { leaving: this.#leaving, joining: !this.#ready, gone: this.#gone, at }
    const read = reads === undefined ? {} : { reads: reads() }
    return { node, address: address(), holds: holds(), ...read, ...said }
  }

  /** One after the other; what is to be said meanwhile is said right after. */
  #beat(): void {
    if (this.#gone) return
    if (this.#beating !== undefined) {
      this.#again = true
      return
    }
    this.#again = false
    this.#timer?.cancel()
    this.#beating = this.#send()
  }

  async #send(): Promise<void> {
    try {
      await this.#options.beats.append(this.#word())
    } catch (error) {
      this.#options.log.warn('beat_failed', { error })
    }
    this.#beating = undefined
    if (this.#gone) return
    if (this.#again) this.#beat()
    else this.#beatLater()
  }

  /** When it is time, or when a beat shows that somebody is gone. */
  #beatLater(): void {
    if (this.#gone || this.#beating !== undefined) return
    const { decidedAt = Number.POSITIVE_INFINITY } = this.members
    const regularAt = this.#regularAt + BEAT_MS
    const at = decidedAt > this.#lastAt ? Math.min(regularAt, decidedAt) : regularAt
    this.#timer?.cancel()
    this.#timer = this.#clock.schedule(Math.max(at, this.#clock.now()), () => this.#beat())
  }

  #see(beat: Beat): void {
    this.members.fold(beat, this.#clock.now())
    if (beat.node === this.node) {
      this.#ownBeats += 1
      this.#sureAt = beat.at
      this.#beatLater()
      for (const waiting of [...this.#waiting]) {
        if (beat.at <= waiting.after) continue
        this.#waiting.delete(waiting)
        waiting.resolve()
      }
    }
    this.#options.changed()
  }
}
