/**
 * The truth about messages that cross shards: every record that counts, of all shards, in the order in which they came
 * to count. A message is in a queue, or away from it under a number; it is let go of only when it is there, it comes
 * back only when it is not, and it arrives once, as it was.
 */

import type { Arrived, Departed, Departing, Event, Returned } from '../../broker/src/queue/event.ts'
import { messageIdOf } from '../../broker/src/queue/message-id.ts'
import { tokenIn } from '../oracle.ts'
import type { Verdict } from '../verdict.ts'

export interface Living {
  readonly token: string
  readonly messageId: string
  readonly queueId: number
  readonly sentAt: number
  receiveCount: number
  /** Under which number it is on its way. */
  away: number | undefined
}

interface Crossing {
  readonly token: string
  readonly target: string
  readonly redrive: boolean
  readonly messageId: string
  readonly sentAt: number
  readonly receiveCount: number
  has: 'left' | 'arrived' | 'been let go' | 'come back'
}

interface Queue {
  readonly name: string
  readonly fifo: boolean
}

/** What counts of one shard. */
export class ShardTruth {
  readonly queues = new Map<number, Queue>()
  readonly messages = new Map<number, Living>()
  /** What came from the other shard, by the queue's name: the highest number. */
  readonly arrived = new Map<string, number>()
  salt = new Int32Array(4)

  queueNamed(name: string): number | undefined {
    for (const [id, queue] of this.queues) if (queue.name === name) return id
    return undefined
  }
}

export class Truth {
  readonly shards: readonly ShardTruth[]
  /** How often each kind of event came to count. */
  readonly counts = new Map<string, number>()
  /** Every receive: shard, sequence number and count. */
  readonly received = new Set<string>()
  readonly #verdict: Verdict
  readonly #sent = new Set<string>()
  /** By shard and number. */
  readonly #crossings = new Map<string, Crossing>()

  constructor(shards: number, verdict: Verdict) {
    this.shards = Array.from({ length: shards }, () => new ShardTruth())
    this.#verdict = verdict
  }

  /** Messages that are somewhere. */
  get left(): number {
    return this.shards.reduce((sum, { messages }) => sum + messages.size, 0)
  }

  wasSent(token: string): boolean {
    return this.#sent.has(token)
  }

  /** A record has come to count. */
  counted(shard: number, event: Event): void {
    this.counts.set(event.kind, (this.counts.get(event.kind) ?? 0) + 1)
    const wrong = this.#fold(shard, this.shards[shard]!, event)
    this.#verdict.hold(wrong === undefined, () => `${event.kind} at shard ${shard}: ${wrong}`)
  }

