/**
 * What clients of a cluster were told, written down as it happens, and what that says of the cluster: nothing
 * acknowledged may be lost, come again after its acknowledged deletion, be with two clients at once, or overtake
 * another one of its group. Two owners of one shard who both answer would show in each of these.
 */

/** A delete counts only when it came well before the lease of the receive ended: later it may be another's message. */
const DELETE_MS_MAX = 8000

interface Entry {
  readonly body: string
  readonly group: string | undefined
  acknowledged: boolean
  /** The send was tried again: a standard queue may then have it twice. */
  unsure: boolean
  /** In which order it was first received in its queue; undefined until then. */
  firstSeen: number | undefined
  receivedAt: number
  /** Until then it is nobody else's: its lease began when the receive was asked for, or later. */
  leasedUntil: number
  /** A delete was asked for, whatever became of it. */
  deleting: boolean
  deletedAt: number | undefined
}

export class Ledger {
  readonly #queues = new Map<string, Map<string, Entry>>()
  readonly #wrong: string[] = []
  readonly #leaseMs: number
  #seen = 0

  /** `leaseMs`: the visibility timeout of every receive. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs
  }

  sending(queue: string, body: string, group?: string): void {
    const entries = this.#queues.get(queue) ?? new Map<string, Entry>()
    this.#queues.set(queue, entries)
    entries.set(body, {
      body,
      group,
      acknowledged: false,
      unsure: false,
      firstSeen: undefined,
      receivedAt: 0,
      leasedUntil: 0,
      deleting: false,
      deletedAt: undefined,
    })
  }

  /** It is not known whether it was sent: it is sent again. */
  sendingAgain(queue: string, body: string): void {
    this.#entry(queue, body).unsure = true
  }

  sent(queue: string, body: string): void {
    this.#entry(queue, body).acknowledged = true
  }

  /** One answer: the receive was asked for at `askedAt`, and answered `now`. */
  received(queue: string, bodies: readonly string[], askedAt: number, now: number): void {
    const entries = bodies.map((body) => this.#received(queue, body, now))
    for (const entry of entries) {
      if (entry === undefined) continue
      entry.receivedAt = now
      entry.leasedUntil = askedAt + this.#leaseMs
      entry.deleting = false
    }
  }

  #received(queue: string, body: string, now: number): Entry | undefined {
    const entry = this.#queues.get(queue)?.get(body)
    if (entry === undefined) {
      this.#wrong.push(`${queue}: ${body} was never sent`)
      return undefined
    }
    const mayBeTwo = entry.unsure && entry.group === undefined
    if (entry.deletedAt !== undefined && !mayBeTwo) {
      this.#wrong.push(`${queue}: ${body} came again after it was deleted`)
    } else if (now < entry.leasedUntil && !mayBeTwo) {
      this.#wrong.push(`${queue}: ${body} came again while it was with somebody`)
    }
    this.#checkOrder(queue, entry, now)
    entry.firstSeen ??= this.#seen++
    return entry
  }

  /** It is asked for: from now on the next one of its group may come. */
  deleting(queue: string, body: string): void {
    this.#entry(queue, body).deleting = true
  }

  deleted(queue: string, body: string, now: number): void {
    const entry = this.#entry(queue, body)
    if (now - entry.receivedAt <= DELETE_MS_MAX) entry.deletedAt = now
  }

  get acknowledged(): number {
    return this.#all().filter((entry) => entry.acknowledged).length
  }

  /** Acknowledged and not received yet. */
  missing(): readonly string[] {
    return this.#all().flatMap(({ body, acknowledged, firstSeen }) =>
      acknowledged && firstSeen === undefined ? [body] : [],
    )
  }

  /** When everything was drained. */
  violations(): readonly string[] {
    return [...this.#wrong, ...this.missing().map((body) => `${body} was lost`)]
  }

  /** Those of its group that were sent before it must have come before it, and be with nobody else. */
  #checkOrder(queue: string, entry: Entry, now: number): void {
    if (entry.group === undefined) return
    for (const other of this.#queues.get(queue)!.values()) {
      if (other === entry) return
      if (other.group !== entry.group) continue
      if (entry.firstSeen === undefined && other.acknowledged && other.firstSeen === undefined) {
        this.#wrong.push(`${queue}: ${entry.body} overtook ${other.body}`)
      } else if (now < other.leasedUntil && !other.deleting && other.deletedAt === undefined) {
        this.#wrong.push(`${queue}: ${entry.body} came while ${other.body} was with somebody`)
      }
    }
  }

  #all(): readonly Entry[] {
    return [...this.#queues.values()].flatMap((entries) => [...entries.values()])
  }

  #entry(queue: string, body: string): Entry {
    const entry = this.#queues.get(queue)?.get(body)
    if (entry === undefined) throw new Error(`${body} was never sent to ${queue}`)
    return entry
  }
}
