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

  /** Folds records from number `from` on, up to the first that is not plain. Returns that one's number. */
  fold(records: Records, view: DataView, from: number): number {
    // Memory that is to be given back is given back between commands: evolve's caller does that.
    if (this.#state.hasGone) return from
    let next = from
    for (let done = -1; done < next && next < records.count; ) {
      done = next
      const offset = records.places[2 * next]!
      if (!isPlainSent(records.buffer, offset, records.places[2 * next + 1]!)) return next
      const queue = this.#state.queues.get(view.getUint32(offset + SENT_QUEUE_PLACE))
      const lane = queue?.lanes?.plainLane(records.buffer[offset + SENT_PRIORITY_PLACE]!)
      // The first of a lane is left to evolve, so that there always is one to follow.
      if (lane === undefined || lane.tail === 0 || queue!.ages.newest() === 0) return next
      next = this.#foldInto(queue!, lane, records, view, next)
    }
    return next
  }

  /** As many as go to this lane, one after the other, at its end. */
  #foldInto(
    queue: Queue,
    lane: Lane,
    { buffer, shift, places, count }: Records,
    view: DataView,
    from: number,
  ): number {
    const state = this.#state
    const messages = this.#messages
    const queueId = queue.id
    const { priority } = lane.level
    const flags = (priority << PRIORITY_SHIFT) | READY
    const line = lane.id
    const deadline = state.nextDeadline() ?? Number.POSITIVE_INFINITY
    let now = state.now
    let newestSeq = messages.number(lane.tail, SEQ)
    let newestAt = messages.number(queue.ages.newest(), SENT_AT)
    let page = state.index.newest
    let first = 0
    let last = 0
    let bytes = 0
    let next = from
    for (; next < count; next += 1) {
      const offset = places[2 * next]!
      const length = places[2 * next + 1]!
      if (!isPlainSent(buffer, offset, length)) break
      if (
        view.getUint32(offset + SENT_QUEUE_PLACE) !== queueId ||
        buffer[offset + SENT_PRIORITY_PLACE] !== priority
      )
        break
      const at = view.getFloat64(offset + SENT_AT_PLACE)
      const seq = view.getFloat64(offset + SENT_SEQ_PLACE)
      if (view.getFloat64(offset + SENT_DUE_PLACE) > at || seq <= newestSeq || at < newestAt) break
      // Time passes before a command: something may become ready before this message does.
      if (at >= deadline && isFirst(buffer, offset)) break
      if (seq >= page.end) page = state.index.begin(seq)
      else if (seq < page.start) break
      const slot = messages.take(priority)
      const numbers = messages.numbersOf(slot)
      const number = numbersFrom(slot)
      numbers[number + SEQ] = seq
      numbers[number + POSITION] = shift + offset
      numbers[number + SENT_AT] = at
      const ints = messages.intsOf(slot)
      const int = intsFrom(slot)
      ints[int + LENGTH] = length
      ints[int + LINE] = line
      ints[int + PREV] = last
      ints[int + AGE_PREV] = last
      ints[int + FLAGS] = flags
      if (first === 0) first = slot
      else {
        messages.setInt(last, NEXT, slot)
        messages.setInt(last, AGE_NEXT, slot)
      }
      page.slots[seq - page.origin] = slot
      page.count += 1
      last = slot
      bytes += length
      newestSeq = seq
      newestAt = at
      if (at > now) now = at
    }
    if (first === 0) return from
    append(messages, lane, first, last)
    queue.ages.append(first, last)
    lane.count += next - from
    queue.visible += next - from
    state.space.add(shift + places[2 * from]!, bytes)
    state.now = now
    if (newestSeq >= state.nextSeq) state.nextSeq = newestSeq + 1
    state.wake(queue)
    return next
  }
}
