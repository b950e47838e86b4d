/**
 * Sends at a steady rate while long polls wait, and tells how long each message was under way. The body carries the
 * number of the message, so sender and receiver share one clock: that of this process.
 */

import type { Round } from '../measure/contestant.ts'
import type { Client } from './client.ts'
import { type Connection, openConnection } from './connection.ts'
import { RequestWriter } from './request.ts'

const POLLS = 4
const SENDERS = 8
const NUMBER_DIGITS = 9
const BODY_BYTES = 200

export async function connect(settings: {
  readonly port: number
  readonly perSecond: number
}): Promise<Client> {
  const open = (): Promise<Connection> => openConnection(settings.port)
  const senders = await Promise.all(Array.from({ length: SENDERS }, open))
  const pollers = await Promise.all(Array.from({ length: POLLS }, open))
  const writer = new RequestWriter(settings.port)
  const created = await senders[0]!.exchange(writer.request('CreateQueue', '{"QueueName":"latency"}'))
  const { QueueUrl } = JSON.parse(created.toString()) as { readonly QueueUrl: string }
  const sentAt: number[] = []
  const delays: number[] = []
  let closing = false

  const poll = async (connection: Connection): Promise<void> => {
    const request = writer.request(
      'ReceiveMessage',
      `{"QueueUrl":"${QueueUrl}","MaxNumberOfMessages":1,"WaitTimeSeconds":20}`,
    )
    while (!closing) {
      const answer = (await connection.exchange(request)).toString('latin1')
      const receivedAt = performance.now()
      const number = /"Body":"n(\d+) /.exec(answer)?.[1]
      if (number === undefined) continue
      delays.push(receivedAt - sentAt[Number(number)]!)
      const handle = /"ReceiptHandle":"([^"]+)"/.exec(answer)![1]
      await connection.exchange(
        writer.request('DeleteMessage', `{"QueueUrl":"${QueueUrl}","ReceiptHandle":"${handle}"}`),
      )
    }
  }
  for (const poller of pollers) {
    poll(poller).catch((error: unknown) => {
      if (!closing) throw error
    })
  }

  const send = async (connection: Connection): Promise<void> => {
    const number = String(sentAt.length).padStart(NUMBER_DIGITS, '0')
    const body = `n${number} `.padEnd(BODY_BYTES, 'x')
    const request = writer.request('SendMessage', `{"QueueUrl":"${QueueUrl}","MessageBody":"${body}"}`)
    sentAt.push(performance.now())
    await connection.exchange(request)
  }

  /** Every send on its own time, however long the one before it takes; a sender that is busy is passed over. */
  const round = async (_load: string, ms: number): Promise<Round> => {
    const idle = [...senders]
    const underWay: Promise<void>[] = []
    delays.length = 0
    const startedAt = performance.now()
    let sent = 0
    while (performance.now() - startedAt < ms) {
      const sender =
        performance.now() - startedAt >= (sent * 1000) / settings.perSecond ? idle.pop() : undefined
      if (sender === undefined) await pause()
      else {
        sent += 1
        underWay.push(send(sender).then(() => void idle.push(sender)))
      }
    }
    await Promise.all(underWay)
    while (delays.length < sent) await pause()
    return { operations: sent, seconds: (performance.now() - startedAt) / 1000, samples: [...delays] }
  }
  return {
    round,
    close: () => {
      closing = true
      for (const connection of [...senders, ...pollers]) connection.close()
      return Promise.resolve()
    },
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}
