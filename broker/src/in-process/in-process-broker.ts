/**
 * The broker inside a Node process: the same queues, rules and log as behind the port, without the port. Every
 * call goes through the same SQS actions as a request over HTTP, so that both ways refuse the same mistakes.
 * Promises reject with an {@link SqsError}; a send that resolves is on the disk.
 */

import type { Broker } from '../broker.ts'
import type { Random } from '../runtime/random.ts'
import type { ActionName, Draft, Input, Output, ReceiveMessageInput, TextMap } from '../sqs/api.ts'
import type { Context } from '../sqs/context.ts'
import { perform } from '../sqs/perform.ts'
import {
  messageFields,
  type OutgoingMessage,
  type ReceivedMessage,
  receivedMessage,
  type SendOptions,
  type SentMessage,
} from './message.ts'

export interface ReceiveOptions {
  /** 1–10; absent: 1. */
  readonly max?: number
  /** 0–20: how long to wait for a message; absent: the queue's ReceiveMessageWaitTimeSeconds. */
  readonly waitSeconds?: number
  /** 0–43200: how long it stays hidden from others; absent: the queue's VisibilityTimeout. */
  readonly visibilitySeconds?: number
  /** Ends the wait; nothing is taken then. */
  readonly signal?: AbortSignal
}

export interface QueueOptions {
  /** SQS queue attributes, such as `{ VisibilityTimeout: 60, RedrivePolicy: {…} }`: JSON where an object is given. */
  readonly attributes?: Readonly<Record<string, string | number | boolean | object>>
  readonly tags?: TextMap
}

/** What became of one message of a batch. */
export type BatchResult = { readonly sent: SentMessage } | { readonly code: string; readonly error: string }

export class InProcessBroker implements AsyncDisposable {
  readonly #broker: Broker
  readonly #context: Context

  constructor(broker: Broker, random: Random, region: string, account: string) {
    this.#broker = broker
    this.#context = {
      submit: broker.submit,
      random,
      caller: { accessKeyId: undefined, region, account },
      baseUrl: 'pabal:/',
      signal: undefined,
      traceHeader: undefined,
    }
  }

  /**
   * Makes a queue, or finds the one that is there with the same attributes. A name in `.fifo` makes a FIFO queue.
   * Rejects with QueueNameExists where one with other attributes is there.
   */
  async createQueue(queue: string, options: QueueOptions = {}): Promise<void> {
    const fifo = queue.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
    const input = { QueueName: queue, Attributes: { ...fifo, ...attributeTexts(options.attributes) } }
    await this.sqs('CreateQueue', options.tags === undefined ? input : { ...input, tags: options.tags })
  }

  async deleteQueue(queue: string): Promise<void> {
    await this.sqs('DeleteQueue', { QueueUrl: queue })
  }

  /** Deletes every message, those in flight and those delayed included. */
  async purgeQueue(queue: string): Promise<void> {
    await this.sqs('PurgeQueue', { QueueUrl: queue })
  }

  /** Names of queues, all of them or those with a prefix. */
  async listQueues(prefix = ''): Promise<readonly string[]> {
    const { QueueUrls = [] } = await this.sqs('ListQueues', { QueueNamePrefix: prefix })
    return QueueUrls.map((url) => url.slice(url.lastIndexOf('/') + 1))
  }

  /** Every attribute as text, the three counts (`ApproximateNumberOfMessages` …) included: they are exact here. */
  async attributes(queue: string): Promise<TextMap> {
    const { Attributes = {} } = await this.sqs('GetQueueAttributes', {
      QueueUrl: queue,
      AttributeNames: ['All'],
    })
    return Attributes
  }

  async setAttributes(queue: string, attributes: NonNullable<QueueOptions['attributes']>): Promise<void> {
    await this.sqs('SetQueueAttributes', { QueueUrl: queue, Attributes: attributeTexts(attributes) })
  }

  /** Resolves when the message is durable. */
  async send(queue: string, body: string, options: SendOptions = {}): Promise<SentMessage> {
    const sent = await this.sqs('SendMessage', { QueueUrl: queue, ...messageFields({ ...options, body }) })
    return { messageId: sent.MessageId, sequenceNumber: sent.SequenceNumber }
  }

  /** One to ten messages; each succeeds or fails by itself, results in the same order. */
  async sendBatch(queue: string, messages: readonly OutgoingMessage[]): Promise<readonly BatchResult[]> {
    const entries = messages.map((message, index) => ({ Id: String(index), ...messageFields(message) }))
    const { Successful = [], Failed = [] } = await this.sqs('SendMessageBatch', {
      QueueUrl: queue,
      Entries: entries,
    })
    const results: BatchResult[] = []
    for (const entry of Successful) {
      results[Number(entry.Id)] = {
        sent: { messageId: entry.MessageId, sequenceNumber: entry.SequenceNumber },
      }
    }
    for (const { Id, Code, Message } of Failed) results[Number(Id)] = { code: Code, error: Message }
    return results
  }

  /** Messages, or an empty list where none came in time. */
  async receive(queue: string, options: ReceiveOptions = {}): Promise<readonly ReceivedMessage[]> {
    const input: Draft<ReceiveMessageInput> = {
      QueueUrl: queue,
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    }
    if (options.max !== undefined) input.MaxNumberOfMessages = options.max
    if (options.waitSeconds !== undefined) input.WaitTimeSeconds = options.waitSeconds
    if (options.visibilitySeconds !== undefined) input.VisibilityTimeout = options.visibilitySeconds
    const context =
      options.signal === undefined ? this.#context : { ...this.#context, signal: options.signal }
    const { Messages = [] } = await perform('ReceiveMessage', context, input)
    return Messages.map(receivedMessage)
  }

  /** The work is done: the message will not come again. */
  async delete(queue: string, message: Pick<ReceivedMessage, 'receiptHandle'>): Promise<void> {
    await this.sqs('DeleteMessage', { QueueUrl: queue, ReceiptHandle: message.receiptHandle })
  }

  /** Hides a received message for so long from now; 0 makes it visible at once. */
  async changeVisibility(
    queue: string,
    message: Pick<ReceivedMessage, 'receiptHandle'>,
    visibilitySeconds: number,
  ): Promise<void> {
    await this.sqs('ChangeMessageVisibility', {
      QueueUrl: queue,
      ReceiptHandle: message.receiptHandle,
      VisibilityTimeout: visibilitySeconds,
    })
  }

  /**
   * Any SQS action by its name, with the input and the output of the SQS API: tags, permissions, dead-letter
   * sources, move tasks and whatever has no method here. `QueueUrl` may be a bare name.
   */
  sqs<Action extends ActionName>(action: Action, input: Input<Action>): Promise<Output<Action>> {
    return perform(action, this.#context, input)
  }

  /** Answers waiting receives, makes everything durable and gives the directory free. */
  async close(): Promise<void> {
    await this.#broker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function attributeTexts(attributes: QueueOptions['attributes'] = {}): TextMap {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      typeof value === 'object' ? JSON.stringify(value) : String(value),
    ]),
  )
}
