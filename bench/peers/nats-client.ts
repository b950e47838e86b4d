/** JetStream's part of a round: published with an acknowledgement each, consumed and acknowledged one by one. */

import type { Client } from '../client/client.ts'
import { countedRound } from '../client/counted.ts'
import { load } from './cache.ts'

interface Message {
  ack(): void
}
interface Consumer {
  consume(options: {
    readonly max_messages: number
    readonly callback: (message: Message) => void
  }): Promise<unknown>
}
interface JetStream {
  publish(subject: string, data: Uint8Array): Promise<unknown>
  readonly consumers: { get(stream: string, consumer: string): Promise<Consumer> }
}
interface Manager {
  readonly streams: { add(config: object): Promise<unknown> }
  readonly consumers: { add(stream: string, config: object): Promise<unknown> }
}
interface Connection {
  jetstream(): JetStream
  jetstreamManager(): Promise<Manager>
  close(): Promise<void>
}
interface Nats {
  connect(options: object): Promise<Connection>
}

const IN_FLIGHT = 50
const BATCH = 10
const BODY = new Uint8Array(200).fill(120)

export async function connect({
  packages,
  port,
}: {
  readonly packages: string
  readonly port: number
}): Promise<Client> {
  const { connect: open } = load<Nats>(packages, 'nats')
  const connection = await open({ servers: `127.0.0.1:${port}` })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'bench', subjects: ['bench'], retention: 'workqueue', storage: 'file' })
  await manager.consumers.add('bench', {
    durable_name: 'bench',
    ack_policy: 'explicit',
    max_ack_pending: 5000,
  })
  const stream = connection.jetstream()
  const consumer = await stream.consumers.get('bench', 'bench')
  let done = 0
  await consumer.consume({
    max_messages: IN_FLIGHT * BATCH,
    callback: (message) => {
      message.ack()
      done += 1
    },
  })
  const send = (): Promise<unknown> => stream.publish('bench', BODY)
  const sendTen = (): Promise<unknown> => Promise.all(Array.from({ length: BATCH }, send))
  return {
    round: (name, ms) => {
      const size = name === 'batches' ? BATCH : 1
      return countedRound({
        ms,
        inFlight: IN_FLIGHT,
        size,
        send: size > 1 ? sendTen : send,
        done: () => done,
      })
    },
    close: () => connection.close(),
  }
}
