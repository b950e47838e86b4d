/**
 * What clients of a cluster were told, written down as it happens, and what that says of the cluster: nothing
 * acknowledged may be lost, come again after its acknowledged deletion, or overtake another one of its group.
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
  deletedAt: number | undefined
}

export class Ledger {
  readonly #queues = new Map<string, Map<string, Entry>>()
  readonly #wrong: string[] = []
  #seen = 0

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

  received(queue: string, body: string, now: number): void {
    const entry = this.#queues.get(queue)?.get(body)
    if (entry === undefined) return void this.#wrong.push(`${queue}: ${body} was never sent`)
    if (entry.deletedAt !== undefined && !(entry.unsure && entry.group === undefined)) {
      this.#wrong.push(`${queue}: ${body} came again after it was deleted`)
    }
    if (entry.firstSeen === undefined) {
      this.#checkOrder(queue, entry)
      entry.firstSeen = this.#seen++
    }
    entry.receivedAt = now
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

  /** Those of its group that were sent before it must have come before it. */
  #checkOrder(queue: string, entry: Entry): void {
    if (entry.group === undefined) return
    for (const other of this.#queues.get(queue)!.values()) {
      if (other === entry) return
      if (other.group === entry.group && other.acknowledged && other.firstSeen === undefined) {
        this.#wrong.push(`${queue}: ${entry.body} overtook ${other.body}`)
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
