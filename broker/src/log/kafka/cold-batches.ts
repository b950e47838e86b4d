/**
 * Reads single records from Kafka: what `readAt` does when the newest batches no longer have them. Kafka gives whole
 * batches, and a backlog is drained in the order it was written: what came along is kept for the next reads, and more
 * is asked for where reads follow each other.
 */

import { LogDamage } from '../log.ts'
import { newMarks, readMarks } from './marks.ts'
import type { Partition } from './partition.ts'
import { type Crc32c, endOfBatches } from './record-batch.ts'
import { visitPiece } from './scan.ts'

/** Memory for what was read ahead. */
export const READ_AHEAD_BYTES_MAX = 4 * 1024 * 1024
/** What is asked for where reads follow each other, and where they do not; at least a whole batch comes. */
const AHEAD_BYTES = 1024 * 1024
const AROUND_BYTES = 16 * 1024
/** A read follows the one before it where it lies at most so many records behind what that one brought. */
const FOLLOWS_RECORDS = 1000

/** Records in memory, one after the other from the offset `first` on. */
interface Window {
  readonly first: number
  readonly bytes: Buffer
  /** Where in `bytes` the value of each begins, and its length; -1 where a record is not one of ours. */
  readonly valueAt: number[]
  readonly valueBytes: number[]
}

interface Load {
  readonly from: number
  readonly window: Promise<Window>
}

export class ColdBatches {
  readonly #partition: Partition
  readonly #crc: Crc32c
  /** Oldest first. */
  readonly #windows: Window[] = []
  readonly #loads = new Set<Load>()
  #bytes = 0

  constructor(partition: Partition, crc: Crc32c) {
    this.#partition = partition
    this.#crc = crc
  }

  /** At once where it was read ahead, else a promise. Rejects with LogDamage where no such record is. */
  read(offset: number, length: number): Buffer | Promise<Buffer> {
    const window = this.#windows.findLast((candidate) => holds(candidate, offset))
    if (window?.valueBytes[offset - window.first] !== length) return this.#readThrough(offset, length)
    return this.#copy(window, offset, length)
  }

  /** Resolves when no read is under way that began before this call. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#loads].map(({ window }) => window))
  }

  async #readThrough(offset: number, length: number): Promise<Buffer> {
    for (const { from, window } of this.#loads) {
      if (from > offset) continue
      const [loaded] = await Promise.allSettled([window])
      if (loaded.status === 'fulfilled' && holds(loaded.value, offset))
        return this.#copy(loaded.value, offset, length)
    }
    return this.#copy(await this.#load(offset), offset, length)
  }

  async #load(offset: number): Promise<Window> {
    const follows = this.#windows.some(
      ({ first, valueAt }) => offset >= first && offset < first + valueAt.length + FOLLOWS_RECORDS,
    )
    const load = { from: offset, window: this.#fetch(offset, follows ? AHEAD_BYTES : AROUND_BYTES) }
    this.#loads.add(load)
    try {
      const window = await load.window
      this.#keep(window)
      return window
    } finally {
      this.#loads.delete(load)
    }
  }

  async #fetch(offset: number, bytesMax: number): Promise<Window> {
    const { bytes } = await this.#partition.fetch(offset, { bytesMax })
    const window: Window = { first: offset, bytes, valueAt: [], valueBytes: [] }
    const marks = newMarks()
    visitPiece(this.#partition.name, bytes, offset, endOfBatches(bytes, offset), this.#crc, (record) => {
      readMarks(marks, record)
      const ours = marks.kind === 'record' && marks.at === record.offset
      window.valueAt[record.offset - offset] = record.valueAt
      window.valueBytes[record.offset - offset] = ours ? record.valueBytes : -1
    })
    return window
  }

  #keep(window: Window): void {
    this.#windows.push(window)
    this.#bytes += window.bytes.length
    while (this.#bytes > READ_AHEAD_BYTES_MAX) this.#bytes -= this.#windows.shift()!.bytes.length
  }

  #copy({ first, bytes, valueAt, valueBytes }: Window, offset: number, length: number): Buffer {
    const at = valueAt[offset - first]
    if (at === undefined || valueBytes[offset - first] !== length)
      throw new LogDamage(this.#partition.name, offset, `no record of ${length} bytes is here`)
    return Buffer.from(bytes.subarray(at, at + length))
  }
}

function holds({ first, valueAt }: Window, offset: number): boolean {
  return offset >= first && offset < first + valueAt.length
}
