/**
 * Who is there, folded out of the log of beats. Time is counted in that log: gone is who was silent while my own beats,
 * sent after I had read its last one, came to two seconds; who also refuses connections, to a little less. Each of my
 * beats counts for the time since the one before, and for half a second at most: so a log that stands still declares
 * nobody dead, neither does a clock that jumps, and no clock is compared with another. The view may be wrong at any
 * moment, of a zombie's it always is; nothing rests on it but who tries.
 *
 *     log     x's last │ mine │ mine │ mine │ mine │ mine        a beat of mine is read: was x silent for long enough?
 *     counts    read ──▶ 200 ──▶ 600 ─▶ 1000 ─▶ 1400 ─▶ 1600 ms
 */

import { assign } from './rendezvous.ts'

/** What a broker says of itself, again and again. */
export interface Beat {
  /** One start of one broker: a restart is another node. */
  readonly node: string
  /** Where peers reach it. It also stands for the broker when shards are shared out, so that a restart moves none. */
  readonly address: string
  /** The shards that it has open. */
  readonly holds: readonly number[]
  /** The shards that it has read along to their end; absent where it reads none along, whoever holds them. */
  readonly reads?: readonly number[]
  /** It is about to stop: nothing more shall be given to it. */
  readonly leaving: boolean
  /** It does not know the others yet, or reads along what it would be given: nothing shall be given to it yet. */
  readonly joining: boolean
  /** It has stopped: this is its last word. */
  readonly gone: boolean
  /** When it was sent by the sender's clock: for the sender alone. */
  readonly at: number
}

export interface Member {
  readonly node: string
  readonly address: string
  readonly holds: ReadonlySet<number>
  readonly reads: ReadonlySet<number> | undefined
  readonly leaving: boolean
  readonly joining: boolean
}

/** Between two beats, when there is nothing to announce. */
export const BEAT_MS = 400
/** Gone is who was silent for so long, counted in my own beats. */
export const GONE_MS = 2000
/**
 * And so long, if it refuses connections: then it most likely runs no more. It may run all the same, so it must have
 * ceased to be sure of what it holds (membership.ts), also where a clock has jumped and counted for {@link STEP_MS_MAX}.
 */
export const REFUSING_GONE_MS = 1600
/** One beat of mine counts for no more than this. */
export const STEP_MS_MAX = 500

const GONE_KEPT = 100

interface Seen {
  readonly member: Member
  /** When its last beat was read, by my clock: no earlier than it was sent. */
  readonly readAt: number
  /** The place of its last beat among all. */
  readonly atBeat: number
  /** Since then, counted in my own beats. */
  silentMs: number
  /** The last who wanted a connection to it was refused. */
  refuses: boolean
}

export class Members {
  readonly #self: string
  readonly #shards: number
  readonly #gaveUp: (member: Member) => void
  readonly #seen = new Map<string, Seen>()
  readonly #gone = new Set<string>()
  /** Until somebody comes, goes or is about to. */
  #owners: readonly (string | undefined)[] | undefined
  #successions: readonly number[] | undefined
  #heirs: readonly (string | undefined)[] | undefined
  /** When the newest of my own beats that were read was sent. */
  #ownBeatAt = Number.NEGATIVE_INFINITY
  #beats = 0

  /** `gaveUp` is told of whoever was silent for too long. */
  constructor(self: string, shards: number, gaveUp: (member: Member) => void = () => {}) {
    this.#self = self
    this.#shards = shards
    this.#gaveUp = gaveUp
  }

