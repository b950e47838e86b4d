/**
 * The beats in a topic of Kafka of one partition. They are read by a waiting fetch from where the partition ended when
 * this broker came; whatever fails is tried again, and what was trimmed meanwhile is passed over: the next beats say
 * all there is to know.
 */

import type { Partition } from '../log/kafka/partition.ts'
import { OutOfRange } from '../log/kafka/partition.ts'
import { pause } from '../log/kafka/pause.ts'
import { batchOf, type Crc32c, endOfBatches, visitBatches } from '../log/kafka/record-batch.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { BeatLog } from './beat-log.ts'
import type { Beat } from './members.ts'

export interface KafkaBeatsOptions {
  readonly partition: Partition
  readonly crc32c: Crc32c
  readonly clock: Clock
  readonly log: Logger
}

/** Beats are kept for an hour, for people who want to know what happened. */
export const BEATS_RETENTION_MS = 3_600_000
const FETCH_BYTES = 256 * 1024
const WAIT_MS = 2000
const AGAIN_MS = 200

export class KafkaBeats implements BeatLog {
  readonly #options: KafkaBeatsOptions
  readonly #closing = new AbortController()
  #following: Promise<void> = Promise.resolve()

  constructor(options: KafkaBeatsOptions) {
    this.#options = options
  }

  async append(beat: Beat): Promise<void> {
    await this.#options.partition.append(batchOf([{ value: Buffer.from(JSON.stringify(beat)) }]))
  }

  follow(see: (beat: Beat) => void): void {
    this.#following = this.#follow(see)
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#following
  }

  async #follow(see: (beat: Beat) => void): Promise<void> {
    const { clock, log } = this.#options
    const { signal } = this.#closing
    let next: number | undefined
    while (!signal.aborted) {
      try {
        next ??= (await this.#options.partition.offsets()).end
        next = await this.#readFrom(next, see)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof OutOfRange) next = undefined
        else log.warn('beats_not_read', { error })
        await pause(clock, AGAIN_MS, signal)
      }
    }
  }

  /** Returns where to read next. */
  async #readFrom(from: number, see: (beat: Beat) => void): Promise<number> {
    const { partition, crc32c } = this.#options
    const options = { bytesMax: FETCH_BYTES, waitMs: WAIT_MS, signal: this.#closing.signal }
    const { bytes } = await partition.fetch(from, options)
    visitBatches(
      bytes,
      from,
      Number.POSITIVE_INFINITY,
      crc32c,
      ({ buffer, foreign, valueAt, valueBytes }) => {
        const beat = foreign ? undefined : readBeat(buffer.toString('utf8', valueAt, valueAt + valueBytes))
        if (beat !== undefined && !this.#closing.signal.aborted) see(beat)
      },
    )
    return endOfBatches(bytes, from)
  }
}

/** Undefined for what is none: anybody may write to a topic. */
function readBeat(text: string): Beat | undefined {
  try {
    const beat = JSON.parse(text) as Partial<Beat>
    const { node, address, holds, leaving = false, gone = false, at } = beat
    if (typeof node !== 'string' || typeof address !== 'string' || !Array.isArray(holds)) return undefined
    return typeof at === 'number' ? { node, address, holds, leaving, gone, at } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
