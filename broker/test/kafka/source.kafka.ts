/** Queues that are fed from topics of a real Kafka, by brokers that are killed meanwhile. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Admin, Producer } from '@platformatic/kafka'
import { Program } from '../cli/program.ts'
import { kafkaClient, newTopicName, realKafka } from './real-kafka.ts'

const kafka = await realKafka()
const bootstrapBrokers = kafka.bootstrap.map(({ host, port }) => `${host}:${port}`)
const admin = new Admin({ clientId: 'test', bootstrapBrokers })
const producer = new Producer({ clientId: 'test', bootstrapBrokers })
const client = await kafkaClient()
after(() => Promise.all([admin.close(), producer.close()]))

const PARTITIONS = 3
const RECORDS = 900
const ROUND = 300

class Broker implements AsyncDisposable {
  readonly program: Program
  readonly url: string

  constructor(program: Program, url: string) {
    this.program = program
    this.url = url
  }

  static async serve(log: string): Promise<Broker> {
    const program = Program.run(['serve', '--port', '0', '--log', `${kafka.url}/${log}`, '--shards', '3'])
    try {
      return new Broker(program, await program.listens())
    } catch (error) {
      await program[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Again after a 503, as an SDK does. */
  async ask(action: string, queue: string, input: object): Promise<Record<string, unknown>> {
    for (;;) {
      const reply = await fetch(this.url, {
        method: 'POST',
        headers: { 'X-Amz-Target': `AmazonSQS.${action}`, 'Content-Type': 'application/x-amz-json-1.0' },
        body: JSON.stringify(
          action === 'CreateQueue' ? input : { QueueUrl: `${this.url}/000000000000/${queue}`, ...input },
        ),
      })
      const answer = (await reply.json()) as Record<string, unknown>
      if (reply.status < 500) return { status: reply.status, ...answer }
    }
  }

  create(queue: string, source: string): Promise<Record<string, unknown>> {
    const Attributes = queue.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
    return this.ask('CreateQueue', queue, { QueueName: queue, Attributes, tags: { 'pabal:source': source } })
  }

  /** So many messages, each deleted. */
  async take(queue: string, count: number): Promise<readonly Message[]> {
    const taken: Message[] = []
    while (taken.length < count) {
      const input = {
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 20,
        MessageAttributeNames: ['All'],
        MessageSystemAttributeNames: ['All'],
      }
      const { Messages = [] } = (await this.ask('ReceiveMessage', queue, input)) as { Messages?: Message[] }
      taken.push(...Messages)
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
      if (Entries.length > 0) await this.ask('DeleteMessageBatch', queue, { Entries })
    }
    return taken
  }

  /** Nothing has come beyond what was taken. */
  async assertEmpty(queue: string): Promise<void> {
    const answer = await this.ask('ReceiveMessage', queue, { WaitTimeSeconds: 1 })
    deepEqual(answer, { status: 200 })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]()
  }
}

interface Message {
  readonly Body: string
  readonly ReceiptHandle: string
  readonly Attributes: Readonly<Record<string, string>>
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>
}

function put(topic: string, from: number, to: number): Promise<unknown> {
  const messages = Array.from({ length: to - from }, (_, index) => ({
    topic,
    key: Buffer.from(`customer-${(from + index) % 10}`),
    value: Buffer.from(`order ${from + index}`),
  }))
  return producer.send({ messages })
}

/** Resolves when the topic can be written to. */
async function make(topic: string, partitions: number): Promise<void> {
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  for (;;) {
    const known = producer.metadata({ topics: [topic], forceUpdate: true })
    const [tried] = await Promise.allSettled([known])
    if (tried.status === 'fulfilled') return
  }
}

/** Where every record of the topic is, as messages say it. */
async function recordsOf(topic: string): Promise<readonly string[]> {
  const ends = await Promise.all(
    Array.from({ length: PARTITIONS }, (_, index) => client.partition(topic, index).offsets()),
  )
  return ends
    .flatMap(({ end }, index) => Array.from({ length: end }, (_, offset) => `${topic}/${index}/${offset}`))
    .sort()
}

function placeOf({ Attributes }: Message): string {
  return Attributes['MessageDeduplicationId'] ?? ''
}

function groupOf({ Attributes }: Message): string | undefined {
  return Attributes['MessageGroupId']
}

