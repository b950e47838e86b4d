/**
 * Gives space back: drops old segments in which nothing lives, and when the log is much larger than what lives in
 * it, moves what lives in the oldest segment to the end so that this one can go too. So a few old dead letters
 * cannot pin the disk, and the log stays within about twice its live data.
 */

import type { Segment } from '../log/log.ts'
import { decodeMessage, holdsMessage, seqIn } from '../queue/event-codec.ts'
import { DEDUPLICATION_MS } from '../queue/limits.ts'
import { decideRelocate, isLiveAt } from '../queue/relocate.ts'
import type { State } from '../queue/state.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Shard } from './shard.ts'

/** The log may be this many times as large as what lives in it … */
const SPREAD_MAX = 2
/** … plus this many segments, before anything is moved. */
const SEGMENTS_SPARE = 2
/** Moved between two flushes, so that clients are not kept waiting. */
const MOVE_BYTES_PER_FLUSH = 256 * 1024
/** With a full disk only a segment with less than this alive is moved: the reserve has to carry it. */
const MOVE_BYTES_FULL_MAX = 4 * 1024 * 1024

/** A segment of which more than this is alive will be there at the next start. */
const STAYS_PART = 0.5

interface Live {
  readonly seq: number
  readonly position: number
  readonly record: Buffer
}

export class Reclaim {
  readonly #shard: Shard
  readonly #log: Logger
  #closedAt = new Map<number, number>()
  #working = false
  #stopped = false

  constructor(shard: Shard, log: Logger) {
    this.#shard = shard
    this.#log = log
  }

  get busy(): boolean {
    return this.#working
  }

  /** After recovery: when each closed segment had its last event. */
  begin(closedAt: Map<number, number>): void {
    this.#closedAt = closedAt
  }

  /** Finishes with what is being moved right now. */
  stop(): void {
    this.#stopped = true
  }

  /** A segment got its last record. */
  closed(start: number, at: number): void {
    this.#closedAt.set(start, at)
  }

  /** True where most of a segment is still needed. */
  stays({ start, bytes }: Segment): boolean {
    return (this.#shard.state?.space.liveIn(start) ?? 0) > STAYS_PART * bytes
  }

  /** Looks whether there is something to do, and does it beside everything else. Cheap where there is not. */
  consider(): void {
    if (this.#working || this.#closedAt.size === 0) return
    const { state } = this.#shard
    if (state === undefined || this.#next(state) === undefined) return
    this.#working = true
    void this.#work(state)
  }

  async #work(state: State): Promise<void> {
    try {
      for (let segment = this.#next(state); segment !== undefined; segment = this.#next(state)) {
        if (state.space.liveIn(segment.start) > 0) await this.#relocate(state, segment)
        if (this.#stopped) return
        await this.#drop(state, segment)
      }
    } catch (error) {
      if (this.#shard.state === state) this.#log.error('reclaim_failed', { error })
    } finally {
      this.#working = false
      this.#shard.notifyIdle()
    }
  }

  /** The oldest segment, if it can go now. */
  #next(state: State): Segment | undefined {
    const { log } = this.#shard
    if (this.#stopped || this.#shard.state !== state || log === undefined) return undefined
    const closedAt = this.#closedAt.get(log.start)
    // Deduplication and attempt ids are remembered by the records of their five minutes.
    if (closedAt === undefined || closedAt + DEDUPLICATION_MS > this.#shard.now()) return undefined
    const segments = log.segments()
    const oldest = segments[0]!
    const liveBytes = state.space.liveIn(oldest.start)
    if (liveBytes === 0) return oldest
    const total = segments.reduce((sum, { bytes }) => sum + bytes, 0)
    const spread = total > SPREAD_MAX * state.space.liveBytes + SEGMENTS_SPARE * oldest.bytes
    return spread && !(log.full && liveBytes > MOVE_BYTES_FULL_MAX) ? oldest : undefined
  }

  async #relocate(state: State, segment: Segment): Promise<void> {
    const live = await this.#readLive(state, segment)
    let bytes = 0
    for (const { seq, position, record } of live) {
      if (this.#stopped || this.#shard.state !== state) return
      if (!isLiveAt(state, seq, position)) continue
      this.#shard.act((_, now, emit) => decideRelocate(state, seq, decodeMessage(record), now, emit))
      bytes += record.length
      if (bytes < MOVE_BYTES_PER_FLUSH) continue
      bytes = 0
      await this.#shard.durable(undefined)
    }
  }

  /** Copies of the segment's live records: at most a segment's size, for a short time. */
  async #readLive(state: State, segment: Segment): Promise<Live[]> {
    const live: Live[] = []
    await this.#shard.log!.replay(
      segment.start,
      (position, buffer, offset, length) => {
        if (!holdsMessage(buffer, offset)) return
        const seq = seqIn(buffer, offset)
        if (!isLiveAt(state, seq, position)) return
        live.push({ seq, position, record: Buffer.from(buffer.subarray(offset, offset + length)) })
      },
      segment.end,
    )
    return live
  }

  async #drop(state: State, segment: Segment): Promise<void> {
    await this.#shard.durable(undefined)
    if (this.#shard.state !== state) return
    await this.#shard.log!.trim(segment.end)
    if (this.#shard.state !== state) return
    state.space.trimmed(segment.end)
    this.#closedAt.delete(segment.start)
  }
}
