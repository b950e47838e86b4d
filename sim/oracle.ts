/**
 * Watches everything: each record as it is appended, each answer as a client gets it, each opening of the log. It
 * keeps the journal of all records and the truth folded from it (model.ts), and holds the broker to its promises:
 * every event is legal (rules.ts), every answer tells the truth, and what an answer rested on is still there after
 * any crash.
 */

import type { Event } from '../broker/src/queue/event.ts'
import { decodeEvent, isFirst } from '../broker/src/queue/event-codec.ts'
import { messageIdOf } from '../broker/src/queue/message-id.ts'
import type { Answer, Exchange, Held, Letter } from './exchange.ts'
import { dueAtOf, type Message, Model } from './model.ts'
import { type Asked, objection, type Receive } from './rules.ts'
import type { Trace } from './trace.ts'
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

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
]

export class Oracle implements Asked {
  readonly pending = new Set<Exchange>()
  readonly handles = new Map<string, Receive & { readonly queueId: number }>()
  /** Everything that clients ever meant to send, by its token. */
  readonly letters = new Map<string, Letter>()
  /** From here on nothing may be refused for the broker's reasons. */
  calm = false
  model = new Model()
  /** The latest time that the broker ever saw: what was over then may be forgotten, wherever the clock is set. */
  latest = 0
  journal: Entry[] = []
  /** How often each kind of event happened. */
  readonly counts = new Map<string, number>()
  readonly #verdict: Verdict
  readonly #trace: Trace
  /** Receives that are decided and not yet delivered. */
  readonly #outbox = new Map<string, Outgoing>()
  readonly #numbers = new Map<string, number>()
  #promised = -1

  constructor(verdict: Verdict, trace: Trace) {
    this.#verdict = verdict
    this.#trace = trace
  }

  undelivered({ seq, receiveCount }: Receive): boolean {
    return this.#outbox.has(`${seq}:${receiveCount}`)
  }

  /** Position of the newest record. */
  get last(): number {
    return this.journal.at(-1)?.position ?? -1
  }

