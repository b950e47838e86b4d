/**
 * Real SDK clients under load: producers and consumers on a standard and on a FIFO queue. They work in rounds: a
 * round lasts as long as the broker's life does, and ends when each has its answer or has lost its connection. What
 * they learn goes into the ledger, and nothing is tried twice behind its back: the SDK's retries are off.
 */

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SendMessageBatchResultEntry,
  SendMessageCommand,
  SQSClient,
  type SQSServiceException,
} from '@aws-sdk/client-sqs'
import type { Dice } from '../../sim/dice.ts'
import type { Interval, Ledger, Line } from './ledger.ts'

export const STANDARD = 'crash'
export const FIFO = 'crash.fifo'
const GROUPS = 4
/** Producers pause above it, so that every message is soon somebody's. */
const BACKLOG_MAX = 600
/** Mostly small; now and then so large that a kill tears the block it is in. */
const BODY_BYTES = [20, 20, 20, 200, 200, 2000, 2000, 20_000, 90_000]
const SEND_BATCH_BYTES_MAX = 900_000

/** A message group and its one producer. */
interface Group {
  readonly name: string
  next: number
  /** Sent, and not known to be there yet: sent again with the same deduplication ids. */
  pending: Line[]
}

/** One life of the broker, as clients see it. */
export class Round {
  readonly client: SQSClient
  over = false

  constructor(url: string) {
    this.client = sqsClient(url)
  }

  end(): void {
    this.over = true
  }
}

export function sqsClient(endpoint: string): SQSClient {
  return new SQSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
}

export class Clients {
  readonly ledger: Ledger
  readonly #dice: Dice
  readonly #groups: readonly Group[]
  #nextId = 1

  constructor(ledger: Ledger, dice: Dice) {
    this.ledger = ledger
    this.#dice = dice
    this.#groups = Array.from({ length: GROUPS }, (_, index) => ({ name: `g${index}`, next: 1, pending: [] }))
  }

  async createQueues(client: SQSClient): Promise<void> {
    await client.send(new CreateQueueCommand({ QueueName: STANDARD, Attributes: { VisibilityTimeout: '2' } }))
    const Attributes = { FifoQueue: 'true', VisibilityTimeout: '2' }
    await client.send(new CreateQueueCommand({ QueueName: FIFO, Attributes }))
  }

