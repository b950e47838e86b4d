/**
 * One SQS queue as the light client sees it: requests made beforehand where they can be, and of a received message
 * only its receipt handle, found without parsing JSON.
 */

import type { Connection } from './connection.ts'
import type { RequestWriter } from './request.ts'

const HANDLE = '"ReceiptHandle":'
/** In the answer to a batch when one of its entries failed. */
const FAILED = '"SenderFault"'

export interface QueueShape {
  readonly name: string
  readonly bodyBytes: number
  /** Messages of a batch. */
  readonly batch: number
  /** So many MessageGroupIds take turns; 0: none is sent. */
  readonly groups: number
}

export async function createQueue(
  connection: Connection,
  writer: RequestWriter,
  shape: QueueShape,
): Promise<SqsQueue> {
  const fifo = shape.name.endsWith('.fifo')
  const attributes = fifo ? { FifoQueue: 'true' } : {}
  const answer = await connection.exchange(
    writer.request('CreateQueue', JSON.stringify({ QueueName: shape.name, Attributes: attributes })),
  )
  const { QueueUrl } = JSON.parse(answer.toString()) as { readonly QueueUrl: string }
  return new SqsQueue(writer, QueueUrl, shape, fifo)
}

export class SqsQueue {
  readonly #writer: RequestWriter
  readonly #url: string
  readonly #shape: QueueShape
  /** Messages of a batch. */
  readonly batch: number
  readonly #fifo: boolean
  readonly #body: string
  readonly #poll: string
  readonly #look: string
  #turn = 0

  constructor(writer: RequestWriter, url: string, shape: QueueShape, fifo: boolean) {
    this.#writer = writer
    this.#url = url
    this.#shape = shape
    this.batch = shape.batch
    this.#fifo = fifo
    this.#body = 'x'.repeat(shape.bodyBytes)
    this.#poll = this.#receive(shape.batch, 1)
    this.#look = this.#receive(shape.batch, 0)
  }

  async send(connection: Connection): Promise<void> {
    await connection.exchange(
      this.#writer.request('SendMessage', this.#queue(`"MessageBody":"${this.#body}"${this.#group()}`)),
    )
  }

  async sendBatch(connection: Connection): Promise<void> {
    const entries = Array.from(
      { length: this.batch },
      (_, index) => `{"Id":"${index}","MessageBody":"${this.#body}"${this.#group()}}`,
    )
    await whole(
      connection,
      this.#writer.request('SendMessageBatch', this.#queue(`"Entries":[${entries.join(',')}]`)),
    )
  }

  /** Receipt handles of at most ten messages, or of as many as the shape's batch says; waits a second for the first. */
  async receive(connection: Connection, wait = true): Promise<readonly string[]> {
    const answer = (await connection.exchange(wait ? this.#poll : this.#look)).toString('latin1')
    const handles: string[] = []
    for (let at = answer.indexOf(HANDLE); at >= 0; at = answer.indexOf(HANDLE, at)) {
      const begin = answer.indexOf('"', at + HANDLE.length) + 1
      at = answer.indexOf('"', begin)
      handles.push(answer.slice(begin, at))
    }
    return handles
  }

  async delete(connection: Connection, handle: string): Promise<void> {
    await connection.exchange(
      this.#writer.request('DeleteMessage', this.#queue(`"ReceiptHandle":"${handle}"`)),
    )
  }

  async deleteBatch(connection: Connection, handles: readonly string[]): Promise<void> {
    const entries = handles.map((handle, index) => `{"Id":"${index}","ReceiptHandle":"${handle}"}`)
    await whole(
      connection,
      this.#writer.request('DeleteMessageBatch', this.#queue(`"Entries":[${entries.join(',')}]`)),
    )
  }

  async purge(connection: Connection): Promise<void> {
    await connection.exchange(this.#writer.request('PurgeQueue', this.#queue('')))
  }

  #receive(max: number, waitSeconds: number): string {
    return this.#writer.request(
      'ReceiveMessage',
      this.#queue(`"MaxNumberOfMessages":${max},"WaitTimeSeconds":${waitSeconds}`),
    )
  }

  #queue(rest: string): string {
    return `{"QueueUrl":"${this.#url}"${rest === '' ? '' : ','}${rest}}`
  }

  #group(): string {
    if (this.#shape.groups === 0) return ''
    this.#turn += 1
    const group = `,"MessageGroupId":"g${this.#turn % this.#shape.groups}"`
    // As many digits for every message, so that the heads are the same.
    return this.#fifo
      ? `${group},"MessageDeduplicationId":"${String(this.#turn).padStart(12, '0')}-${process.pid}"`
      : group
  }
}

async function whole(connection: Connection, request: string): Promise<void> {
  const answer = await connection.exchange(request)
  if (answer.includes(FAILED)) throw new Error(`a part of a batch failed: ${answer.toString().slice(0, 500)}`)
}
