/** The AWS SDK for JavaScript v3 as the client: producers and consumers as in bench/client/loads.ts. */

import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { Client } from './client.ts'
import { countedRound } from './counted.ts'

const IN_FLIGHT = 50
const BODY = 'x'.repeat(200)

export async function connect({ port }: { readonly port: number }): Promise<Client> {
  const sqs = new SQSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: IN_FLIGHT } },
  })
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'sdk' }))
  let done = 0
  let running = false
  const consume = async (): Promise<void> => {
    while (running) {
      const received = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      )
      for (const { ReceiptHandle } of received.Messages ?? []) {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }))
        done += 1
      }
    }
  }
  return {
    round: async (_load, ms) => {
      running = true
      const consumers = Array.from({ length: IN_FLIGHT / 2 }, consume)
      const round = await countedRound({
        ms,
        inFlight: IN_FLIGHT / 2,
        size: 1,
        send: () => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: BODY })),
        done: () => done,
      })
      running = false
      await Promise.all(consumers)
      return round
    },
    close: () => {
      sqs.destroy()
      return Promise.resolve()
    },
  }
}
