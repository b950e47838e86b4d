/** Topics in memory: records that can be read at once, or when they come. Topics go, come again, lose their oldest records. */

import {
  type ReadRecords,
  type SourcePartition,
  type SourceRecord,
  type SourceTopics,
  TopicGone,
} from '../../../src/cluster/source/source-topics.ts'
import { type Offsets, OutOfRange } from '../../../src/log/kafka/partition.ts'

interface Stored {
  start: number
  readonly records: SourceRecord[]
}

interface Topic {
  readonly id: string
  readonly partitions: Stored[]
}

export class ModelledTopics implements SourceTopics {
  readonly #topics = new Map<string, Topic>()
  readonly #waiting = new Set<() => void>()
  #made = 0
  /** Every request is answered with this, where it is set. */
  failure: Error | undefined
  /** Records that are read at once. */
  readMax = 7
  /** Reads so far, and partitions that are open. */
  reads = 0
  open = 0

  make(name: string, partitions: number): void {
    this.#made += 1
    const list = Array.from({ length: partitions }, (): Stored => ({ start: 0, records: [] }))
    this.#topics.set(name, { id: `topic ${this.#made}`, partitions: list })
    this.#wake()
  }

  widen(name: string): void {
    this.#topics.get(name)!.partitions.push({ start: 0, records: [] })
  }

  drop(name: string): void {
    this.#topics.delete(name)
    this.#wake()
  }

  /** One record for each of the values. */
  append(name: string, partition: number, ...values: readonly string[]): void {
    const { records } = this.#topics.get(name)!.partitions[partition]!
    for (const value of values) {
      const key = Buffer.from(`key${partition}`)
      records.push({ offset: records.length, key, value: Buffer.from(value), headers: [] })
    }
    this.#wake()
  }

  /** As Kafka's retention does: the records before `offset` are gone. */
  forget(name: string, partition: number, offset: number): void {
    this.#topics.get(name)!.partitions[partition]!.start = offset
    this.#wake()
  }

  async refusal(topic: string): Promise<string | undefined> {
    return this.#topics.has(topic) ? undefined : `Topic '${topic}' does not exist in Kafka.`
  }

  async find(topic: string): Promise<{ readonly id: string; readonly partitions: number } | undefined> {
    if (this.failure !== undefined) throw this.failure
    const found = this.#topics.get(topic)
    return found === undefined ? undefined : { id: found.id, partitions: found.partitions.length }
  }

  partition(topic: string, id: string, index: number): SourcePartition {
    const stored = (): Stored => {
      if (this.failure !== undefined) throw this.failure
      const found = this.#topics.get(topic)
      if (found?.id !== id) throw new TopicGone(topic)
      return found.partitions[index]!
    }
    this.open += 1
    return {
      close: async () => {
        this.open -= 1
      },
      offsets: async (): Promise<Offsets> => ({ start: stored().start, end: stored().records.length }),
      read: async (from, signal) => {
        this.reads += 1
        while (from === stored().records.length) await this.#change(signal)
        return readFrom(stored(), from, this.readMax, `${topic}/${index}`)
      },
    }
  }

  /** Something may be there now; also for those that only look. */
  #wake(): void {
    for (const resolve of [...this.#waiting]) resolve()
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', stop)
      }
      const wake = (): void => {
        end()
        resolve()
      }
      const stop = (): void => {
        end()
        reject(new Error('stopped'))
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', stop)
    })
  }
}

function readFrom({ start, records }: Stored, from: number, max: number, name: string): ReadRecords {
  if (from < start || from > records.length) throw new OutOfRange(name, from)
  const read = records.slice(from, from + max)
  return { records: read, next: from + read.length }
}
