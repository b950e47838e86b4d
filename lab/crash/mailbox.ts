/**
 * One client on one queue, one request after the other, who knows for each of its messages whether it must be there:
 * for scenes where what goes wrong is the machine and not the moment.
 */

import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs'
import { statusOf } from './scene.ts'

export class Mailbox {
  readonly queue: string
  /** Bodies that were acknowledged and not deleted. */
  readonly kept = new Set<string>()
  readonly deleted = new Set<string>()
  #uncertain = new Set<string>()
  #next = 1

  constructor(queue: string) {
    this.queue = queue
  }

  /** The status of the answer; 0 where there was none. */
  async send(client: SQSClient, bytes: number): Promise<number> {
    const id = `${this.#next++}|`
    const body = id.padEnd(bytes, 'x')
    const fifo = this.queue.endsWith('.fifo') ? { MessageGroupId: 'g', MessageDeduplicationId: id } : {}
    const input = { QueueUrl: this.queue, MessageBody: body, ...fifo }
    const status = await statusOf(client.send(new SendMessageCommand(input)))
    if (status === 200) this.kept.add(body)
    else if (status === 0 || status >= 500) this.#uncertain.add(body)
    return status
  }

  async receive(client: SQSClient, VisibilityTimeout: number, max = 10): Promise<Message[]> {
    const input = { QueueUrl: this.queue, MaxNumberOfMessages: max, VisibilityTimeout }
    const { Messages = [] } = await client.send(new ReceiveMessageCommand(input))
    return Messages
  }

  async delete(client: SQSClient, { Body = '', ReceiptHandle }: Message): Promise<number> {
    const status = await statusOf(
      client.send(new DeleteMessageCommand({ QueueUrl: this.queue, ReceiptHandle })),
    )
    if (status === 200) {
      this.kept.delete(Body)
      this.deleted.add(Body)
    }
    return status
  }

  /** Takes everything out, and says what is missing, back, or unknown. */
  async empty(client: SQSClient): Promise<string[]> {
    const violations: string[] = []
    for (let idle = 0; idle < 3; ) {
      const messages = await this.receive(client, 60)
      idle = messages.length === 0 ? idle + 1 : 0
      for (const message of messages) {
        const body = message.Body ?? ''
        if (this.deleted.has(body)) violations.push(`${this.queue}: ${name(body)} was deleted and is back`)
        else if (!this.kept.has(body) && !this.#uncertain.has(body))
          violations.push(`${this.queue}: ${name(body)} is there and nobody sent it`)
        await this.delete(client, message)
      }
    }
    for (const body of this.kept) violations.push(`${this.queue}: ${name(body)} was acknowledged and is lost`)
    return violations
  }
}

function name(body: string): string {
  return body.slice(0, body.indexOf('|'))
}
