/**
 * Start-up's short way for what nearly every record of a long log is: a message sent to a standard queue, without a
 * tenant and without a delay, in the order of its number. Folds such records straight from the log's bytes into the
 * table and comes to the state that `evolve` comes to; whatever is not plain is left to it.
 *
 * An event, a call for each structure, and a look-up of queue, lane and chunk for each message took most of the
 * 0.55 µs that a message cost at start-up. Here they are looked up once a run, and a run's messages are linked to each
 * other first and to the lists at its end.
 */

import {
  isFirst,
  isPlainSent,
  SENT_AT_PLACE,
  SENT_DUE_PLACE,
  SENT_PRIORITY_PLACE,
  SENT_QUEUE_PLACE,
  SENT_SEQ_PLACE,
} from './event-codec.ts'
import type { Lane } from './lanes.ts'
import {
  AGE_NEXT,
  AGE_PREV,
  FIRST_NUMBERS,
  FIRST_WORDS,
  FLAGS,
  intsFrom,
  LENGTH,
  LINE,
  type MessageTable,
  NEXT,
  numbersFrom,
  POSITION,
  PREV,
  PRIORITY_SHIFT,
  READY,
  SENT_AT,
  SEQ,
} from './message-table.ts'
import type { Queue } from './queue.ts'
import { append } from './slot-list.ts'
import type { State } from './state.ts'

/** Records as the log shows them: see RecordRun in log/log.ts. */
export interface Records {
  readonly buffer: Buffer
  readonly shift: number
  readonly places: Int32Array
  readonly count: number
}

export class SentRuns {
  readonly #state: State
  readonly #messages: MessageTable

  constructor(state: State) {
    this.#state = state
    this.#messages = state.messages
  }

  /**
   * Folds records from number `from` on, up to the first that is not plain. Returns that one's number. `view`: of the
   * buffer's bytes.
   */
  fold(records: Records, view: DataView, from: number): number {
    const { buffer, places, count } = records
    let next = from
    for (let folded = 1; folded > 0 && next < count; next += folded) {
      const offset = places[2 * next]!
      if (!isPlainSent(buffer, offset, places[2 * next + 1]!)) return next
      const queue = this.#state.queues.get(view.getUint32(offset + SENT_QUEUE_PLACE))
      const lane = queue?.lanes?.plainLane(buffer[offset + SENT_PRIORITY_PLACE]!)
      if (lane === undefined || !this.#canFollow(queue!, lane)) return next
      folded = this.#fill(queue!, lane, records, view, next)
      if (folded > 0) this.#link(queue!, lane, records, next, folded)
    }
    return next
  }

  /**
   * The first of a lane is left to evolve, so that there always is one to follow; so is what comes while memory
   * is given back between commands, or while the table has used records to take first.
   */
  #canFollow(queue: Queue, lane: Lane): boolean {
    return (
      lane.tail !== 0 && queue.ages.newest() !== 0 && !this.#state.hasGone && this.#messages.freshRoom() > 0
    )
  }

  /** Fills fresh records with as many messages as go to the lane's end one after the other. Returns how many. */
  #fill(queue: Queue, lane: Lane, records: Records, view: DataView, from: number): number {
    const { buffer, shift, places } = records
    const { index } = this.#state
    const messages = this.#messages
    const deadline = this.#state.nextDeadline() ?? Number.POSITIVE_INFINITY
    const end = Math.min(records.count, from + messages.freshRoom())
    const queueId = queue.id
    const { priority } = lane.level
    const flags = (priority << PRIORITY_SHIFT) | READY
    const line = lane.id
    let newestSeq = messages.number(lane.tail, SEQ)
    let newestAt = messages.number(queue.ages.newest(), SENT_AT)
    let page = index.newest
    let slot = messages.nextFresh
    const numbers = messages.numbersOf(slot)
    const ints = messages.intsOf(slot)
    let number = numbersFrom(slot)
    let int = intsFrom(slot)
    let next = from
    for (; next < end; next += 1) {
      const offset = places[2 * next]!
      const length = places[2 * next + 1]!
      if (!isPlainSent(buffer, offset, length)) break
      if (view.getUint32(offset + SENT_QUEUE_PLACE) !== queueId) break
      if (buffer[offset + SENT_PRIORITY_PLACE] !== priority) break
      const at = view.getFloat64(offset + SENT_AT_PLACE)
      const seq = view.getFloat64(offset + SENT_SEQ_PLACE)
      if (view.getFloat64(offset + SENT_DUE_PLACE) > at || seq <= newestSeq || at < newestAt) break
      // Time passes before a command: something may become ready before this message does.
      if (at >= deadline && isFirst(buffer, offset)) break
      if (seq >= page.end) page = index.begin(seq)
      else if (seq < page.start) break
      page.slots[seq - page.origin] = slot
      page.count += 1
      numbers[number + SEQ] = seq
      numbers[number + POSITION] = shift + offset
      numbers[number + SENT_AT] = at
      ints[int + LENGTH] = length
      ints[int + LINE] = line
      ints[int + NEXT] = slot + 1
      ints[int + PREV] = slot - 1
      ints[int + AGE_NEXT] = slot + 1
      ints[int + AGE_PREV] = slot - 1
      ints[int + FLAGS] = flags
      newestSeq = seq
      newestAt = at
      slot += 1
      number += FIRST_NUMBERS
      int += FIRST_WORDS
    }
    return next - from
  }

  /** Puts the records just filled, which are linked to each other, behind the ones before them. */
  #link(queue: Queue, lane: Lane, { shift, places }: Records, from: number, count: number): void {
    const state = this.#state
    const messages = this.#messages
    const first = messages.nextFresh
    const last = first + count - 1
    messages.takeFresh(count)
    append(messages, lane, first, last)
    queue.ages.append(first, last)
    lane.count += count
    queue.visible += count
    let bytes = 0
    for (let at = from; at < from + count; at += 1) bytes += places[2 * at + 1]!
    state.space.add(shift + places[2 * from]!, bytes)
    state.now = Math.max(state.now, messages.number(last, SENT_AT))
    state.nextSeq = Math.max(state.nextSeq, messages.number(last, SEQ) + 1)
    state.wake(queue)
  }
}
