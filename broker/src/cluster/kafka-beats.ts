/** The beats in a topic of Kafka of one partition. Whoever missed some has missed nothing: the next ones say it all. */

import type { RecordStream } from '../log/kafka/record-stream.ts'
import type { BeatLog } from './beat-log.ts'
import type { Beat } from './members.ts'

/** Beats are kept for an hour, for people who want to know what happened. */
export const BEATS_RETENTION_MS = 3_600_000

export class KafkaBeats implements BeatLog {
  readonly #stream: RecordStream

  constructor(stream: RecordStream) {
    this.#stream = stream
  }

  async append(beat: Beat): Promise<void> {
    await this.#stream.append(Buffer.from(JSON.stringify(beat)))
  }

  follow(see: (beat: Beat) => void): void {
    this.#stream.follow((value) => {
      const beat = readBeat(value.toString())
      if (beat !== undefined) see(beat)
    })
  }

  close(): Promise<void> {
    return this.#stream.close()
  }
}

/** Undefined for what is none: anybody may write to a topic. */
function readBeat(text: string): Beat | undefined {
  const beat = parse(text) as Partial<Beat> | null | undefined
  const { node, address, holds, leaving = false, joining = false, gone = false, at } = beat ?? {}
  if (typeof node !== 'string' || typeof address !== 'string' || typeof at !== 'number') return undefined
  if (!Array.isArray(holds)) return undefined
  const reads = Array.isArray(beat?.reads) ? { reads: beat.reads } : {}
  return { node, address, holds, ...reads, leaving, joining, gone, at }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
