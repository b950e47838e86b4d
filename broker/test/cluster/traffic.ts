/**
 * Programs that use a cluster while things happen to it: they send, receive and delete through random brokers, and try
 * again as SDKs do. What they are told goes into a ledger.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { Ledger } from './ledger.ts'

export interface QueuePlan {
  readonly name: string
  readonly fifo: boolean
  /** Over how many shards it is spread. */
  readonly shards: number
}

/** Queues of both kinds, two of them spread: every shard of a cluster has some. */
export const PLANS: readonly QueuePlan[] = [
  ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, fifo: false, shards: 1 })),
  ...['a', 'b', 'c'].map((name) => ({ name: `${name}.fifo`, fifo: true, shards: 1 })),
  { name: 'wide', fifo: false, shards: 6 },
  { name: 'wide.fifo', fifo: true, shards: 6 },
]

const GROUPS = 4
const VISIBILITY_SECONDS = 12
const AGAIN_MS = 50
const REQUEST_MS = 15_000
const PAUSE_MS = 10

interface Message {
  readonly Body: string
  readonly ReceiptHandle: string
}

interface Answered {
  readonly answer: unknown
  /** When it was asked for, the last time. */
  readonly askedAt: number
}

/** What a program sees of a server that it should try again. */
export class TryAgain extends Error {}

export class Traffic {
  readonly ledger = new Ledger(VISIBILITY_SECONDS * 1000)
  readonly #urls: () => readonly string[]
  readonly #plans: readonly QueuePlan[]
  #stopped = false
  #drained = false
  /** The longest that a request took, with all its repetitions, since it was last asked. */
  #slowestMs = 0
  #failures = 0

  /** `urls`: the brokers that a program would be led to now. */
  constructor(urls: () => readonly string[], plans: readonly QueuePlan[]) {
    this.#urls = urls
    this.#plans = plans
  }

  async createQueues(): Promise<void> {
    for (const { name, fifo, shards } of this.#plans) {
      const Attributes = fifo
        ? { FifoQueue: 'true', ContentBasedDeduplication: 'true', DeduplicationScope: 'messageGroup' }
        : {}
      await this.#call('CreateQueue', {
        QueueName: name,
        Attributes,
        ...(shards > 1 ? { tags: { 'pabal:shards': String(shards) } } : {}),
      })
    }
  }

  /** Sends and receives until `during` is over, then receives until nothing is missing. */
  async run(during: () => Promise<void>): Promise<void> {
    const senders = this.#plans.map((plan) => this.#send(plan))
    const consumers = this.#plans.flatMap((plan) => [this.#consume(plan), this.#consume(plan)])
    try {
      await during()
    } finally {
      this.#stopped = true
    }
    await Promise.all(senders)
    const until = Date.now() + 4 * VISIBILITY_SECONDS * 1000
    while (this.ledger.missing().length > 0 && Date.now() < until) await sleep(AGAIN_MS)
    this.#drained = true
    await Promise.all(consumers)
  }

  /** Since the last time it was asked: the longest request, and how often one had to be repeated. */
  takeSlowest(): { readonly slowestMs: number; readonly failures: number } {
    const taken = { slowestMs: this.#slowestMs, failures: this.#failures }
    this.#slowestMs = 0
    this.#failures = 0
    return taken
  }

  async #send({ name, fifo }: QueuePlan): Promise<void> {
    for (let number = 0; !this.#stopped; number += 1) {
      const body = `${name}#${number}`
      const group = fifo ? `g${number % GROUPS}` : undefined
      this.ledger.sending(name, body, group)
      const MessageGroupId = group === undefined ? {} : { MessageGroupId: group }
      await this.#call('SendMessage', { ...this.#queue(name), MessageBody: body, ...MessageGroupId }, () =>
        this.ledger.sendingAgain(name, body),
      )
      this.ledger.sent(name, body)
      await sleep(PAUSE_MS)
    }
  }

  async #consume({ name }: QueuePlan): Promise<void> {
    while (!this.#drained) {
      const input = { MaxNumberOfMessages: 10, VisibilityTimeout: VISIBILITY_SECONDS, WaitTimeSeconds: 1 }
      const { answer, askedAt } = await this.#call('ReceiveMessage', { ...this.#queue(name), ...input })
      const { Messages = [] } = answer as { readonly Messages?: readonly Message[] }
      const bodies = Messages.map(({ Body }) => Body)
      this.ledger.received(name, bodies, askedAt, Date.now())
      for (const { Body, ReceiptHandle } of Messages) await this.#delete(name, Body, ReceiptHandle)
    }
  }

  async #delete(queue: string, body: string, ReceiptHandle: string): Promise<void> {
    this.ledger.deleting(queue, body)
    try {
      await this.#call('DeleteMessage', { ...this.#queue(queue), ReceiptHandle })
      this.ledger.deleted(queue, body, Date.now())
    } catch (error) {
      // A FIFO queue says when a handle is too old: it had taken that long to try.
      if (error instanceof Error && /expired/.test(error.message)) return
      throw error
    }
  }

  #queue(name: string): { readonly QueueUrl: string } {
    return { QueueUrl: `http://queues/000000000000/${name}` }
  }

  async #call(action: string, input: object, again: () => void = () => {}): Promise<Answered> {
    const begunAt = Date.now()
    for (;;) {
      const askedAt = Date.now()
      try {
        const answer = await callOnce(this.#anyUrl(), action, input)
        if (action !== 'ReceiveMessage') this.#slowestMs = Math.max(this.#slowestMs, Date.now() - begunAt)
        return { answer, askedAt }
      } catch (error) {
        if (!(error instanceof TryAgain)) throw error
        this.#failures += 1
        again()
        await sleep(AGAIN_MS)
      }
    }
  }

  #anyUrl(): string {
    const urls = this.#urls()
    return urls[Math.floor(Math.random() * urls.length)]!
  }
}

/** Rejects with TryAgain where nothing is known of it, with another error where it was refused. */
export async function callOnce(url: string, action: string, input: object): Promise<unknown> {
  let reply: Response
  let answer: { readonly message?: string }
  try {
    reply = await fetch(url, {
      method: 'POST',
      signal: AbortSignal.timeout(REQUEST_MS),
      headers: { 'X-Amz-Target': `AmazonSQS.${action}`, 'Content-Type': 'application/x-amz-json-1.0' },
      body: JSON.stringify(input),
    })
    answer = (await reply.json()) as { readonly message?: string }
  } catch (cause) {
    throw new TryAgain('no answer', { cause })
  }
  if (reply.status >= 500) throw new TryAgain(answer.message)
  if (reply.status !== 200) throw new Error(`${action}: ${answer.message}`)
  return answer
}