  /** Everybody works until the round is over. */
  async work(round: Round): Promise<void> {
    await Promise.all([
      ...Array.from({ length: 3 }, () => this.#whileUp(round, () => this.#send(round))),
      ...this.#groups.map((group) => this.#whileUp(round, () => this.#sendInOrder(round, group))),
      ...Array.from({ length: 3 }, () => this.#whileUp(round, () => this.#consume(round, STANDARD))),
      ...Array.from({ length: 2 }, () => this.#whileUp(round, () => this.#consume(round, FIFO))),
    ])
  }

  /** What must be there, by its counts: nothing may be under way. */
  async checkCounts(client: SQSClient): Promise<void> {
    for (const queue of [STANDARD, FIFO]) this.ledger.checkCount(queue, await countOf(client, queue))
  }

  /** Receives and deletes until nothing is left, however long leases take to end. */
  async drain(client: SQSClient): Promise<void> {
    const round = { client, over: false }
    for (const group of this.#groups) while (group.pending.length > 0) await this.#sendPending(round, group)
    for (const queue of [STANDARD, FIFO]) await this.#drainQueue(client, queue)
  }

  async #drainQueue(client: SQSClient, queue: string): Promise<void> {
    const giveUpAt = Date.now() + 30_000
    while ((await countOf(client, queue)) > 0) {
      if (Date.now() > giveUpAt) {
        this.ledger.violations.push(`${queue}: ${await countOf(client, queue)} messages cannot be received`)
        return
      }
      const { lines, handles, at } = await this.#receive(client, queue, 30, 1)
      if (lines.length > 0) await this.#deleteAll(client, queue, lines, handles, at)
    }
    this.ledger.emptied(queue)
  }

  /** A connection that breaks ends nothing but this try; an answer that is no answer of SQS is a violation. */
  async #whileUp(round: Round, act: () => Promise<void>): Promise<void> {
    while (!round.over) {
      try {
        await act()
      } catch (error) {
        if (!isLost(error)) this.ledger.violations.push(`an answer that no client expects: ${String(error)}`)
        await pause(2)
      }
    }
  }

  async #send({ client }: Round): Promise<void> {
    if (this.ledger.live(STANDARD).size > BACKLOG_MAX) return pause(5)
    const single = this.#dice.chance(0.5)
    const delaySeconds = this.#dice.chance(0.1) ? 1 : 0
    const lines = this.#attempts(STANDARD, single ? 1 : this.#dice.between(2, 10), undefined, delaySeconds)
    if (single) return this.#sendOne(client, lines[0]!, delaySeconds)
    const Entries = lines.map(({ id, body }) => ({ Id: id, MessageBody: body, DelaySeconds: delaySeconds }))
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: STANDARD, Entries }))
    this.#acknowledge(lines, answer.Successful ?? [])
  }

  async #sendOne(client: SQSClient, line: Line, DelaySeconds: number): Promise<void> {
    const input = { QueueUrl: STANDARD, MessageBody: line.body, DelaySeconds }
    const answer = await client.send(new SendMessageCommand(input))
    this.ledger.acknowledge(line, answer.MessageId ?? '')
  }

  /** A group's messages one batch after the other: the next only when it is known that the last one is there. */
  async #sendInOrder(round: Round, group: Group): Promise<void> {
    if (group.pending.length === 0) {
      if (this.ledger.live(FIFO).size > BACKLOG_MAX) return pause(5)
      group.pending = this.#attempts(FIFO, this.#dice.between(1, 5), group, 0)
    }
    await this.#sendPending(round, group)
  }

  async #sendPending({ client }: Pick<Round, 'client'>, group: Group): Promise<void> {
    const Entries = group.pending.map(({ id, body }) => ({
      Id: id,
      MessageBody: body,
      MessageGroupId: group.name,
      MessageDeduplicationId: id,
    }))
    const answer = await client.send(new SendMessageBatchCommand({ QueueUrl: FIFO, Entries }))
    this.#acknowledge(group.pending, answer.Successful ?? [])
    group.pending = []
  }

  async #consume({ client }: Round, queue: string): Promise<void> {
    const visibilitySeconds = this.#dice.between(1, 4)
    const { lines, handles, at } = await this.#receive(client, queue, visibilitySeconds, 1)
    if (lines.length === 0) return
    const luck = this.#dice.next()
    // Forgotten: it comes back when its lease ends.
    if (luck < 0.05) return
    if (luck < 0.15) return this.#extend(client, queue, lines[0]!, handles[0]!, at)
    if (luck < 0.25) return this.#deleteOne(client, queue, lines[0]!, handles[0]!, at)
    await this.#deleteAll(client, queue, lines, handles, at)
  }

  async #receive(
    client: SQSClient,
    queue: string,
    visibilitySeconds: number,
    WaitTimeSeconds: number,
  ): Promise<{ lines: Line[]; handles: string[]; at: Interval }> {
    const from = Date.now()
    const VisibilityTimeout = visibilitySeconds
    const input = { QueueUrl: queue, MaxNumberOfMessages: 10, VisibilityTimeout, WaitTimeSeconds }
    const { Messages = [] } = await client.send(new ReceiveMessageCommand(input))
    const at = { from, to: Date.now() }
    const lines = this.ledger.receive(queue, Messages.map(gotFrom), at, visibilitySeconds * 1000)
    return { lines, handles: Messages.map(({ ReceiptHandle = '' }) => ReceiptHandle), at }
  }

  async #deleteOne(
    client: SQSClient,
    queue: string,
    line: Line,
    handle: string,
    at: Interval,
  ): Promise<void> {
    this.ledger.askDelete(line)
    await client.send(new DeleteMessageCommand({ QueueUrl: queue, ReceiptHandle: handle }))
    this.ledger.acknowledgeDelete(line, at, Date.now())
  }

  async #deleteAll(
    client: SQSClient,
    queue: string,
    lines: readonly Line[],
    handles: readonly string[],
    at: Interval,
  ): Promise<void> {
    for (const line of lines) this.ledger.askDelete(line)
    const Entries = lines.map(({ id }, index) => ({ Id: id, ReceiptHandle: handles[index] }))
    const answer = await client.send(new DeleteMessageBatchCommand({ QueueUrl: queue, Entries }))
    const done = new Set((answer.Successful ?? []).map(({ Id }) => Id))
    const nowAt = Date.now()
    for (const line of lines) if (done.has(line.id)) this.ledger.acknowledgeDelete(line, at, nowAt)
  }

  async #extend(client: SQSClient, queue: string, line: Line, handle: string, at: Interval): Promise<void> {
    const seconds = this.#dice.between(0, 3)
    const from = Date.now()
    const leasedUntil = line.leasedUntil
    this.ledger.askVisibility(line, from + seconds * 1000)
    const input = { QueueUrl: queue, ReceiptHandle: handle, VisibilityTimeout: seconds }
    await client.send(new ChangeMessageVisibilityCommand(input))
    const sure = line.received === at && Date.now() < leasedUntil
    if (sure) line.leasedUntil = from + seconds * 1000
  }

  #attempts(queue: string, count: number, group: Group | undefined, delaySeconds: number): Line[] {
    const delayedUntil = Date.now() + delaySeconds * 1000
    const sizes = Array.from({ length: count }, () => this.#dice.pick(BODY_BYTES))
    const fitting = sizes.filter((_, index) => sum(sizes.slice(0, index + 1)) < SEND_BATCH_BYTES_MAX)
    return fitting.map((bytes) => {
      const id = `m${this.#nextId++}`
      const number = group === undefined ? 0 : group.next++
      const body = `${id}|${id.repeat(Math.ceil(bytes / id.length))}`
      return this.ledger.attempt({ id, body, queue, group: group?.name, number, delayedUntil })
    })
  }

  #acknowledge(lines: readonly Line[], done: readonly SendMessageBatchResultEntry[]): void {
    for (const { Id, MessageId = '' } of done) {
      const line = lines.find(({ id }) => id === Id)
      if (line !== undefined) this.ledger.acknowledge(line, MessageId)
    }
  }
}

export async function countOf(client: SQSClient, queue: string): Promise<number> {
  const command = new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['All'] })
  const { Attributes = {} } = await client.send(command)
  const names = ['', 'NotVisible', 'Delayed'].map((suffix) => `ApproximateNumberOfMessages${suffix}`)
  return sum(names.map((name) => Number((Attributes as Record<string, string>)[name])))
}

function gotFrom({ Body = '', MessageId = '' }: Message): { body: string; messageId: string } {
  return { body: Body, messageId: MessageId }
}

/** No answer, or one that says that whether it was done is not known. */
function isLost(error: unknown): boolean {
  const { $metadata, $fault } = error as Partial<SQSServiceException>
  if ($metadata?.httpStatusCode !== undefined) return $metadata.httpStatusCode === 503
  return (
    $fault === undefined &&
    error instanceof Error &&
    LOST.test(`${error.name} ${(error as NodeJS.ErrnoException).code} ${error.message}`)
  )
}

const LOST = /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|TimeoutError|AbortError/

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
