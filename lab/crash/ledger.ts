/**
 * What clients know: of each message whether it may be there, must be there or must be gone. Every claim follows from
 * answers alone: an answer that never came leaves two possibilities open, and instants are taken so that the claim
 * holds whenever in between the broker decided. A broken claim is kept as a sentence.
 *
 *     attempted ──acknowledged──▶ must be there ──delete asked──▶ may be there ──delete acknowledged──▶ must be gone
 */

export interface Interval {
  /** Before the request went out, and after its answer came: milliseconds since 1970. */
  readonly from: number
  readonly to: number
}

export interface Line {
  readonly id: string
  readonly body: string
  readonly queue: string
  /** FIFO: its group and its number in it. */
  readonly group: string | undefined
  readonly number: number
  /** Not to be delivered before. */
  readonly delayedUntil: number
  sent: 'attempted' | 'acknowledged' | 'absent'
  deleted: 'no' | 'asked' | 'acknowledged'
  deletedAt: number
  messageId: string | undefined
  /** The newest receive, and until when at least nobody else may get it. */
  received: Interval | undefined
  leasedUntil: number
}

export interface Got {
  readonly body: string
  readonly messageId: string
}

export class Ledger {
  readonly violations: string[] = []
  readonly counts = { acknowledged: 0, received: 0, deleted: 0, uncertain: 0 }
  readonly #lines = new Map<string, Line>()
  /** Those that are or may be in a queue, by queue. */
  readonly #live = new Map<string, Set<Line>>()

  attempt(line: Pick<Line, 'id' | 'body' | 'queue' | 'group' | 'number' | 'delayedUntil'>): Line {
    const open: Line = {
      ...line,
      sent: 'attempted',
      deleted: 'no',
      deletedAt: 0,
      messageId: undefined,
      received: undefined,
      leasedUntil: 0,
    }
    this.#lines.set(line.id, open)
    this.live(line.queue).add(open)
    return open
  }

  acknowledge(line: Line, messageId: string): void {
    if (line.messageId !== undefined && line.messageId !== messageId)
      this.#violated(line, `was acknowledged as ${messageId} and is known as ${line.messageId}`)
    line.messageId = messageId
    line.sent = 'acknowledged'
    this.counts.acknowledged += 1
  }

  /** Refused for certain: it must never be seen. */
  refuse(line: Line): void {
    line.sent = 'absent'
    this.live(line.queue).delete(line)
  }

  /** One answer to a receive; returns the lines that were in it. */
  receive(queue: string, got: readonly Got[], at: Interval, visibilityMs: number): Line[] {
    const lines: Line[] = []
    for (const one of got) {
      const line = this.#lines.get(one.body.slice(0, one.body.indexOf('|')))
      if (line === undefined || line.body !== one.body || line.queue !== queue) {
        this.violations.push(`${queue}: a message that nobody sent: ${one.body.slice(0, 80)}`)
        continue
      }
      this.counts.received += 1
      this.#checkReceived(line, one, at, visibilityMs)
      this.#checkOrder(line, lines)
      line.received = at
      line.leasedUntil = at.from + visibilityMs
      lines.push(line)
    }
    return lines
  }

  /** Before a delete or a change of visibility goes out: whoever gets it next may be right to. */
  askDelete(line: Line): void {
    if (line.deleted === 'no') line.deleted = 'asked'
  }

  /** Certain only where the lease was still this client's when the answer came. */
  acknowledgeDelete(line: Line, receivedAt: Interval, nowAt: number): void {
    if (line.received !== receivedAt || nowAt >= line.leasedUntil) return
    line.deleted = 'acknowledged'
    line.deletedAt = nowAt
    this.live(line.queue).delete(line)
    this.counts.deleted += 1
  }

  askVisibility(line: Line, until: number): void {
    line.leasedUntil = Math.min(line.leasedUntil, until)
  }

  live(queue: string): Set<Line> {
    const lines = this.#live.get(queue) ?? new Set()
    this.#live.set(queue, lines)
    return lines
  }

  /** How many messages the queue must hold at least, and may hold at most. */
  bounds(queue: string): { readonly least: number; readonly most: number } {
    const lines = [...this.live(queue)]
    return { least: lines.filter(mustBeThere).length, most: lines.length }
  }

  checkCount(queue: string, count: number): void {
    const { least, most } = this.bounds(queue)
    if (count < least || count > most)
      this.violations.push(`${queue}: holds ${count} messages, must hold ${least} to ${most}`)
  }

  /** The queue was emptied: what must have been in it has come out, and what has not come out was never in it. */
  emptied(queue: string): void {
    for (const line of this.live(queue)) {
      if (mustBeThere(line)) this.#violated(line, 'was acknowledged and is lost')
      if (line.sent === 'attempted' && line.deleted === 'no') this.counts.uncertain += 1
      if (line.deleted === 'no') line.sent = 'absent'
      else {
        line.deleted = 'acknowledged'
        line.deletedAt = Date.now()
      }
    }
    this.live(queue).clear()
  }

  #checkReceived(line: Line, { messageId }: Got, at: Interval, visibilityMs: number): void {
    const { received } = line
    if (line.sent === 'absent') this.#violated(line, 'was refused, or was not there, and has appeared')
    if (line.deleted === 'acknowledged' && at.from > line.deletedAt)
      this.#violated(line, 'was deleted and is back')
    if (at.to < line.delayedUntil) this.#violated(line, 'came before its delay was over')
    if (line.messageId !== undefined && line.messageId !== messageId)
      this.#violated(line, `is there twice: ${line.messageId} and ${messageId}`)
    line.messageId = messageId
    if (received === undefined || at.to >= line.leasedUntil) return
    // Whichever of two overlapping receives came first: the other came too early.
    if (at.from > received.to || received.to < at.from + visibilityMs)
      this.#violated(line, 'was delivered to two at the same time')
  }

  /** Within a group whatever was sent before is deleted, or comes before it in the same answer. */
  #checkOrder(line: Line, before: readonly Line[]): void {
    if (line.group === undefined) return
    for (const other of this.live(line.queue)) {
      if (other.group !== line.group || other.number >= line.number) continue
      if (mustBeThere(other) && !before.includes(other)) this.#violated(line, `came before ${other.id}`)
    }
  }

  #violated(line: Line, what: string): void {
    this.violations.push(`${line.queue}: ${line.id} (${line.messageId ?? 'no id'}) ${what}`)
  }
}

function mustBeThere(line: Line): boolean {
  return line.sent === 'acknowledged' && line.deleted === 'no'
}
