/**
 * `kill -9` of the real process under load, again and again on the same storage. PABAL_CRASH_ROUNDS makes more of
 * it; the moments of the kills come from a seed, which a failure prints and PABAL_CRASH_SEED sets.
 */

import { equal } from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { systemRandom } from '../../src/runtime/random.ts'
import { type BrokerProcess, startProcess } from '../sdk/process.ts'
import { Connection } from './connection.ts'
import { Ledger, type SeenMessage } from './ledger.ts'

const ROUNDS = Number(process.env['PABAL_CRASH_ROUNDS'] ?? 4)
const SEED = Number(process.env['PABAL_CRASH_SEED'] ?? Buffer.from(systemRandom.bytes(4)).readUInt32LE())
const GROUPS = ['a', 'b', 'c']
const STANDARD_SENDERS = 4
const CONSUMERS = 2
const RECEIVE = { MaxNumberOfMessages: 10, MessageSystemAttributeNames: ['All'] }

/**
 * As many rounds as PABAL_CRASH_ROUNDS says, each a broker with these flags that is killed under load; then one that is
 * not, from which everything is taken out and compared.
 */
export async function killAgainAndAgain(test: TestContext, flags: readonly string[]): Promise<void> {
  test.diagnostic(`seed ${SEED}`)
  const ledger = new Ledger()
  const numbers = new Map<string, number>()
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      await using broker = await startProcess(...flags)
      await loadUntilKilled(broker, ledger, numbers, 100 + (draw(round) % 900))
    }
    await using broker = await startProcess(...flags)
    ledger.settle([
      ...(await drain(broker, 'orders', ledger)),
      ...(await drain(broker, 'orders.fifo', ledger)),
    ])
    equal(await broker.end('SIGTERM'), 0)
    test.diagnostic(`${ROUNDS} kills: ${ledger.summary}`)
  } catch (error) {
    throw new Error(`with PABAL_CRASH_SEED=${SEED} PABAL_CRASH_ROUNDS=${ROUNDS}`, { cause: error })
  }
}

/** Producers and consumers at work, until the broker dies in the midst of it after so many answers. */
async function loadUntilKilled(
  broker: BrokerProcess,
  ledger: Ledger,
  numbers: Map<string, number>,
  answersMax: number,
): Promise<void> {
  let answers = 0
  let killed: Promise<unknown> | undefined
  const connection = new Connection(broker.url, () => {
    answers += 1
    if (answers === answersMax) killed = broker.end('SIGKILL')
  })
  try {
    await makeQueues(connection)
    // What the last kill left in flight comes back.
    await broker.clock.advance('2m')
    const producers = [...GROUPS, ...Array.from({ length: STANDARD_SENDERS }, (_, index) => `s${index}`)]
    await Promise.all([
      ...producers.map((group) => produce(connection, broker, ledger, numbers, group)),
      ...Array.from({ length: CONSUMERS }, () => consume(connection, broker, ledger, 'orders')),
      consume(connection, broker, ledger, 'orders.fifo'),
    ])
    await killed
  } finally {
    connection.close()
  }
}

async function makeQueues(connection: Connection): Promise<void> {
  await connection.ask('CreateQueue', { QueueName: 'orders', Attributes: { VisibilityTimeout: '60' } })
  const Attributes = { FifoQueue: 'true', ContentBasedDeduplication: 'true', VisibilityTimeout: '60' }
  await connection.ask('CreateQueue', { QueueName: 'orders.fifo', Attributes })
}

/** One message after the other, until the first that is not acknowledged. */
async function produce(
  connection: Connection,
  broker: BrokerProcess,
  ledger: Ledger,
  numbers: Map<string, number>,
  group: string,
): Promise<void> {
  const fifo = GROUPS.includes(group)
  for (;;) {
    const number = numbers.get(group) ?? 0
    numbers.set(group, number + 1)
    const body = `${group}-${number}`
    ledger.sending(body)
    const sent = await connection.ask<{ readonly MessageId: string }>('SendMessage', {
      QueueUrl: `${broker.url}/000000000000/${fifo ? 'orders.fifo' : 'orders'}`,
      MessageBody: body,
      ...(fifo ? { MessageGroupId: group } : {}),
    })
    if (sent === undefined) return
    ledger.sent(body, sent.MessageId)
  }
}

/** Receives and deletes: on a FIFO queue everything, else two of three, so that some stay in flight. */
async function consume(
  connection: Connection,
  broker: BrokerProcess,
  ledger: Ledger,
  queue: string,
): Promise<void> {
  const QueueUrl = `${broker.url}/000000000000/${queue}`
  for (;;) {
    const received = await connection.ask<{ readonly Messages?: readonly SeenMessage[] }>('ReceiveMessage', {
      QueueUrl,
      ...RECEIVE,
    })
    if (received === undefined) {
      ledger.receivesInDoubt += 1
      return
    }
    const messages = received.Messages ?? []
    // All of them before anything is asked again: the broker may die in the midst of what follows.
    for (const message of messages) ledger.received(message)
    for (const [index, message] of messages.entries()) {
      if (queue === 'orders' && index % 3 === 2) continue
      ledger.deleting(message.Body)
      const { ReceiptHandle } = message
      if ((await connection.ask('DeleteMessage', { QueueUrl, ReceiptHandle })) === undefined) return
      ledger.deleted(message.Body)
    }
  }
}

/** Everything that is left, once every lease has ended. */
async function drain(broker: BrokerProcess, queue: string, ledger: Ledger): Promise<readonly string[]> {
  const connection = new Connection(broker.url, () => {})
  const QueueUrl = `${broker.url}/000000000000/${queue}`
  const bodies: string[] = []
  await broker.clock.advance('2m')
  for (;;) {
    const received = await connection.ask<{ readonly Messages?: readonly SeenMessage[] }>('ReceiveMessage', {
      QueueUrl,
      ...RECEIVE,
    })
    const messages = received?.Messages ?? []
    for (const message of messages) ledger.received(message)
    bodies.push(...messages.map(({ Body }) => Body))
    if (messages.length === 0) break
    const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }))
    await connection.ask('DeleteMessageBatch', { QueueUrl, Entries })
  }
  connection.close()
  return bodies
}

/** The same for the same seed and round. */
function draw(round: number): number {
  let mixed = Math.imul(SEED ^ Math.imul(round + 1, 0x9e37_79b1), 0x85eb_ca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2_ae35)
  return (mixed ^ (mixed >>> 13)) >>> 0
}
