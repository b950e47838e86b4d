/**
 * A queue as a test speaks of it: short verbs over the client, with what the test does not care about filled in.
 * On a FIFO queue a body's first character is its group (`a1`, `a2`, `b1`) and every send has a fresh deduplication id,
 * unless the test says otherwise.
 */

import type { Message, MessageSystemAttributeName, QueueAttributeName } from '@aws-sdk/client-sqs'
import type { Input, Output, Sqs } from './client.ts'
import { beginPoll, type Poll } from './poll.ts'

export type SendOptions = Omit<Input<'SendMessage'>, 'QueueUrl' | 'MessageBody'>
export type ReceiveOptions = Omit<Input<'ReceiveMessage'>, 'QueueUrl' | 'MaxNumberOfMessages'>

export interface Counts {
  readonly visible: number
  readonly inFlight: number
  readonly delayed: number
}

let sends = 0

export class TestQueue {
  readonly url: string
  readonly name: string
  readonly sqs: Sqs
  readonly isFifo: boolean

  constructor(sqs: Sqs, url: string) {
    this.sqs = sqs
    this.url = url
    this.name = url.slice(url.lastIndexOf('/') + 1)
    this.isFifo = this.name.endsWith('.fifo')
  }

  send(body: string, options: SendOptions = {}): Promise<Output<'SendMessage'>> {
    const fifo = this.isFifo
      ? { MessageGroupId: body.charAt(0), MessageDeduplicationId: `send-${++sends}` }
      : {}
    return this.sqs.call('SendMessage', { QueueUrl: this.url, MessageBody: body, ...fifo, ...options })
  }

  /** `sendEach('a1 b1 a2')`: one after the other, so that their order is known. */
  async sendEach(bodies: string): Promise<Output<'SendMessage'>[]> {
    const outputs: Output<'SendMessage'>[] = []
    for (const body of bodies.split(' ')) outputs.push(await this.send(body))
    return outputs
  }

  async receive(max = 1, options: ReceiveOptions = {}): Promise<Message[]> {
    const input = { QueueUrl: this.url, MaxNumberOfMessages: max, ...options }
    return (await this.sqs.call('ReceiveMessage', input)).Messages ?? []
  }

  /** The one message that must be there. */
  async receiveOne(options: ReceiveOptions = {}): Promise<Message> {
    const [message] = await this.receive(1, options)
    if (message === undefined) throw new Error(`nothing to receive from ${this.name}`)
    return message
  }

  /** `'a1 a2 b1'`, or `''` where nothing came. */
  async bodies(max = 10, options: ReceiveOptions = {}): Promise<string> {
    return bodiesOf(await this.receive(max, options))
  }

  /** Receives until nothing comes: what a standard queue holds, in whatever number of answers. */
  async drain(options: ReceiveOptions = {}): Promise<Message[]> {
    const all: Message[] = []
    for (;;) {
      const some = await this.receive(10, options)
      if (some.length === 0) return all
      all.push(...some)
    }
  }

  /** A receive that the server has begun to wait with. */
  poll(waitSeconds: number | undefined, max = 10, options: ReceiveOptions = {}): Promise<Poll<Message[]>> {
    const wait = waitSeconds === undefined ? {} : { WaitTimeSeconds: waitSeconds }
    return beginPoll(
      () => this.receive(max, { ...wait, ...options }),
      () => this.hear(),
    )
  }

  /** A round trip that changes nothing. */
  hear(): Promise<unknown> {
    return this.sqs.call('GetQueueAttributes', { QueueUrl: this.url })
  }

  delete(message: Message): Promise<unknown> {
    return this.deleteBy(message.ReceiptHandle)
  }

  deleteBy(ReceiptHandle: string | undefined): Promise<unknown> {
    return this.sqs.call('DeleteMessage', { QueueUrl: this.url, ReceiptHandle })
  }

  async deleteAll(messages: readonly Message[]): Promise<void> {
    for (const message of messages) await this.delete(message)
  }

  hide(message: Message, VisibilityTimeout: number): Promise<unknown> {
    const { ReceiptHandle } = message
    return this.sqs.call('ChangeMessageVisibility', { QueueUrl: this.url, ReceiptHandle, VisibilityTimeout })
  }

  async attributes(...names: string[]): Promise<Record<string, string>> {
    const AttributeNames = names as QueueAttributeName[]
    const output = await this.sqs.call('GetQueueAttributes', { QueueUrl: this.url, AttributeNames })
    return (output.Attributes ?? {}) as Record<string, string>
  }

  async attribute(name: string): Promise<string | undefined> {
    return (await this.attributes(name))[name]
  }

  set(Attributes: Readonly<Record<string, string>>): Promise<unknown> {
    return this.sqs.call('SetQueueAttributes', { QueueUrl: this.url, Attributes })
  }

  async arn(): Promise<string> {
    return (await this.attribute('QueueArn')) ?? ''
  }

  async counts(): Promise<Counts> {
    const all = await this.attributes('All')
    return {
      visible: Number(all.ApproximateNumberOfMessages),
      inFlight: Number(all.ApproximateNumberOfMessagesNotVisible),
      delayed: Number(all.ApproximateNumberOfMessagesDelayed),
    }
  }
}

export function bodiesOf(messages: readonly Message[]): string {
  return messages.map((message) => message.Body).join(' ')
}

/** `'a1 b1'` in alphabetical order, for queues that promise none. */
export function sorted(bodies: string): string {
  return bodies.split(' ').sort().join(' ')
}

export const EVERY_SYSTEM_ATTRIBUTE: { MessageSystemAttributeNames: MessageSystemAttributeName[] } = {
  MessageSystemAttributeNames: ['All'],
}
