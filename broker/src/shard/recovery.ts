/** The state of a shard out of its log: every event folded in order, and nothing else. */

import type { Log } from '../log/log.ts'
import type { Sent } from '../queue/event.ts'
import { decodeEvent, decodeSentHead, isFirst, isSent, newSentHead } from '../queue/event-codec.ts'
import { evolve } from '../queue/evolve.ts'
import { State } from '../queue/state.ts'

export interface Recovered {
  readonly state: State
  /** When each segment but the newest had its last event, by the segment's start. */
  readonly closedAt: Map<number, number>
}

/** What is needed of a log: also one that is only looked at. */
export type ReadableLog = Pick<Log, 'start' | 'segments' | 'replay'>

export async function recover(log: ReadableLog): Promise<Recovered> {
  const state = new State()
  const closedAt = new Map<number, number>()
  const starts = log.segments().map(({ start }) => start)
  for (const start of starts) state.space.begin(start)
  const sentMessages = new SentMessages()
  let segment = 0
  await log.replay(log.start, (position, buffer, offset, length) => {
    while (segment + 1 < starts.length && position >= starts[segment + 1]!) {
      closedAt.set(starts[segment]!, state.now)
      segment += 1
    }
    const event = isSent(buffer, offset)
      ? sentMessages.decode(buffer, offset)
      : decodeEvent(buffer, offset, length)
    // Before a command is decided time passes; before the further events of the same command it does not.
    if (isFirst(buffer, offset)) state.advance(event.at)
    evolve(state, event, position, length)
  })
  // A crash may have come between a segment's beginning and its first record.
  for (; segment + 1 < starts.length; segment += 1) closedAt.set(starts[segment]!, state.now)
  return { state, closedAt }
}

/** Nearly every record of a long log is a sent message: they are decoded one after the other into one event. */
class SentMessages {
  readonly #event = newSentHead()
  #buffer: Buffer | undefined
  #view: DataView = new DataView(new ArrayBuffer(0))

  decode(buffer: Buffer, offset: number): Sent {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    }
    decodeSentHead(this.#event, buffer, this.#view, offset)
    return this.#event
  }
}