  /** The next beat of the log, read at `now` by my own clock. */
  fold(beat: Beat, now: number): void {
    this.#beats += 1
    if (beat.node === this.#self) this.#ownBeat(beat.at)
    this.#forgetEarlier(beat)
    if (beat.gone) return this.#tookLeave(beat.node)
    const { node, address, leaving, joining } = beat
    const before = this.get(node)
    if (before?.leaving !== leaving || before.joining !== joining) this.#shareAnew()
    const reads = beat.reads === undefined ? undefined : new Set(beat.reads)
    const member = { node, address, leaving, joining, holds: new Set(beat.holds), reads }
    const refuses = this.#seen.get(node)?.refuses ?? false
    this.#seen.set(node, { member, readAt: now, atBeat: this.#beats, silentMs: 0, refuses })
  }

  /** Whether it refused the last connection that was wanted to it. */
  heard(node: string, refuses: boolean): void {
    const seen = this.#seen.get(node)
    if (seen !== undefined) seen.refuses = refuses
  }

  /** When the next beat of mine can show that one that refuses connections is gone; undefined where there is none. */
  get decidedAt(): number | undefined {
    const dueAt = [...this.#seen.values()].flatMap(({ refuses, readAt, silentMs }) =>
      refuses ? Math.max(readAt, this.#ownBeatAt) + REFUSING_GONE_MS - silentMs : [],
    )
    return dueAt.length === 0 ? undefined : Math.min(...dueAt)
  }

  /** True for one of the last that said it had stopped. */
  hasTakenLeave(node: string): boolean {
    return this.#gone.has(node)
  }

  get(node: string): Member | undefined {
    return this.#seen.get(node)?.member
  }

  /** In no particular order. */
  all(): readonly Member[] {
    return [...this.#seen.values()].map(({ member }) => member)
  }

  /** For each shard the node that should own it; undefined where nobody is there to. */
  owners(): readonly (string | undefined)[] {
    this.#owners ??= this.#ownersAmong(this.all())
    return this.#owners
  }

  #ownersAmong(members: readonly Member[]): readonly (string | undefined)[] {
    const staying = members.filter(({ leaving, joining }) => !leaving && !joining)
    const owners = assign(
      this.#shards,
      staying.map(({ address }) => address),
    )
    return Array.from({ length: this.#shards }, (_, shard) => staying[owners[shard] ?? -1]?.node)
  }

  /** The shards that will be mine when all who are joining have joined. */
  willOwn(): readonly number[] {
    const owners = this.#ownersAmong(this.all().map((member) => ({ ...member, joining: false })))
    return owners.flatMap((owner, shard) => (owner === this.#self ? shard : []))
  }

  /** The shards that would be mine if whoever should own them now were gone. */
  succeeds(): readonly number[] {
    this.#successions ??= this.#succeed()
    return this.#successions
  }

  /** Who should own a shard if I were gone. */
  heir(shard: number): Member | undefined {
    this.#heirs ??= this.#ownersAmong(this.all().filter(({ node }) => node !== this.#self))
    return this.get(this.#heirs[shard] ?? '')
  }

  #succeed(): readonly number[] {
    const owners = this.owners()
    const mine: number[] = []
    for (const gone of new Set(owners)) {
      if (gone === undefined || gone === this.#self) continue
      const heirs = this.#ownersAmong(this.all().filter(({ node }) => node !== gone))
      for (const [shard, heir] of heirs.entries()) {
        if (heir === this.#self && owners[shard] === gone) mine.push(shard)
      }
    }
    return mine
  }

  /** Who last said that it holds a shard. */
  holder(shard: number): Member | undefined {
    let newest: Seen | undefined
    for (const seen of this.#seen.values()) {
      if (seen.member.holds.has(shard) && (newest === undefined || seen.atBeat > newest.atBeat)) newest = seen
    }
    return newest?.member
  }

  /** True while another than I says that it holds a shard. */
  isHeldByOther(shard: number): boolean {
    for (const { member } of this.#seen.values()) {
      if (member.node !== this.#self && member.holds.has(shard)) return true
    }
    return false
  }

  #forget(node: string): void {
    this.#seen.delete(node)
    this.#shareAnew()
  }

  #shareAnew(): void {
    this.#owners = undefined
    this.#successions = undefined
    this.#heirs = undefined
  }

  #tookLeave(node: string): void {
    this.#forget(node)
    this.#gone.add(node)
    if (this.#gone.size > GONE_KEPT) this.#gone.delete(this.#gone.values().next().value!)
  }

  #ownBeat(at: number): void {
    const before = this.#ownBeatAt
    this.#ownBeatAt = Math.max(at, before)
    for (const [node, seen] of this.#seen) {
      if (node === this.#self) continue
      seen.silentMs += Math.min(Math.max(at - Math.max(before, seen.readAt), 0), STEP_MS_MAX)
      if (seen.silentMs >= (seen.refuses ? REFUSING_GONE_MS : GONE_MS)) {
        this.#forget(node)
        this.#gaveUp(seen.member)
      }
    }
  }

  /** A broker that is there again under the same address was restarted: its earlier self is no more. */
  #forgetEarlier({ node, address }: Beat): void {
    for (const [other, { member }] of this.#seen) {
      if (other !== node && member.address === address) this.#forget(other)
    }
  }
}
