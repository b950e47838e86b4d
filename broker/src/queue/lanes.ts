/**
 * What a standard queue delivers next. Messages of one priority and one tenant (a MessageGroupId, or none) form a
 * lane, in the order of their sending; a message that comes back takes its old place.
 *
 *     priority 9   lane "a"  ──▶ m1 m4        the highest priority first, but each tenth delivery goes to the
 *              …   lane "b"  ──▶ m2           message that has waited longest, whatever its priority;
 *     priority 0   no tenant ──▶ m3 m5 m6     within a priority tenants take turns
 *
 * Turns are tickets. A tenant's ticket is the sequence number of the message that made it active, and after each
 * delivery the newest number given out: it goes behind all that had arrived by then. A message without a tenant
 * is a tenant of its own, so its ticket is its own number. Without tenants this is plain arrival order.
 */

import { PRIORITIES, PRIORITY_GUARD_PERIOD } from './limits.ts'
import type { Lines } from './lines.ts'
import { IN_RETURNED, LINE, type MessageTable, PLACE, SEQ } from './message-table.ts'
import type { Queue } from './queue.ts'
import { SlotHeap } from './slot-heap.ts'
import { insertInOrder, type SlotList, unlink } from './slot-list.ts'
import { Turns } from './turns.ts'

/** Its list holds the ready messages that were not overtaken: in order, and new ones go to the end. */
export interface Lane extends SlotList {
  readonly home: Lanes
  /** The tenant, undefined for the messages that have none. */
  readonly group: string | undefined
  readonly level: Level
  id: number
  /** Live messages, whatever their phase. */
  count: number
  /** Ready messages that came in behind their place: a heap by sequence number. */
  returned: SlotHeap | undefined
  ticket: number
  /** The delivery that ended its last turn: of tenants with equal tickets the one served longer ago is next. */
  servedTurn: number
  turnPlace: number
}

interface Level {
  readonly priority: number
  plain: Lane | undefined
  readonly tenants: Map<string, Lane>
  readonly turns: Turns
}

export class Lanes {
  readonly #messages: MessageTable
  readonly #lines: Lines
  /** Whose messages these are. */
  queue: Queue
  readonly #levels: (Level | undefined)[] = new Array(PRIORITIES).fill(undefined)
  #deliveries = 0

  constructor(messages: MessageTable, lines: Lines, queue: Queue) {
    this.#messages = messages
    this.#lines = lines
    this.queue = queue
  }

  /** A message belongs to this queue from now on; its phase is the caller's to say. */
  enlist(slot: number, group: string | undefined): void {
    const lane = this.#laneFor(this.#messages.priority(slot), group)
    lane.count += 1
    this.#messages.setInt(slot, LINE, lane.id)
  }

  /** The lane of the messages of a priority that have no tenant, if there is one. */
  plainLane(priority: number): Lane | undefined {
    return this.#levels[priority]?.plain
  }

  /** Deliveries count on from those of the lanes that were here before, for the guard of priorities. */
  countOnFrom(before: Lanes): void {
    this.#deliveries = before.#deliveries
  }

  /** It no longer does. It is not ready any more. */
  delist(slot: number): void {
    const lane = this.#laneOf(slot)
    lane.count -= 1
    if (lane.count > 0) return
    this.#lines.remove(lane.id)
    if (lane.group === undefined) lane.level.plain = undefined
    else lane.level.tenants.delete(lane.group)
  }

  /** A message can be delivered. */
  ready(slot: number): void {
    const lane = this.#laneOf(slot)
    const wasEmpty = headOf(lane) === 0
    const messages = this.#messages
    const seq = messages.number(slot, SEQ)
    if (lane.tail !== 0 && seq < messages.number(lane.tail, SEQ)) {
      lane.returned ??= new SlotHeap(messages, SEQ, PLACE)
      lane.returned.push(slot)
      messages.setFlag(slot, IN_RETURNED, true)
    } else {
      insertInOrder(messages, lane, slot)
    }
    if (wasEmpty && lane.group !== undefined) {
      lane.ticket = seq
      lane.level.turns.add(lane)
    }
  }

  /** A ready message can no longer be delivered. */
  unready(slot: number): void {
    const lane = this.#laneOf(slot)
    this.#unlink(lane, slot)
    if (lane.group !== undefined && headOf(lane) === 0) lane.level.turns.remove(lane)
  }

  /** A ready message was delivered: as `unready`, and its tenant's turn is over. `newest`: the last number given out. */
  delivered(slot: number, newest: number): void {
    const lane = this.#laneOf(slot)
    this.#deliveries += 1
    this.unready(slot)
    if (lane.group === undefined || headOf(lane) === 0) return
    lane.ticket = newest
    lane.servedTurn = this.#deliveries
    lane.level.turns.delayed(lane)
  }

  /** The slot to deliver next, or 0. */
  next(): number {
    const guarded = (this.#deliveries + 1) % PRIORITY_GUARD_PERIOD === 0
    let best = 0
    for (let priority = PRIORITIES - 1; priority >= 0; priority -= 1) {
      const level = this.#levels[priority]
      if (level === undefined) continue
      const slot = this.#nextOf(level)
      if (slot === 0) continue
      if (!guarded) return slot
      if (best === 0 || this.#messages.number(slot, SEQ) < this.#messages.number(best, SEQ)) best = slot
    }
    return best
  }

  #nextOf(level: Level): number {
    const plain = level.plain === undefined ? 0 : this.#first(level.plain)
    const tenant = level.turns.first()
    if (tenant === undefined) return plain
    if (plain !== 0 && this.#messages.number(plain, SEQ) <= tenant.ticket) return plain
    return this.#first(tenant)
  }

  /** The lane's ready message with the lowest number. */
  #first(lane: Lane): number {
    const returned = lane.returned?.top() ?? 0
    if (returned === 0 || lane.head === 0) return returned || lane.head
    return this.#messages.number(returned, SEQ) < this.#messages.number(lane.head, SEQ) ? returned : lane.head
  }

  #unlink(lane: Lane, slot: number): void {
    const messages = this.#messages
    if (messages.has(slot, IN_RETURNED)) {
      lane.returned!.remove(slot)
      messages.setFlag(slot, IN_RETURNED, false)
      return
    }
    unlink(messages, lane, slot)
  }

  #laneOf(slot: number): Lane {
    return this.#lines.get(this.#messages.int(slot, LINE)) as Lane
  }

  #laneFor(priority: number, group: string | undefined): Lane {
    const level = this.#levelFor(priority)
    const known = group === undefined ? level.plain : level.tenants.get(group)
    if (known !== undefined) return known
    const lane: Lane = {
      home: this,
      group,
      level,
      id: 0,
      count: 0,
      head: 0,
      tail: 0,
      cursor: 0,
      returned: undefined,
      ticket: 0,
      servedTurn: 0,
      turnPlace: 0,
    }
    lane.id = this.#lines.add(lane)
    if (group === undefined) level.plain = lane
    else level.tenants.set(group, lane)
    return lane
  }

  #levelFor(priority: number): Level {
    const known = this.#levels[priority]
    if (known !== undefined) return known
    const level: Level = { priority, plain: undefined, tenants: new Map(), turns: new Turns() }
    this.#levels[priority] = level
    return level
  }
}

/** Some ready message of the lane, or 0. */
function headOf(lane: Lane): number {
  return lane.head || (lane.returned?.top() ?? 0)
}
