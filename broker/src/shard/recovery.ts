/** The state of a shard out of its log: every event folded in order, and nothing else. */

import type { Log, RecordRun, Visit } from '../log/log.ts'
import type { Sent } from '../queue/event.ts'
import { decodeEvent, decodeSentHead, isFirst, isSent, newSentHead } from '../queue/event-codec.ts'
import { evolve } from '../queue/evolve.ts'
import { SentRuns } from '../queue/sent-runs.ts'
import { State } from '../queue/state.ts'

export interface Recovered {
  readonly state: State
  /** When each segment but the newest had its last event, by the segment's start. */
  readonly closedAt: Map<number, number>
}

/** What is needed of a log: also one that is only looked at. */
export type ReadableLog = Pick<Log, 'start' | 'segments' | 'replay'>

export async function recover(log: ReadableLog): Promise<Recovered> {
  const recovery = new Recovery(log.segments().map(({ start }) => start))
  await log.replay(log.start, recovery.visit)
  return recovery.recovered()
}

/** A state in the making: of a log that is there, or of one that somebody else still writes. */
export class Recovery {
  readonly #state = new State()
  readonly #closedAt = new Map<number, number>()
  readonly #starts: number[] = []
  readonly #runs = new SentRuns(this.#state)
  /** Of the segments' starts, the one that is being read. */
  #segment = 0
  /** A sent message that {@link SentRuns} leaves is decoded into this, like the ones before it. */
  readonly #sent = newSentHead()
  #buffer: Buffer | undefined
  #view: DataView = new DataView(new ArrayBuffer(0))

  /** Where segments begin, as far as it is known; the others are told by {@link begin}. */
  constructor(starts: readonly number[]) {
    for (const start of starts) this.begin(start)
  }

  /** A segment begins here, behind those before it; its first record comes next. */
  begin(start: number): void {
    this.#starts.push(start)
    this.#state.space.begin(start)
  }

  /** Gives back a little of what was purged: for a state that is nobody's yet. */
  sweep(count: number): void {
    this.#state.sweep(count)
  }

  readonly visit: Visit = Object.assign(
    (position: number, buffer: Buffer, offset: number, length: number) => {
      this.#reach(position)
      this.#look(buffer)
      this.#fold(position, buffer, offset, length)
    },
    { run: (run: RecordRun) => this.#foldRun(run), headsSuffice: true as const },
  )

  recovered(): Recovered {
    // A crash may have come between a segment's beginning and its first record.
    this.#reach(Number.POSITIVE_INFINITY)
    return { state: this.#state, closedAt: this.#closedAt }
  }

  /** As {@link recovered}, of a log that was read while somebody else had it, who may have trimmed it meanwhile. */
  recoveredOf(log: ReadableLog): Recovered {
    const known = this.#starts.at(-1) ?? Number.NEGATIVE_INFINITY
    for (const { start } of log.segments()) if (start > known) this.begin(start)
    const recovered = this.recovered()
    recovered.state.space.trimmed(log.start)
    for (const start of recovered.closedAt.keys()) if (start < log.start) recovered.closedAt.delete(start)
    return recovered
  }

  #foldRun(run: RecordRun): void {
    const { buffer, base, places, count } = run
    if (count === 0) return
    this.#reach(base + places[2]!)
    this.#look(buffer)
    for (
      let next = this.#runs.fold(run, this.#view, 0);
      next < count;
      next = this.#runs.fold(run, this.#view, next + 1)
    ) {
      this.#fold(base + places[3 * next + 2]!, buffer, places[3 * next]!, places[3 * next + 1]!)
    }
  }

  #fold(position: number, buffer: Buffer, offset: number, length: number): void {
    const event = isSent(buffer, offset) ? this.#sentAt(buffer, offset) : decodeEvent(buffer, offset, length)
    // Before a command is decided time passes; before the further events of the same command it does not.
    if (isFirst(buffer, offset)) this.#state.advance(event.at)
    evolve(this.#state, event, position, length)
  }

  #sentAt(buffer: Buffer, offset: number): Sent {
    decodeSentHead(this.#sent, buffer, this.#view, offset)
    return this.#sent
  }

  /** Everything before this position has been folded: so the segments that ended before it. */
  #reach(position: number): void {
    while (this.#segment + 1 < this.#starts.length && position >= this.#starts[this.#segment + 1]!) {
      this.#closedAt.set(this.#starts[this.#segment]!, this.#state.now)
      this.#segment += 1
    }
  }

  #look(buffer: Buffer): void {
    if (buffer === this.#buffer) return
    this.#buffer = buffer
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  }
}
