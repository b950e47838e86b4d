/**
 * RabbitMQ's part of a round through amqplib: publishing with confirms, consuming with a prefetch, one ack a message;
 * or ten messages published together and one ack for ten.
 */

import type { Client } from '../client/client.ts'
import { countedRound } from '../client/counted.ts'
import { load } from './cache.ts'

interface Message {
  readonly fields: object
}
interface Channel {
  assertQueue(name: string, options: object): Promise<unknown>
  prefetch(count: number): Promise<unknown>
  consume(name: string, deliver: (message: Message | null) => void): Promise<unknown>
  ack(message: Message, upTo: boolean): void
  sendToQueue(name: string, content: Buffer, options: object, done: (error: unknown) => void): boolean
}
interface Connection {
  createChannel(): Promise<Channel>
  createConfirmChannel(): Promise<Channel>
  close(): Promise<void>
}
interface AmqpLib {
  connect(url: string): Promise<Connection>
}

const QUEUE = 'bench'
const IN_FLIGHT = 50
const BATCH = 10
const PREFETCH = IN_FLIGHT * BATCH
const BODY = Buffer.alloc(200, 'x')

export async function connect({
  packages,
  port,
}: {
  readonly packages: string
  readonly port: number
}): Promise<Client> {
  const { connect: open } = load<AmqpLib>(packages, 'amqplib')
  const url = `amqp://guest:guest@127.0.0.1:${port}`
  const [sending, receiving] = [await open(url), await open(url)]
  const publisher = await sending.createConfirmChannel()
  const consumer = await receiving.createChannel()
  await publisher.assertQueue(QUEUE, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
  await consumer.prefetch(PREFETCH)
  let done = 0
  let ackedEvery = 1
  await consumer.consume(QUEUE, (message) => {
    if (message === null) throw new Error('the queue was deleted')
    done += 1
    if (done % ackedEvery === 0) consumer.ack(message, ackedEvery > 1)
  })
  const send = (): Promise<void> =>
    new Promise((resolve, reject) => {
      publisher.sendToQueue(QUEUE, BODY, { persistent: true }, (error) => (error ? reject(error) : resolve()))
    })
  const sendTen = (): Promise<unknown> => Promise.all(Array.from({ length: BATCH }, send))
  return {
    round: (name, ms) => {
      const size = name === 'batches' ? BATCH : 1
      ackedEvery = size
      return countedRound({
        ms,
        inFlight: IN_FLIGHT,
        size,
        send: size > 1 ? sendTen : send,
        done: () => done,
      })
    },
    close: async () => {
      await sending.close()
      await receiving.close()
    },
  }
}