  appended(position: number, record: Buffer): void {
    const event = decodeEvent(record, 0, record.length)
    const token = tokenIn(record)
    const entry = { position, record, event, first: isFirst(record, 0), token }
    this.#trace.add(`  ${position} ${summary(event)} ${token}`)
    this.#verdict.hold(position > this.last, () => `position ${position} was given out before`)
    this.journal.push(entry)
    this.counts.set(event.kind, (this.counts.get(event.kind) ?? 0) + 1)
    if (this.#verdict.violation !== undefined) return
    this.model.begin(event, entry.first)
    const wrong = objection(this.model, this, event, token)
    this.#verdict.hold(wrong === undefined, () => `${summary(event)} ${token}: ${wrong}`)
    if (wrong !== undefined) return
    this.model.fold(event, token)
    this.#follow(event, position)
  }

  /** The log was opened: what it still has is the truth from now on. */
  opened(end: number): void {
    this.#outbox.clear()
    const kept = this.#indexOf(end)
    this.model = this.survivors(end)
    if (kept === this.journal.length) return
    this.#trace.add(`lost ${this.journal.length - kept} records`)
    this.journal.length = kept
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
  replayed(position: number, record: Buffer): void {
    const entry = this.#at(position)
    this.#verdict.hold(
      entry?.record.equals(record) === true,
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
      const wrong = this.#unjust(exchange, answer)
      const { status, code, text } = answer
      this.#verdict.hold(!wrong, () => `refused: ${describe(exchange)} with ${status} ${code}: ${text}`)
      return []
    }
    // An empty receive says nothing that could turn out to be untrue.
    if (exchange.action.kind === 'receive') return this.#delivered(exchange, answer.output)
    this.#promised = Math.max(this.#promised, exchange.rests)
    const lie = this.#lie(exchange, answer.output)
    this.#verdict.hold(lie === undefined, () => `answered ${describe(exchange)}, but ${lie}`)
    return []
  }

  /** How many messages are visible, in flight and delayed now. */
  countsOf(name: string, now: number): readonly number[] | undefined {
    const queue = this.model.queueNamed(name)
    if (queue === undefined) return undefined
    const counts = { ready: 0, 'in flight': 0, delayed: 0 }
    for (const message of this.model.messages.values()) {
      if (message.queue !== queue) continue
      counts[dueAtOf(message) > now ? message.phase : 'ready'] += 1
    }
    return [counts.ready, counts['in flight'], counts.delayed]
  }

  #follow(event: Event, position: number): void {
    if (event.kind === 'sent' || event.kind === 'redriven') {
      const salt = new Int32Array(Uint8Array.from(Buffer.from(this.model.salt, 'hex')).buffer)
      this.#numbers.set(messageIdOf(event.seq, salt), event.seq)
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
    const seq = this.#numbers.get(got['MessageId'] as string) ?? 0
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

  /** What is untrue about a success; undefined where all is well. */
  #lie(exchange: Exchange, output: Readonly<Record<string, unknown>>): string | undefined {
    const { action } = exchange
    switch (action.kind) {
      case 'send':
        return successes(action.letters, action.batch, output)
          .map(([letter, result]) => this.#unsent(exchange, letter, String(result['MessageId'])))
          .find((lie) => lie !== undefined)
      case 'delete':
        return successes(action.receipts, action.batch, output)
          .map(([receipt]) => this.#undeleted(action.queue, receipt))
          .find((lie) => lie !== undefined)
      case 'extend':
        return successes(action.receipts, action.batch, output)
          .map(([receipt]) => this.#unextended(exchange, receipt, action.seconds))
          .find((lie) => lie !== undefined)
      case 'create':
        if (this.model.queueNamed(action.queue) !== undefined) return undefined
        return this.#lacks(exchange, 'queueDeleted', () => true)
      case 'change':
        return this.#lacks(exchange, 'queueDefined', ({ definition }) =>
          Object.entries(action.attributes).every(
            ([name, value]) => (definition.attributes[name] ?? '') === value,
          ),
        )
      case 'tag':
      case 'untag':
        return this.#lacks(exchange, 'queueDefined', ({ definition }) => definition.name === action.queue)
      case 'purge':
        return this.#lacks(exchange, 'queuePurged', () => true)
      case 'remove':
        return this.#lacks(exchange, 'queueDeleted', () => true)
      case 'count': {
        const attributes = output['Attributes'] as Readonly<Record<string, string>>
        const counts = COUNTS.map((name) => Number(attributes[name]))
        return String(counts) === String(exchange.counts) ? undefined : `there were ${exchange.counts}`
      }
      case 'redrive':
      case 'cancel':
        return this.#lacks(exchange, 'moveTaskChanged', () => true)
      default:
        return undefined
    }
  }

  #unsent(exchange: Exchange, letter: Letter, messageId: string): string | undefined {
    const seq = this.#numbers.get(messageId)
    const entry = this.journal.findLast(({ event }) => event.kind === 'sent' && event.seq === seq)
    if (entry === undefined) return `no message ${messageId} was ever sent`
    if (entry.token === letter.token) return undefined
    const original = this.letters.get(entry.token)!
    const since = exchange.startedAt - 300_000
    const byGroup = exchange.action.queue === 'groups.fifo' && original.group !== letter.group
    const repeated = letter.dedupId !== undefined && original.dedupId === letter.dedupId && !byGroup
    if (!repeated || entry.event.at <= since) {
      return `${messageId} is ${entry.token}, of which ${letter.token} is no duplicate`
    }
    return undefined
  }

  #undeleted(queue: string, receipt: string): string | undefined {
    const receive = this.handles.get(receipt)!
    const message = this.model.messages.get(receive.seq)
    if (message === undefined || message.queue.definition.name !== queue) return undefined
    if (!message.queue.definition.fifo && message.receiveCount !== receive.receiveCount) return undefined
    return `${message.token} (number ${message.seq}) is still there`
  }

  #unextended(exchange: Exchange, receipt: string, seconds: number): string | undefined {
    const { seq } = this.handles.get(receipt)!
    const message = this.model.messages.get(seq)
    if (message === undefined || (seconds === 0 && message.phase === 'ready')) return undefined
    if (seconds === 0 && !message.queue.definition.fifo) return undefined
    return this.#lacks(
      exchange,
      'visibilityChanged',
      (event) => event.seq === seq && event.until - event.at === seconds * 1000,
    )
  }

  /** Whether the journal has no such event since the request began. */
  #lacks<Kind extends Event['kind']>(
    exchange: Exchange,
    kind: Kind,
    is: (event: Extract<Event, { kind: Kind }>) => boolean,
  ): string | undefined {
    for (let index = this.journal.length - 1; index >= 0; index -= 1) {
      const { event } = this.journal[index]!
      if (event.at < exchange.startedAt) break
      if (event.kind === kind && is(event as Extract<Event, { kind: Kind }>)) return undefined
    }
    return `nothing of it happened (${kind})`
  }

  /** True for a refusal that a client need not put up with. */
  #unjust(exchange: Exchange, { status, code }: Extract<Answer, { kind: 'refused' }>): boolean {
    const { action } = exchange
    const queue = this.model.queueNamed(action.queue)
    switch (code) {
      case 'ServiceUnavailable':
        return this.calm
      case 'NonExistentQueue':
      case 'ResourceNotFoundException':
        return (
          queue !== undefined &&
          action.kind !== 'cancel' &&
          action.kind !== 'redrive' &&
          this.#lacks(exchange, 'queueDefined', ({ definition }) => definition.name === action.queue) !==
            undefined
        )
      case 'QueueAlreadyExists':
        return action.kind !== 'create'
      case 'UnsupportedOperation':
        return action.kind !== 'redrive' && action.kind !== 'cancel'
      case 'ReceiptHandleIsInvalid':
        return (
          !('receipts' in action) ||
          action.receipts.every((receipt) => this.handles.get(receipt)!.queueId === queue?.definition.id)
        )
      case 'InvalidParameterValue':
        if (action.kind === 'redrive' || action.kind === 'create' || action.kind === 'change') return false
        if (action.kind === 'receive') return action.attemptId === undefined
        return !('receipts' in action) || !action.receipts.every((receipt) => this.#isStale(receipt))
      default:
        return status >= 400
    }
  }

  #isStale(receipt: string): boolean {
    const receive = this.handles.get(receipt)!
    const message = this.model.messages.get(receive.seq)
    if (message === undefined || message.receiveCount !== receive.receiveCount) return true
    return message.phase !== 'in flight' || message.dueAt <= this.latest
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

/** Pairs each item of a request with its result; in a batch only those that succeeded. */
function successes<Item>(
  items: readonly Item[],
  batch: boolean,
  output: Readonly<Record<string, unknown>>,
): readonly (readonly [Item, Readonly<Record<string, unknown>>])[] {
  if (!batch) return [[items[0]!, output]]
  const results = (output['Successful'] ?? []) as readonly Readonly<Record<string, unknown>>[]
  return results.map((result) => [items[Number(String(result['Id']).slice(1))]!, result] as const)
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
      return `${kind} ${at} ${event.seq}`
  }
}
