/**
 * The queue core driven by hand, for tests: a state, a list of records as its log, and time as an argument. No
 * promise, no clock, no disk. What the shard does around the core is done here in the plainest way, so that a
 * test can ask at any moment what a recovery would make of the records.
 */

import type { Answers, Command } from '../../src/queue/command.ts'
import { type Decision, decide } from '../../src/queue/decide.ts'
import type { Event } from '../../src/queue/event.ts'
import {
  decodeEvent,
  decodeMessage,
  encodeEvent,
  holdsMessage,
  isFirst,
  type StoredMessage,
  seqIn,
} from '../../src/queue/event-codec.ts'
import { evolve } from '../../src/queue/evolve.ts'
import { DEDUPLICATION_MS } from '../../src/queue/limits.ts'
import type { Problem } from '../../src/queue/problem.ts'
import type { ReceiveDecision } from '../../src/queue/receive.ts'
import { decideMove, decideTaskOver, type NextMove, nextMove } from '../../src/queue/redrive.ts'
import { decideRelocate, decideSegmentHead, isLiveAt } from '../../src/queue/relocate.ts'
import { decideExpire } from '../../src/queue/retention.ts'
import { State } from '../../src/queue/state.ts'

/** Distance between two records' positions: nothing may rest on it being their length. */
const STRIDE = 1000

type Answer<Kind extends Command['kind']> =
  | (Kind extends 'receive' ? ReceiveDecision : Answers[Kind])
  | Problem

type Act = (state: State, now: number, emit: (event: Event) => void) => void

export class Core {
  readonly state = new State()
  readonly awsWaits: boolean
  /** Every record not trimmed, by position. */
  readonly #records = new Map<number, Buffer>()
  /** Where each segment begins, oldest first, and when each but the newest was closed. */
  #starts = [0]
  readonly #closedAt: number[] = []
  #position = 0
  #first = true

  constructor(options: { readonly now: number; readonly awsWaits?: boolean }) {
    this.awsWaits = options.awsWaits ?? false
    this.state.space.begin(0)
    this.state.salt = new Int32Array([0x1234_5678, -0x6543_2110, 0x0bad_cafe, 0x7777_1111])
    this.act(options.now, decideSegmentHead)
  }

  submit<Kind extends Command['kind']>(command: Extract<Command, { kind: Kind }>, now: number): Answer<Kind> {
    this.state.advance(now)
    this.#first = true
    return decide(this.state, command, now, { awsWaits: this.awsWaits }, this.#emit) as Decision &
      Answer<Kind>
  }

  /** Something that is not a client's command. */
  act(now: number, run: Act): void {
    this.state.advance(now)
    this.#first = true
    run(this.state, now, this.#emit)
  }

  /** What housekeeping does. */
  expire(now: number): void {
    this.act(now, (state, _, emit) => {
      for (const queue of state.queues.values()) decideExpire(state, queue, now, emit)
    })
  }

  /** What the move runner does for a queue: one step of its task. */
  moveOne(name: string, now: number): NextMove {
    this.state.advance(now)
    const queue = this.state.queuesByName.get(name)
    if (queue === undefined) return { kind: 'idle' }
    const next = nextMove(this.state, queue, now)
    if (next.kind === 'move') {
      const message = this.read(next.position)
      this.act(now, (state, _, emit) => decideMove(state, queue, next.seq, message, now, emit))
    } else if (next.kind === 'over') {
      this.act(now, (_state, _now, emit) => decideTaskOver(queue, next.status, next.failureReason, now, emit))
    }
    return next
  }

  read(position: number): StoredMessage {
    return decodeMessage(this.#records.get(position)!)
  }

  /** Begins a segment, as the shard does when a flush has begun one. */
  roll(): void {
    this.#starts.push(this.#position)
    this.#closedAt.push(this.state.now)
    this.state.space.begin(this.#position)
    this.#first = true
    decideSegmentHead(this.state, this.state.now, this.#emit)
  }

  /** Moves one live message to the end, as reclaiming does; nothing where there is none. */
  relocate(seq: number, now: number): void {
    const entry = [...this.#records].find(([position, record]) => this.#liveSeq(position, record) === seq)
    if (entry !== undefined) this.#relocate(entry[1], now)
  }

  /** Moves what lives in the oldest segment and drops it, if it was closed five minutes ago. True when it was. */
  trim(now: number): boolean {
    const end = this.#starts[1]
    if (end === undefined || this.#closedAt[0]! + DEDUPLICATION_MS > now) return false
    for (const [position, record] of [...this.#records]) {
      if (position < end && this.#liveSeq(position, record) !== 0) this.#relocate(record, now)
    }
    for (const position of [...this.#records.keys()]) if (position < end) this.#records.delete(position)
    this.state.space.trimmed(end)
    this.#starts.shift()
    this.#closedAt.shift()
    return true
  }

  /** What is in the log: where its segments begin, and every record by its position. */
  stored(): { readonly starts: readonly number[]; readonly records: ReadonlyMap<number, Buffer> } {
    return { starts: this.#starts, records: this.#records }
  }

  /** What a recovery makes of the records. */
  recovered(): State {
    const state = new State()
    for (const start of this.#starts) state.space.begin(start)
    for (const [position, record] of this.#records) {
      const event = decodeEvent(record, 0, record.length)
      if (isFirst(record, 0)) state.advance(event.at)
      evolve(state, event, position, record.length)
    }
    return state
  }

  /** The number of the live message that is read from here, or 0. */
  #liveSeq(position: number, record: Buffer): number {
    if (!holdsMessage(record, 0)) return 0
    const seq = seqIn(record, 0)
    return isLiveAt(this.state, seq, position) ? seq : 0
  }

  #relocate(record: Buffer, now: number): void {
    const seq = seqIn(record, 0)
    this.act(now, (state, _, emit) => decideRelocate(state, seq, decodeMessage(record), now, emit))
  }

  readonly #emit = (event: Event): void => {
    const { head, content } = encodeEvent(event, this.#first)
    this.#first = false
    const record = Buffer.concat(content === undefined ? [head] : [head, content])
    const position = this.#position
    this.#position += STRIDE
    this.#records.set(position, record)
    evolve(this.state, event, position, record.length)
  }
}
