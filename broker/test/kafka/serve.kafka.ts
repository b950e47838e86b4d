/** `pabal serve --log kafka://…`, as processes, on a real Kafka. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Program } from '../cli/program.ts'
import { newTopicName, realKafka } from './real-kafka.ts'

const kafka = await realKafka()

/** A broker on the topic, listening. */
async function serve(topic: string): Promise<Serving> {
  const log = `${kafka.url}/${topic}`
  const program = Program.run(['serve', '--port', '0', '--log', log, '--queue', 'orders'])
  try {
    return new Serving(program, await program.listens())
  } catch (error) {
    await program[Symbol.asyncDispose]()
    throw error
  }
}

class Serving implements AsyncDisposable {
  readonly program: Program
  readonly url: string

  constructor(program: Program, url: string) {
    this.program = program
    this.url = url
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program[Symbol.asyncDispose]()
  }
}

async function sqs(url: string, action: string, input: object): Promise<Record<string, unknown>> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'X-Amz-Target': `AmazonSQS.${action}`, 'Content-Type': 'application/x-amz-json-1.0' },
    body: JSON.stringify({ QueueUrl: `${url}/000000000000/orders`, ...input }),
  })
  return { status: reply.status, ...((await reply.json()) as Record<string, unknown>) }
}

async function send(url: string, body: string): Promise<number> {
  return Number((await sqs(url, 'SendMessage', { MessageBody: body }))['status'])
}

/** As an SDK does: again after a 503. */
async function sendUntilTaken(url: string, body: string): Promise<void> {
  while ((await send(url, body)) !== 200);
}

async function receive(url: string): Promise<readonly string[]> {
  const bodies: string[] = []
  for (;;) {
    const input = { MaxNumberOfMessages: 10, VisibilityTimeout: 600 }
    const { Messages = [] } = (await sqs(url, 'ReceiveMessage', input)) as { Messages?: { Body: string }[] }
    if (Messages.length === 0) return bodies
    bodies.push(...Messages.map((message) => message.Body))
  }
}

describe('pabal serve --log kafka://…', () => {
  it('keeps every acknowledged message when it is killed, and says where they are', async () => {
    const topic = newTopicName()
    await using serving = await serve(topic)
    const { program, url } = serving
    match(program.stdout, new RegExp(`Data is kept in the topic ${topic} of Kafka at 127\\.0\\.0\\.1:`))
    const bodies = Array.from({ length: 20 }, (_, index) => `message ${index}`)
    for (const body of bodies) equal(await send(url, body), 200)
    await program.stop('SIGKILL')
    await using again = await serve(topic)
    deepEqual(await receive(again.url), bodies)
    deepEqual(await again.program.stop(), { code: 0, signal: null })
  })

  it('is joined by a second one: each answers for both, and the one that stays has everything', async () => {
    const topic = newTopicName()
    await using first = await serve(topic)
    await using second = await serve(topic)
    await sendUntilTaken(first.url, 'through the first')
    await sendUntilTaken(second.url, 'through the second')
    deepEqual(await first.program.stop(), { code: 0, signal: null })
    await sendUntilTaken(second.url, 'when it had gone')
    deepEqual(await receive(second.url), ['through the first', 'through the second', 'when it had gone'])
    deepEqual(await second.program.stop(), { code: 0, signal: null })
  })

  it('does not open a door to the network without a secret', async () => {
    const flags = ['--log', `${kafka.url}/${newTopicName()}`, '--peer-host', '10.0.0.1']
    await using program = Program.run(['serve', '--port', '0', ...flags])
    equal((await program.ended).code, 78)
    match(
      program.stderr,
      /^pabal: The other brokers shall reach this one at 10\.0\.0\.1: that needs a cluster-secret/,
    )
  })

  it('does not open one by where it listens either', async () => {
    const flags = ['--log', `${kafka.url}/${newTopicName()}`, '--peer-listen', '0.0.0.0:9400']
    await using program = Program.run(['serve', '--port', '0', ...flags])
    equal((await program.ended).code, 78)
    match(program.stderr, /at 0\.0\.0\.0: that needs a cluster-secret/)
  })

  it('does not start where there is no Kafka, and says so', async () => {
    await using program = Program.run(['serve', '--port', '0', '--log', 'kafka://127.0.0.1:1/orders'])
    equal((await program.ended).code, 1)
    match(
      program.stderr,
      /^pabal: The log in the topic orders of Kafka at 127\.0\.0\.1:1 cannot be opened: .*ECONNREFUSED/,
    )
  })
})
