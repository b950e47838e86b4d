/**
 * A partition as a stream of small records that everybody sees in the same order, such as heartbeats: nothing is
 * claimed, nothing is read back. Following begins at the end and goes on through every failure until it is closed.
 */

import type { Clock } from '../../runtime/clock.ts'
import type { Logger } from '../../runtime/logger.ts'
import { OutOfRange, type Partition } from './partition.ts'
import { pause } from './pause.ts'
import { batchOf, type Crc32c, endOfBatches, visitBatches } from './record-batch.ts'

const BYTES_MAX = 256 * 1024
const WAIT_MS = 5000
const AGAIN_MS = 100

export interface RecordStreamOptions {
  readonly partition: Partition
  readonly crc32c: Crc32c
  readonly clock: Clock
  readonly log: Logger
}

/** Sees a record's value; its bytes are its own. */
export type SeeValue = (value: Buffer, offset: number) => void

export class RecordStream {
  readonly #options: RecordStreamOptions
  readonly #stop = new AbortController()
  readonly #following: Promise<void>[] = []
  #appending: Promise<unknown> = Promise.resolve()

  constructor(options: RecordStreamOptions) {
    this.#options = options
  }

  /** Resolves with the record's offset; a rejection says nothing. One after the other, in the order of the calls. */
  append(value: Uint8Array): Promise<number> {
    const append = (): Promise<number> => this.#options.partition.append(batchOf([{ value }]))
    const appended = this.#appending.then(append, append)
    this.#appending = appended
    return appended
  }

  /** Shows every record that comes from now on. */
  follow(see: SeeValue): void {
    this.#following.push(this.#follow(see))
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#following)
  }

  async #follow(see: SeeValue): Promise<void> {
    let next: number | undefined
    while (!this.#stop.signal.aborted) {
      try {
        next ??= (await this.#options.partition.offsets()).end
        next = await this.#readFrom(next, see)
      } catch (error) {
        if (this.#stop.signal.aborted) return
        // Too slow for what Kafka keeps: what was missed is old news.
        if (error instanceof OutOfRange) next = undefined
        this.#options.log.warn('kafka_stream_failed', { partition: this.#options.partition.name, error })
        await pause(this.#options.clock, AGAIN_MS, this.#stop.signal)
      }
    }
  }

  async #readFrom(from: number, see: SeeValue): Promise<number> {
    const { partition, crc32c } = this.#options
    const options = { bytesMax: BYTES_MAX, waitMs: WAIT_MS, signal: this.#stop.signal }
    const { bytes } = await partition.fetch(from, options)
    const after = endOfBatches(bytes, from)
    visitBatches(bytes, from, after, crc32c, ({ offset, foreign, buffer, valueAt, valueBytes }) => {
      if (!foreign) see(Buffer.from(buffer.subarray(valueAt, valueAt + valueBytes)), offset)
    })
    return after
  }
}
