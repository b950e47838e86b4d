/** One queue: its definition, what it delivers next, how old its messages are, and what it remembers. */

import { Ages } from './ages.ts'
import type { Arrivals } from './arrival-memory.ts'
import { Attempts } from './attempts.ts'
import type { QueueDefinition } from './event.ts'
import { ExpiringMap } from './expiring-map.ts'
import { Groups } from './groups.ts'
import { Lanes } from './lanes.ts'
import { DEDUPLICATION_MS } from './limits.ts'
import type { Lines } from './lines.ts'
import type { MessageTable } from './message-table.ts'
import type { MoveTask } from './move-task.ts'
import { type Settings, settingsOf } from './settings.ts'
import type { SourcePlace } from './source.ts'

export class Queue {
  definition: QueueDefinition
  /** What it takes up in the log. */
  definitionBytes = 0
  settings: Settings
  /** Exactly one of the two: a standard queue has lanes, a FIFO queue groups. */
  lanes: Lanes | undefined
  groups: Groups | undefined
  ages: Ages
  readonly dedup: ExpiringMap<number> | undefined
  readonly attempts: Attempts | undefined
  visible = 0
  inFlight = 0
  delayed = 0
  purgedAt = Number.NEGATIVE_INFINITY
  /** In the list of queues with something new to deliver (see State.woken). */
  woken = false
  /** What came from other shards (arrivals.ts). */
  arrivals: Arrivals = new Map()
  /** How far each partition of its source has been read (source.ts). */
  readonly places = new Map<number, SourcePlace>()
  /** The newest last; at most one is running. */
  moveTasks: MoveTask[] = []

  constructor(definition: QueueDefinition, messages: MessageTable, lines: Lines) {
    this.definition = definition
    this.settings = settingsOf(definition)
    this.lanes = definition.fifo ? undefined : new Lanes(messages, lines, this)
    this.groups = definition.fifo ? new Groups(messages, lines, this) : undefined
    this.ages = new Ages(messages)
    this.dedup = definition.fifo ? new ExpiringMap(DEDUPLICATION_MS) : undefined
    this.attempts = definition.fifo ? new Attempts() : undefined
  }

  /** Hands everything that is in this queue to `other`, which is empty, and takes its emptiness. */
  exchange(other: Queue): void {
    ;[this.lanes, other.lanes] = [other.lanes, this.lanes]
    ;[this.groups, other.groups] = [other.groups, this.groups]
    ;[this.ages, other.ages] = [other.ages, this.ages]
    ;[this.visible, other.visible] = [other.visible, this.visible]
    ;[this.inFlight, other.inFlight] = [other.inFlight, this.inFlight]
    ;[this.delayed, other.delayed] = [other.delayed, this.delayed]
    this.#owns()
    other.#owns()
  }

  #owns(): void {
    if (this.lanes !== undefined) this.lanes.queue = this
    if (this.groups !== undefined) this.groups.queue = this
  }

  get id(): number {
    return this.definition.id
  }

  get name(): string {
    return this.definition.name
  }

  get fifo(): boolean {
    return this.definition.fifo
  }
}