  /** What is wrong with it, if anything is. */
  #fold(shard: number, truth: ShardTruth, event: Event): string | undefined {
    const { messages } = truth
    switch (event.kind) {
      case 'opened':
        truth.salt = new Int32Array(event.salt.slice().buffer)
        return undefined
      case 'queueDefined': {
        const { id, name, fifo } = event.definition
        truth.queues.set(id, { name, fifo })
        return undefined
      }
      case 'queueDeleted':
        this.#vacate(truth, event.queueId)
        truth.queues.delete(event.queueId)
        return undefined
      case 'queuePurged':
        this.#vacate(truth, event.queueId)
        return undefined
      case 'sent': {
        const token = tokenIn(Buffer.from(event.content))
        this.#sent.add(token)
        if (messages.has(event.seq)) return 'its number is in use'
        const messageId = messageIdOf(event.seq, truth.salt)
        const { queueId, at: sentAt } = event
        messages.set(event.seq, { token, messageId, queueId, sentAt, receiveCount: 0, away: undefined })
        return undefined
      }
      case 'received': {
        const message = inQueue(truth, event.seq)
        if (message === undefined) return 'the message is in no queue'
        message.receiveCount += 1
        this.received.add(`${shard}:${event.seq}:${message.receiveCount}`)
        return undefined
      }
      case 'receiveUndone':
      case 'visibilityChanged': {
        const message = inQueue(truth, event.seq)
        if (message === undefined) return 'the message is in no queue'
        if (event.kind === 'receiveUndone') message.receiveCount -= 1
        return undefined
      }
      case 'deleted':
        if (inQueue(truth, event.seq) === undefined) return 'the message is in no queue'
        messages.delete(event.seq)
        return undefined
      case 'relocated':
        return messages.has(event.seq) ? undefined : 'there is no such message any more'
      case 'moveTaskChanged':
      case 'expired':
        return undefined
      case 'departing':
        return this.#depart(shard, truth, event)
      case 'arrived':
        if (event.number > 0) return this.#arrive(truth, event)
        return messages.has(event.seq) ? undefined : 'there is no such message any more'
      case 'departed':
      case 'returned':
        return this.#conclude(shard, truth, event)
      case 'arrivalsKnown':
        return truth.arrived.get(truth.queues.get(event.queueId)!.name) === event.number
          ? undefined
          : `${event.number} is not the last that came`
      case 'arrivalsTold': {
        const { queue, from, arrived, refused } = event
        if (queue !== undefined && (truth.arrived.get(queue) ?? 0) !== arrived)
          return 'another one was the last that came'
        const has = this.#crossings.get(`${from}:${refused}`)?.has
        return refused > 0 && has !== 'left' && has !== 'come back'
          ? 'what it refuses has arrived'
          : undefined
      }
      default:
        return 'nobody does that here'
    }
  }

  #vacate({ messages }: ShardTruth, queueId: number): void {
    for (const [seq, message] of messages) {
      if (message.queueId === queueId && message.away === undefined) messages.delete(seq)
    }
  }

  #depart(shard: number, { messages }: ShardTruth, event: Departing): string | undefined {
    const { seq, number, target, redrive } = event
    const message = messages.get(seq)
    if (message === undefined) return 'there is no such message'
    if (message.away !== undefined) return message.away === number ? undefined : 'it is away already'
    const key = `${shard}:${number}`
    if (this.#crossings.has(key)) return `the number ${number} was used before`
    message.away = number
    const { token, messageId, sentAt, receiveCount } = message
    this.#crossings.set(key, { token, target, redrive, messageId, sentAt, receiveCount, has: 'left' })
    return undefined
  }

  #arrive(truth: ShardTruth, event: Arrived): string | undefined {
    const { seq, from, number, queueId, content } = event
    const crossing = this.#crossings.get(`${from}:${number}`)
    if (crossing === undefined) return `nothing has left under the number ${number}`
    if (crossing.has !== 'left') return `${crossing.token} arrives, though it has ${crossing.has}`
    const { name, fifo } = truth.queues.get(queueId)!
    if (name !== crossing.target) return `it was meant for ${crossing.target}`
    if (number <= (truth.arrived.get(name) ?? 0)) return 'a later one came before it'
    if (tokenIn(Buffer.from(content)) !== crossing.token) return 'it is another message'
    if (!isAsItWas(crossing, event, fifo)) return 'it is not as it was'
    crossing.has = 'arrived'
    truth.arrived.set(name, number)
    const messageId = event.messageId ?? messageIdOf(seq, truth.salt)
    const { token } = crossing
    const { sentAt, receiveCount } = event
    truth.messages.set(seq, { token, messageId, queueId, sentAt, receiveCount, away: undefined })
    return undefined
  }

  #conclude(shard: number, { messages, queues }: ShardTruth, event: Departed | Returned): string | undefined {
    const message = messages.get(event.seq)
    const crossing = this.#crossings.get(`${shard}:${message?.away}`)
    if (message === undefined || crossing === undefined) return 'it is not away'
    if (event.kind === 'departed') {
      if (crossing.has !== 'arrived') return `${crossing.token} is let go of, though it has ${crossing.has}`
      crossing.has = 'been let go'
      messages.delete(event.seq)
      return undefined
    }
    if (crossing.has !== 'left') return `${crossing.token} comes back, though it has ${crossing.has}`
    crossing.has = 'come back'
    message.away = undefined
    if (!queues.has(message.queueId)) messages.delete(event.seq)
    return undefined
  }
}

function inQueue({ messages }: ShardTruth, seq: number): Living | undefined {
  const message = messages.get(seq)
  return message?.away === undefined ? message : undefined
}

/** A dead letter keeps its identity and its history; a redriven message is a new one. */
function isAsItWas(crossing: Crossing, event: Arrived, fifo: boolean): boolean {
  if (crossing.redrive) return event.messageId === undefined && event.receiveCount === 0
  return (
    event.messageId === crossing.messageId &&
    event.receiveCount === crossing.receiveCount &&
    event.sentAt === (fifo ? event.at : crossing.sentAt)
  )
}
