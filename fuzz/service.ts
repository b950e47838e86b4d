/**
 * The SQS handler on a real broker in memory with two queues in it, always the same at its beginning, so that an input
 * does the same every time it is the first. Asks it, and judges the answer: one of SQS, with a request id, and nothing
 * of the inside in it.
 */

import { type Broker, openBroker } from '../broker/src/broker.ts'
import type { HttpHandler, HttpRequest, HttpResponse } from '../broker/src/http/exchange.ts'
import type { Logger } from '../broker/src/runtime/logger.ts'
import { manualClock } from '../broker/src/runtime/manual-clock.ts'
import { sqsHandler } from '../broker/src/sqs/service.ts'
import { Dice } from '../sim/dice.ts'
import { must } from './target.ts'

/** State grows with what is asked: after so many requests there is a new broker. */
const REQUESTS_MAX = 2000
const START_AT = 1_700_000_000_000
/** As in a stack: "at file:///…/x.ts:1:2", or a name of ours. */
const INSIDE = /\bat .*\.[jt]s:\d|node:internal|TypeError|RangeError|ReferenceError/

export class Service {
  #broker: Broker | undefined
  #handler: HttpHandler | undefined
  #requests = 0
  /** What it has logged as an error of ours. */
  readonly #failures: string[] = []

  async handle(request: HttpRequest): Promise<HttpResponse> {
    if (this.#handler === undefined || ++this.#requests > REQUESTS_MAX) await this.#renew()
    return this.#handler!(request)
  }

  async ask(request: Omit<HttpRequest, 'signal'>): Promise<string> {
    const abort = new AbortController()
    const answering = this.handle({ ...request, signal: abort.signal })
    // Its client leaves after a while: nobody waits for a message of his.
    setImmediate(() => setImmediate(() => abort.abort()))
    const response = await answering
    const text = Buffer.from(response.body as string).toString()
    const { status, headers = [] } = response
    this.mustBeSilent(text)
    must(status === 200 || (status >= 400 && status < 500), `answered with ${status}: ${text}`)
    must(
      headers.some(([name]) => name === 'x-amzn-RequestId') || text.includes('<RequestId>'),
      'no request id',
    )
    this.mustBeSilent(text)
    return text
  }

  mustBeSilent(text: string): void {
    must(!INSIDE.test(text), `tells of the inside: ${text}`)
    must(this.#failures.length === 0, `failed inside: ${this.#failures.join(', ')}`)
  }

  async close(): Promise<void> {
    await this.#broker?.close()
  }

  get log(): Logger {
    const failed = (event: string, fields: object = {}): void => {
      const { error } = fields as { error?: Error }
      this.#failures.push(`${event}: ${error?.stack ?? ''}`)
    }
    return { debug: () => {}, info: () => {}, warn: failed, error: failed }
  }

  async #renew(): Promise<void> {
    await this.#broker?.close()
    this.#requests = 0
    const { log } = this
    const random = new Dice(1).random()
    const broker = await openBroker({
      storage: 'memory',
      clock: manualClock(START_AT),
      random,
      log,
      awsWaits: false,
    })
    this.#broker = broker
    const settings = { account: '000000000000', region: 'us-east-1' }
    this.#handler = sqsHandler({ submit: broker.submit, settings, random, log })
    await broker.submit({ kind: 'createQueue', name: 'orders', attributes: {}, tags: {} })
    await broker.submit({
      kind: 'createQueue',
      name: 'orders.fifo',
      attributes: { FifoQueue: 'true' },
      tags: {},
    })
    for (const body of ['1', '2', '3']) await this.#handler(sending(body))
  }
}

function sending(MessageBody: string): HttpRequest {
  const header = (name: string): string | undefined =>
    name === 'x-amz-target' ? 'AmazonSQS.SendMessage' : undefined
  const body = Buffer.from(JSON.stringify({ QueueUrl: 'orders', MessageBody }))
  return { method: 'POST', target: '/', header, body, signal: new AbortController().signal }
}
