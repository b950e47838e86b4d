/**
 * Watches everything: each record as it is appended, each answer as a client gets it, each opening of the log. It
 * keeps the journal of all records and the truth folded from it (model.ts), and holds the broker to its promises:
 * every event is legal (rules.ts) and asked for (requests.ts), every answer tells the truth (honesty.ts), and what an
 * answer rested on is still there after any crash.
 */

import type { Event } from '../broker/src/queue/event.ts'
import { decodeEvent, headBytes, isFirst } from '../broker/src/queue/event-codec.ts'
import { messageIdOf } from '../broker/src/queue/message-id.ts'
import type { Action, Answer, Exchange, Held, Letter, Moment } from './exchange.ts'
import { type Known, lieIn, refusalsOf, unjust } from './honesty.ts'
import { type Memory, type Message, Model } from './model.ts'
import { readingOf } from './readings.ts'
import { flawIn, isRetold, sceneOf } from './records.ts'
import { type Asked, isUnasked, type Receive } from './requests.ts'
import { brokenRule } from './rules.ts'
import type { Trace } from './trace.ts'
import { Turns } from './turns.ts'
import type { Verdict } from './verdict.ts'

export interface Entry {
  readonly position: number
  readonly record: Buffer
  readonly event: Event
  readonly first: boolean
  readonly token: string
}

/** A receive whose answer is on its way. */
interface Outgoing {
  readonly position: number
  readonly message: Readonly<Message>
  readonly queue: string
}

export class Oracle implements Asked, Known {
  readonly pending = new Set<Exchange>()
  readonly handles = new Map<string, Receive & { readonly queueId: number }>()
  /** Everything that clients ever meant to send, by its token. */
  readonly letters = new Map<string, Letter>()
  /** From here on nothing may be refused for the broker's reasons. */
  calm = false
  /** The broker keeps SQS's two waits of a minute. */
  readonly awsWaits: boolean
  model = new Model()
  /** The latest time that the broker ever saw: what was over then may be forgotten, wherever the clock is set. */
  latest = 0
  journal: Entry[] = []
  /** How often each kind of event happened, and what else is worth counting. */
  readonly counts = new Map<string, number>()
  readonly #verdict: Verdict
  readonly #trace: Trace
  /** Receives that are decided and not yet delivered. */
  readonly #outbox = new Map<string, Outgoing>()
  /** Sequence numbers by MessageId. */
  readonly numbers = new Map<string, number>()
  readonly memories = new Map<number, Memory>()
  #promised = -1

  constructor(verdict: Verdict, trace: Trace, awsWaits: boolean) {
    this.awsWaits = awsWaits
    this.#verdict = verdict
    this.#trace = trace
  }

  /** Position of the newest record. */
  get last(): number {
    return this.journal.at(-1)?.position ?? -1
  }

  /** `full`: the disk has no room. */
  appended(position: number, record: Buffer, full: boolean): void {
    const event = decodeEvent(record, 0, record.length)
    const token = tokenIn(record)
    const entry = { position, record, event, first: isFirst(record, 0), token }
    this.#trace.add(`  ${position} ${summary(event)} ${token}`)
    this.#verdict.hold(position > this.last, () => `position ${position} was given out before`)
    this.journal.push(entry)
    this.#count(event.kind)
    if (this.#verdict.violation !== undefined) return
    this.model.begin(event, entry.first)
    const wrong = full && event.kind === 'sent' ? 'the disk is full' : this.#objection(event, token)
    this.#verdict.hold(wrong === undefined, () => `${summary(event)} ${token}: ${wrong}`)
    if (wrong !== undefined) return
    this.model.fold(event, token)
    this.#follow(event, position)
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  #objection(event: Event, token: string): string | undefined {
    const { model, latest, awsWaits } = this
    const flaw = flawIn(model, event)
    if (flaw !== undefined || isRetold(model, event)) return flaw
    const isUndelivered = ({ seq, receiveCount }: Receive): boolean =>
      this.#outbox.has(`${seq}:${receiveCount}`)
    const scene = sceneOf(model, event, { latest, awsWaits }, isUndelivered)
    if (typeof scene === 'string') return scene
    const broken = brokenRule(scene)
    if (broken !== undefined) return `it breaks the rule that ${broken}`
    return isUnasked(scene, token, this) ? 'nobody asked for it' : undefined
  }

  /** The log was opened: what it still has is the truth from now on. */
  opened(end: number): void {
    this.#outbox.clear()
    const kept = this.#indexOf(end)
    this.model = this.survivors(end)
    this.forgetTurns()
    if (kept === this.journal.length) return
    this.#trace.add(`lost ${this.journal.length - kept} records`)
    this.journal.length = kept
  }

  /** Whose turn it is need not outlive a restart. */
  forgetTurns(): void {
    this.model.turns = new Turns(this.model.events)
  }

  /** The truth where the log ends at `end`. Nothing may be lost that somebody was told of. */
  survivors(end: number): Model {
    this.#verdict.hold(
      this.#promised < end,
      () => `what lay at ${this.#promised} was acknowledged, and the log now ends at ${end}`,
    )
    const kept = this.#indexOf(end)
    if (kept === this.journal.length) return this.model
    const model = new Model()
    for (const { event, first, token } of this.journal.slice(0, kept)) {
      model.begin(event, first)
      model.fold(event, token)
    }
    return model
  }

