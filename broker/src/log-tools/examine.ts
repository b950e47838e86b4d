/**
 * What a data directory holds and what is wrong with it: every whole record is folded into a state, also those behind
 * a damage, so that the state is the one a repaired log would give. What a repair would lose is told in three ways,
 * none of which can be complete: by the numbers of messages that nothing else in the log explains, by messages whose
 * queue's definition is gone, and by what the damaged bytes seem to say.
 */

import { RECORD_HEADER_BYTES, readRecordLength } from '../log/frame.ts'
import { type Damage, type Inspection, inspectLog } from '../log/inspect.ts'
import type { Event } from '../queue/event.ts'
import { decodeEvent, isFirst } from '../queue/event-codec.ts'
import { evolve } from '../queue/evolve.ts'
import { State } from '../queue/state.ts'
import type { Disk } from '../runtime/disk.ts'

export interface Examination extends Inspection {
  /** As it would be with every damage left out. */
  readonly state: State
  readonly records: number
  /** Sequence numbers that were given to messages, and of which nothing says where they are. */
  readonly missing: ReadonlySet<number>
  /** Messages whose queue is defined nowhere before them: a start drops them. */
  readonly orphans: number
  /** Whole records that this program cannot fold in. A repair does not help: they are as they were written. */
  readonly unreadable: readonly Unreadable[]
}

export interface Unreadable {
  readonly file: string
  readonly offset: number
  readonly what: string
}

export async function examine(disk: Disk, directory: string): Promise<Examination> {
  const salvage = new Salvage()
  const inspection = await inspectLog(disk, directory, (segment, position, buffer, offset, length) =>
    salvage.fold(segment, position, buffer, offset, length),
  )
  const unreadable = salvage.unreadable.map(({ segment, position, what }) => {
    const { path, base } = inspection.segments[segment]!
    return { file: path, offset: position - base, what }
  })
  const { state, records, missing, orphans } = salvage
  state.sweep(Number.POSITIVE_INFINITY)
  return { ...inspection, state, records, missing, orphans, unreadable }
}

/** Every damage, those of the segments in their order. */
export function damagesOf(examined: Inspection): readonly Damage[] {
  return [...examined.damages, ...examined.segments.flatMap(({ damages }) => damages)]
}

/** What the damaged bytes of a frame seem to say; nothing of it is certain, its checksum fails. */
export function guessEvents({ bytes, repair, block, offset }: Damage): readonly Event[] {
  if (repair !== 'block' || block === undefined || offset === block.offset) return []
  const events: Event[] = []
  for (let at = RECORD_HEADER_BYTES; at + RECORD_HEADER_BYTES < bytes.length; ) {
    const length = readRecordLength(bytes, at)
    const start = at + RECORD_HEADER_BYTES
    if (length < 9 || start + length > bytes.length) break
    const event = tryDecode(bytes, start, length)
    if (event !== undefined) events.push(event)
    at = start + length
  }
  return events
}

function tryDecode(bytes: Buffer, offset: number, length: number): Event | undefined {
  try {
    const event = decodeEvent(bytes, offset, length)
    // Instants that are none are the surest sign of bytes that are no record.
    return event.at > 0 && event.at < 8.64e15 ? event : undefined
  } catch {
    return undefined
  }
}

class Salvage {
  readonly state = new State()
  readonly missing = new Set<number>()
  readonly unreadable: { segment: number; position: number; what: string }[] = []
  records = 0
  orphans = 0
  #segment = -1
  /** The next number that a new message gets; undefined until the log says it. */
  #nextSeq: number | undefined

  fold(segment: number, position: number, buffer: Buffer, offset: number, length: number): void {
    this.records += 1
    if (segment !== this.#segment) {
      this.#segment = segment
      this.state.space.begin(position)
    }
    try {
      const event = decodeEvent(buffer, offset, length)
      if (isFirst(buffer, offset)) this.state.advance(event.at)
      this.#account(event)
      evolve(this.state, event, position, length)
    } catch (error) {
      const what = error instanceof Error ? error.message : String(error)
      this.unreadable.push({ segment, position, what })
    }
  }

  #account(event: Event): void {
    switch (event.kind) {
      case 'opened':
        return this.#reached(event.nextSeq)
      case 'sent':
      case 'fed':
        this.#reached(event.seq)
        this.#nextSeq = event.seq + 1
        return this.#needQueue(event.queueId)
      case 'redriven':
        this.#reached(event.seq)
        this.#nextSeq = event.seq + 1
        this.#explain(event.oldSeq)
        return this.#needQueue(event.queueId)
      case 'relocated':
        this.#explain(event.seq)
        return this.#needQueue(event.queueId)
      case 'deleted':
      case 'discarded':
        this.#explain(event.seq)
    }
  }

  /** It is known what became of this one. */
  #explain(seq: number): void {
    this.#reached(seq + 1)
    this.missing.delete(seq)
  }

  /** Numbers are given out without a gap. */
  #reached(seq: number): void {
    for (let number = this.#nextSeq ?? seq; number < seq; number += 1) this.missing.add(number)
    this.#nextSeq = Math.max(this.#nextSeq ?? seq, seq)
  }

  /** A queue that was deleted takes its messages with it; here it was never there. */
  #needQueue(queueId: number): void {
    if (!this.state.queues.has(queueId)) this.orphans += 1
  }
}