function offsetOf(message: Message): number {
  return Number(placeOf(message).split('/').at(-1))
}

function byNumber(a: number, b: number): number {
  return a - b
}

describe('a queue that is fed from a topic of a real Kafka', () => {
  it('has each record once, and each key in its order, when brokers are killed while it is fed', async () => {
    const [log, topic, queue] = [newTopicName(), newTopicName(), 'orders.fifo']
    await make(topic, PARTITIONS)
    await put(topic, 0, ROUND)
    await using first = await Broker.serve(log)
    equal((await first.create(queue, topic))['status'], 200)
    const before = await first.take(queue, ROUND / 3)
    await Promise.all([put(topic, ROUND, 2 * ROUND), first.program.stop('SIGKILL')])
    await using second = await Broker.serve(log)
    const meanwhile = await second.take(queue, ROUND / 3)
    await Promise.all([second.program.stop('SIGKILL'), put(topic, 2 * ROUND, RECORDS)])
    await using third = await Broker.serve(log)
    const records = await recordsOf(topic)
    const rest = await third.take(queue, records.length - before.length - meanwhile.length)
    const taken = [...before, ...meanwhile, ...rest]
    deepEqual(taken.map(placeOf).sort(), records)
    for (const messages of Map.groupBy(taken, groupOf).values()) {
      const offsets = messages.map(offsetOf)
      deepEqual(offsets, offsets.toSorted(byNumber))
    }
    await third.assertEmpty(queue)
    deepEqual(await third.program.stop(), { code: 0, signal: null })
  })

  it('takes records as others write them: compressed, with headers, of transactions that ended well', async () => {
    const [log, topic, queue] = [newTopicName(), newTopicName(), 'orders']
    await make(topic, 1)
    await using broker = await Broker.serve(log)
    await broker.create(queue, `${topic}@earliest`)
    for (const compression of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const headers = new Map([[Buffer.from('trace'), Buffer.from('abc')]])
      await producer.send({ messages: [{ topic, value: Buffer.from(compression), headers }], compression })
    }
    await producer.send({ messages: [{ topic, value: Buffer.from([0xff]) }] })
    const transactional = new Producer({
      clientId: 'transactional',
      bootstrapBrokers,
      transactionalId: topic,
      idempotent: true,
    })
    const given = await transactional.beginTransaction()
    await given.send({ messages: [{ topic, value: Buffer.from('given up') }] })
    await given.abort()
    const kept = await transactional.beginTransaction()
    await kept.send({ messages: [{ topic, value: Buffer.from('kept') }] })
    await kept.commit()
    await transactional.close()
    const messages = await broker.take(queue, 6)
    deepEqual(
      messages.map(({ Body }) => Body),
      ['gzip', 'snappy', 'lz4', 'zstd', '/w==', 'kept'],
    )
    deepEqual(messages[0]!.MessageAttributes?.['trace']?.StringValue, 'abc')
    deepEqual(messages[4]!.MessageAttributes?.['kafka.value']?.StringValue, 'base64')
    await broker.assertEmpty(queue)
  })

  it('goes on with the topic that comes in the place of its own, from the start', async () => {
    const [log, topic, queue] = [newTopicName(), newTopicName(), 'orders']
    await make(topic, 1)
    await using broker = await Broker.serve(log)
    await broker.create(queue, topic)
    await put(topic, 0, 3)
    await broker.take(queue, 3)
    await admin.deleteTopics({ topics: [topic] })
    await make(topic, 1)
    await put(topic, 100, 105)
    const again = await broker.take(queue, 5)
    deepEqual(
      again.map(({ Body }) => Body),
      ['order 100', 'order 101', 'order 102', 'order 103', 'order 104'],
    )
  })

  it('is refused where its topic is not there, or is the log itself', async () => {
    const log = newTopicName()
    await using broker = await Broker.serve(log)
    for (const [topic, reason] of [
      ['nowhere', /^Topic 'nowhere' does not exist in Kafka\.$/],
      [log, /is Pabal's own\.$/],
      [`${log}.members`, /is Pabal's own\.$/],
    ] as const) {
      const { status, message } = await broker.create('orders', topic)
      equal(status, 400)
      match(String(message), reason)
    }
  })
})