  /** A record read back at recovery: it must be the one that was written. */
  /** `record`: of what was read back at least as much as had to be. */
  replayed(position: number, record: Buffer, headsOnly: boolean): void {
    const written = this.#at(position)?.record ?? Buffer.alloc(0)
    const bytes = headsOnly ? headBytes(written, 0, written.length) : written.length
    this.#verdict.hold(
      bytes > 0 && written.compare(record, 0, Math.min(bytes, record.length), 0, bytes) === 0,
      () => `the record read back at ${position} is not what was written there`,
    )
  }

  /** How many records from `start` on must be read back. */
  retained(start: number): number {
    return this.journal.length - this.#indexOf(start)
  }

  /** A client got its answer. Returns the messages in it. */
  answered(exchange: Exchange, answer: Answer): readonly Held[] {
    if (answer.kind === 'lost') return []
    if (answer.kind === 'refused') {
      const wrong = unjust(this, exchange, answer)
      const { status, code, text } = answer
      this.#verdict.hold(!wrong, () => `refused: ${describe(exchange)} with ${status} ${code}: ${text}`)
      return []
    }
    if (exchange.moment?.full === true && exchange.action.kind !== 'send')
      this.#count('served on a full disk')
    // An empty receive says nothing that could turn out to be untrue.
    if (exchange.action.kind === 'receive') return this.#delivered(exchange, answer.output)
    this.#promised = Math.max(this.#promised, exchange.rests)
    const lie = lieIn(this, exchange, answer.output)
    this.#verdict.hold(lie === undefined, () => `answered ${describe(exchange)}, but ${lie}`)
    return []
  }

  /** What is so at the moment that the broker looks at a request. */
  momentOf(action: Action, now: number, full: boolean): Moment {
    return { reading: readingOf(this.model, action, now), refusals: refusalsOf(this, action, now), full }
  }

  #follow(event: Event, position: number): void {
    if (event.kind === 'sent' || event.kind === 'redriven') {
      const salt = new Int32Array(Uint8Array.from(Buffer.from(this.model.salt, 'hex')).buffer)
      this.numbers.set(messageIdOf(event.seq, salt), event.seq)
      const memory = this.model.messages.get(event.seq)!.queue.dedup.at(-1)
      if (event.kind === 'sent' && memory?.seq === event.seq) this.memories.set(event.seq, memory)
    } else if (event.kind === 'received' || event.kind === 'leaseRenewed') {
      const message = { ...this.model.messages.get(event.seq)! }
      const queue = message.queue.definition.name
      this.#outbox.set(`${event.seq}:${message.receiveCount}`, { position, message, queue })
    } else if (event.kind === 'receiveUndone') {
      const { receiveCount } = this.model.messages.get(event.seq)!
      this.#outbox.delete(`${event.seq}:${receiveCount + 1}`)
    }
  }

  #delivered(exchange: Exchange, output: Readonly<Record<string, unknown>>): readonly Held[] {
    const messages = (output['Messages'] ?? []) as readonly Record<string, unknown>[]
    const { action } = exchange
    this.#verdict.hold(action.kind === 'receive' && messages.length <= action.max, () => 'too many messages')
    return messages.map((message) => this.#deliver(action.queue, message))
  }

  #deliver(queue: string, got: Readonly<Record<string, unknown>>): Held {
    const attributes = got['Attributes'] as Readonly<Record<string, string>>
    const receiveCount = Number(attributes['ApproximateReceiveCount'])
    const seq = this.numbers.get(got['MessageId'] as string) ?? 0
    const outgoing = this.#outbox.get(`${seq}:${receiveCount}`)
    this.#outbox.delete(`${seq}:${receiveCount}`)
    const body = String(got['Body'])
    const token = tokenIn(Buffer.from(body))
    const receipt = String(got['ReceiptHandle'])
    const name = `${token} (number ${seq}, receive ${receiveCount})`
    this.#verdict.hold(
      outgoing !== undefined,
      () => `${name} was delivered without having been taken, or twice`,
    )
    if (outgoing === undefined) return { queue, receipt, token }
    const { message, position } = outgoing
    const letter = this.letters.get(message.token)
    this.#promised = Math.max(this.#promised, position)
    this.#verdict.hold(outgoing.queue === queue, () => `${name} came out of the wrong queue`)
    this.#verdict.hold(letter?.body === body, () => `${name} has another body`)
    this.#verdict.hold(isTrue(message, letter, got, attributes), () => `${name} has wrong attributes`)
    const known = this.handles.get(receipt)
    this.#verdict.hold(
      known === undefined || (known.seq === seq && known.receiveCount === receiveCount),
      () => `${name} has the receipt handle of another receive`,
    )
    this.handles.set(receipt, { seq, receiveCount, queueId: message.queue.definition.id })
    return { queue, receipt, token }
  }

  #at(position: number): Entry | undefined {
    const entry = this.journal[this.#indexOf(position)]
    return entry?.position === position ? entry : undefined
  }

  /** Of the first record at or after `position`. */
  #indexOf(position: number): number {
    let low = 0
    let high = this.journal.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.journal[middle]!.position < position) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Every body carries its letter's token, whatever surrounds it. */
