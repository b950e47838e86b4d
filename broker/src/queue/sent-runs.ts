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
  type FreshRecords,
  LENGTH,
  LINE,
  type MessageTable,
  NEXT,
  NUMBERS,
  POSITION,
  PREV,
  PRIORITY_SHIFT,
  READY,
  SENT_AT,
  SEQ,
  WORDS,
} from './message-table.ts'
import type { Queue } from './queue.ts'
import { append } from './slot-list.ts'
import type { State } from './state.ts'

/** Records as the log shows them: see RecordRun in log/log.ts. */
export interface Records {
  readonly buffer: Buffer
  readonly base: number
  readonly places: Int32Array
  readonly count: number
}

/** Where a run's messages go: to the end of a lane, in records that were never used. */
interface Target {
  readonly queue: Queue
  readonly lane: Lane
  readonly fresh: FreshRecords
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
      const offset = places[3 * next]!
      if (!isPlainSent(buffer, offset, places[3 * next + 1]!)) return next
      const target = this.#targetOf(records, view, offset)
      if (target === undefined) return next
      folded = this.#fill(target, records, view, next)
      if (folded > 0) this.#link(target, records, next, folded)
    }
    return next
  }

  /**
   * Nowhere, and so left to evolve: the first message of a lane, so that there always is one to follow; what comes
   * while memory is given back between commands; what is to go into records that were used before, one by one.
   */
  #targetOf({ buffer }: Records, view: DataView, offset: number): Target | undefined {
    const state = this.#state
    const queue = state.queues.get(view.getUint32(offset + SENT_QUEUE_PLACE))
    const lane = queue?.lanes?.plainLane(buffer[offset + SENT_PRIORITY_PLACE]!)
    if (queue === undefined || lane === undefined || lane.tail === 0) return undefined
    if (queue.ages.newest() === 0 || state.hasGone) return undefined
    const fresh = this.#messages.fresh()
    return fresh === undefined ? undefined : { queue, lane, fresh }
  }

  /** Fills fresh records with as many messages as go to the lane's end one after the other. Returns how many. */
  #fill({ queue, lane, fresh }: Target, records: Records, view: DataView, from: number): number {
    const { buffer, base, places } = records
    const { index } = this.#state
    const messages = this.#messages
    const deadline = this.#state.nextDeadline() ?? Number.POSITIVE_INFINITY
    const end = Math.min(records.count, from + fresh.room)
    const queueId = queue.id
    const { priority } = lane.level
    const flags = (priority << PRIORITY_SHIFT) | READY
    const line = lane.id
    let newestSeq = messages.number(lane.tail, SEQ)
    let newestAt = messages.number(queue.ages.newest(), SENT_AT)
    let page = index.newest
    const { numbers, ints } = fresh
    let { slot } = fresh
    let number = fresh.at * NUMBERS
    let int = fresh.at * WORDS
    let next = from
    for (; next < end; next += 1) {
      const offset = places[3 * next]!
      const length = places[3 * next + 1]!
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
      numbers[number + POSITION] = base + places[3 * next + 2]!
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
      number += NUMBERS
      int += WORDS
    }
    return next - from
  }

  /** Puts the records just filled, which are linked to each other, behind the ones before them. */
  #link({ queue, lane, fresh }: Target, { base, places }: Records, from: number, count: number): void {
    const state = this.#state
    const messages = this.#messages
    const first = fresh.slot
    const last = first + count - 1
    messages.claimFresh(count)
    append(messages, lane, first, last)
    queue.ages.append(first, last)
    lane.count += count
    queue.visible += count
    let bytes = 0
    for (let at = from; at < from + count; at += 1) bytes += places[3 * at + 1]!
    state.space.add(base + places[3 * from + 2]!, bytes)
    state.now = Math.max(state.now, messages.number(last, SENT_AT))
    state.nextSeq = Math.max(state.nextSeq, messages.number(last, SEQ) + 1)
    state.wake(queue)
  }
}
