/**
 * Logs on Kafka, opened by one reading: what finds out which records count also folds them into the shard's state. And
 * warm standbys: a log that somebody else owns can be followed, and then taking it over needs its tail only.
 *
 *     standBy ──▶ read, fold, read, fold …  ──▶ openLog: claim, read up to the claim ──▶ recover: it is there already
 *
 * `openLog` and `recover` are what a shard is handed. A standby's state is as large as the shard's own.
 */

import { Follower } from '../log/kafka/follower.ts'
import { mayPass } from '../log/kafka/kafka-error.ts'
import { type KafkaLog, type KafkaLogOptions, openKafkaLog } from '../log/kafka/kafka-log.ts'
import type { Partition } from '../log/kafka/partition.ts'
import { pause } from '../log/kafka/pause.ts'
import type { Crc32c } from '../log/kafka/record-batch.ts'
import type { Log } from '../log/log.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import { type Recovered, Recovery, recover } from './recovery.ts'

/** How long a standby waits at Kafka for something new. */
const WAIT_MS = 5000
/**
 * And then until it reads on: so it reads ten times a second what many flushes wrote, not each by itself, which took a
 * busy broker's standbys as long as all else it did. Whoever takes over has so much more to read.
 */
const GATHER_MS = 100
const AGAIN_MS = 500
/** How often it is looked whether a standby has caught up. */
const LOOK_MS = 50
/** Purged messages whose memory a standby gives back after each read. */
const SWEEP_PER_READ = 10_000

export interface FollowedLogsOptions extends Pick<KafkaLogOptions, 'claimant' | 'segmentBytesMax'> {
  readonly partition: (shard: number) => Partition
  readonly crc32c: Crc32c
  readonly clock: Clock
  readonly log: Logger
}

export class FollowedLogs {
  readonly #options: FollowedLogsOptions
  readonly #standbys = new Map<number, Standby>()
  readonly #recovered = new WeakMap<Log, Recovered>()
  /** What was read for a try to open a log that failed. */
  readonly #kept = new Map<number, Followed>()
  /** The last log of each shard knows what had been durable, for as long as the process lives. */
  readonly #last = new Map<number, KafkaLog>()

  constructor(options: FollowedLogsOptions) {
    this.#options = options
  }

  /** The shards whose logs are followed now. */
  get following(): readonly number[] {
    return [...this.#standbys.keys()]
  }

  /** Follows the logs of these shards from now on, and of no others. */
  standBy(shards: Iterable<number>): void {
    const wanted = new Set(shards)
    for (const [shard, standby] of this.#standbys) if (!wanted.has(shard)) this.#drop(shard, standby)
    for (const shard of wanted) {
      if (!this.#standbys.has(shard)) this.#standbys.set(shard, new Standby(this.#options, shard))
    }
  }

  /** Those of them that have been read to their end: whoever takes one over has little left to read. */
  get caughtUpOn(): readonly number[] {
    return [...this.#standbys].flatMap(([shard, standby]) => (standby.isCaughtUp ? shard : []))
  }

  /** Resolves when what is followed now has been read to where it ends now. */
  async caughtUp(): Promise<void> {
    await Promise.all([...this.#standbys.values()].map((standby) => standby.caughtUp()))
  }

  /** Claims the shard's log. Rejects with LogDamage, or with Kafka's error; then what was read is kept for the next try. */
  readonly openLog = async (shard: number): Promise<Log> => {
    const followed = await this.#follow(shard)
    try {
      const log = await this.#claim(shard, followed)
      this.#last.set(shard, log)
      this.#recovered.set(log, followed.recovery.recoveredOf(log))
      return log
    } catch (error) {
      if (mayPass(error)) this.#kept.set(shard, followed)
      throw error
    }
  }

  /** The state of a log that was opened here: at once the first time, by reading it after that. */
  readonly recover = async (log: Log): Promise<Recovered> => {
    const recovered = this.#recovered.get(log)
    this.#recovered.delete(log)
    return recovered ?? recover(log)
  }

  async close(): Promise<void> {
    this.#kept.clear()
    const standbys = [...this.#standbys.values()]
    this.#standbys.clear()
    await Promise.all(standbys.map((standby) => standby.stop()))
  }

  /** As far as the shard's log has been read already. */
  async #follow(shard: number): Promise<Followed> {
    const standby = this.#standbys.get(shard)
    this.#standbys.delete(shard)
    const kept = this.#kept.get(shard)
    this.#kept.delete(shard)
    return (await standby?.stop()) ?? kept ?? (await follow(this.#options, shard))
  }

  #claim(shard: number, { partition, follower }: Followed): Promise<KafkaLog> {
    const { claimant, crc32c, segmentBytesMax } = this.#options
    return openKafkaLog({
      partition,
      follower,
      claimant,
      crc32c,
      durableBefore: this.#last.get(shard)?.written ?? 0,
      ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }),
    })
  }

  #drop(shard: number, standby: Standby): void {
    this.#standbys.delete(shard)
    void standby.stop()
  }
}

/** A partition, how far it was read, and what came of it. */
interface Followed {
  readonly partition: Partition
  readonly follower: Follower
  readonly recovery: Recovery
}

async function follow({ partition, crc32c }: FollowedLogsOptions, shard: number): Promise<Followed> {
  const followed = partition(shard)
  const recovery = new Recovery([])
  const { start } = await followed.offsets()
  return { partition: followed, recovery, follower: new Follower(followed, crc32c, start, recovery) }
}

class Standby {
  readonly #options: FollowedLogsOptions
  readonly #shard: number
  readonly #stop = new AbortController()
  readonly #ended: Promise<void>
  /** Undefined while there is nothing that can be gone on with. */
  #followed: Followed | undefined
  isCaughtUp = false

  constructor(options: FollowedLogsOptions, shard: number) {
    this.#options = options
    this.#shard = shard
    this.#ended = this.#run()
  }

  /** Ends the following; what it has come to is the caller's. */
  async stop(): Promise<Followed | undefined> {
    this.#stop.abort()
    await this.#ended
    return this.#followed
  }

  async caughtUp(): Promise<void> {
    const { partition, clock } = this.#options
    const { end } = await partition(this.#shard).offsets()
    const { signal } = this.#stop
    while (!signal.aborted && (this.#followed?.follower.next ?? 0) < end) await pause(clock, LOOK_MS, signal)
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        this.#followed ??= await follow(this.#options, this.#shard)
        const { follower, recovery } = this.#followed
        const { next } = follower
        this.isCaughtUp = await follower.readMore(WAIT_MS, signal)
        recovery.sweep(SWEEP_PER_READ)
        if (this.isCaughtUp && follower.next > next) await pause(this.#options.clock, GATHER_MS, signal)
      } catch (error) {
        await this.#failed(error)
      }
    }
  }

  /** Kafka may come back. But what was trimmed before it was read, or cannot be folded, means to begin anew. */
  async #failed(error: unknown): Promise<void> {
    const { signal } = this.#stop
    this.isCaughtUp = false
    if (!mayPass(error)) this.#followed = undefined
    if (signal.aborted) return
    this.#options.log.warn('standby_failed', { shard: this.#shard, error })
    await pause(this.#options.clock, AGAIN_MS, signal)
  }
}