export function tokenIn(bytes: Buffer): string {
  const at = bytes.indexOf('<Tok')
  return at < 0 ? '' : bytes.toString('latin1', at + 1, bytes.indexOf('>', at))
}

function isTrue(
  message: Readonly<Message>,
  letter: Letter | undefined,
  got: Readonly<Record<string, unknown>>,
  attributes: Readonly<Record<string, string>>,
): boolean {
  const own = (got['MessageAttributes'] ?? {}) as Readonly<Record<string, { StringValue?: string }>>
  const texts = Object.fromEntries(Object.entries(own).map(([name, { StringValue }]) => [name, StringValue]))
  return (
    sorted(texts) === sorted(letter?.attributes ?? {}) &&
    Number(attributes['SentTimestamp']) === message.sentAt &&
    Number(attributes['ApproximateFirstReceiveTimestamp']) === message.firstReceivedAt &&
    attributes['MessageGroupId'] === message.group &&
    attributes['DeadLetterQueueSourceArn']?.split(':').at(-1) === message.source
  )
}

function sorted(map: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)))
}

export function describe({ action }: Exchange): string {
  return `${action.kind} ${action.queue}`
}

function summary(event: Event): string {
  const { kind, at } = event
  switch (kind) {
    case 'queueDefined':
      return `${kind} ${at} ${event.definition.id} ${event.definition.name}`
    case 'opened':
      return `${kind} ${at} ${event.nextSeq}`
    case 'moveTaskChanged':
      return `${kind} ${at} ${event.task.status} ${event.task.moved}/${event.task.toMove}`
    case 'expired':
      return `${kind} ${at} queue ${event.queueId} ${event.sentBefore}`
    case 'queueDeleted':
    case 'queuePurged':
      return `${kind} ${at} queue ${event.queueId}`
    case 'deadLettered':
      return `${kind} ${at} ${event.seq} to ${event.queueId}`
    case 'redriven':
      return `${kind} ${at} ${event.oldSeq} as ${event.seq} to ${event.queueId}`
    case 'received':
    case 'leaseRenewed':
    case 'visibilityChanged':
      return `${kind} ${at} ${event.seq} until ${event.until}`
    default:
      return `${kind} ${at} ${'seq' in event ? event.seq : ''}`
  }
}
