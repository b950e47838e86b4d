/** Messages that a shard takes to another one: what happens when that one answers late, never, or will not have them. */

import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { memoryLog, memoryStore } from '../../src/log/memory-log.ts'
import type { Answers, ArriveCommand } from '../../src/queue/command.ts'
import type { Problem } from '../../src/queue/problem.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { openShard, type Shard } from '../../src/shard/shard.ts'
import { BEGIN_AT, good, rest } from '../support/shard-scene.ts'

type Arrive = (command: ArriveCommand) => Promise<Answers['arrive'] | Problem>

const ARN = 'arn:aws:sqs:us-east-1:000000000000:dead'
const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: ARN, maxReceiveCount: 1 })
const elsewhere = { name: 'dead', fifo: false, redriveAllowPolicy: undefined }
const arrived: Arrive = async ({ travellers }) => ({ upTo: travellers.at(-1)!.number, refused: undefined })

interface Scene extends AsyncDisposable {
  readonly shard: Shard
  readonly clock: ManualClock
  /** The bodies of each batch that was sent over. */
  readonly batches: readonly (readonly string[])[]
  /** What is answered from now on. */
  answer: Arrive
}

/** A shard with a queue whose dead-letter queue is on another one. */
async function open(): Promise<Scene> {
  const clock = manualClock(BEGIN_AT)
  const store = memoryStore()
  const batches: string[][] = []
  let answer = arrived
  const shard = await openShard({
    openLog: async () => memoryLog({ store }),
    clock,
    random: systemRandom,
    log: silentLogger,
    endOfTurn: (run) => setImmediate(run),
    awsWaits: false,
    others: {
      number: 3,
      elsewhere: (queue) => queue === 'dead',
      arrive: (command) => {
        equal(command.from, 3)
        batches.push(command.travellers.map(({ content }) => Buffer.from(content).toString()))
        return answer(command)
      },
    },
  })
  const attributes = { RedrivePolicy, VisibilityTimeout: '0' }
  good(await shard.submit({ kind: 'createQueue', name: 'q', attributes, tags: {}, elsewhere }))
  return {
    shard,
    clock,
    batches,
    set answer(next: Arrive) {
      answer = next
    },
    [Symbol.asyncDispose]: () => shard.close(),
  }
}

async function send(shard: Shard, ...bodies: readonly string[]): Promise<void> {
  const entries = bodies.map((body) => ({ content: Buffer.from(body), size: body.length }))
  good(await shard.submit({ kind: 'send', queue: 'q', entries, batch: true }))
}

async function receive(shard: Shard): Promise<readonly string[]> {
  const { messages } = good(await shard.submit({ kind: 'receive', queue: 'q', max: 10 }))
  return messages.map(({ content }) => Buffer.from(content).toString())
}

/** Received once, and set aside when they would be received again. */
async function exhaust({ shard }: Scene): Promise<void> {
  await receive(shard)
  await receive(shard)
}

async function visible(shard: Shard): Promise<number> {
  return good(await shard.submit({ kind: 'describeQueue', queue: 'q' })).visible
}

test('they are sent over in their order, and then gone', async () => {
  await using scene = await open()
  await send(scene.shard, '1', '2', '3')
  await exhaust(scene)
  await scene.shard.departuresSettled()
  deepEqual(scene.batches, [['1', '2', '3']])
  equal(scene.shard.state!.messages.size, 0)
})

test('without an answer they are sent again, and nobody can receive them meanwhile', async () => {
  await using scene = await open()
  scene.answer = () => Promise.reject(new Error('nobody there'))
  await send(scene.shard, '1')
  await exhaust(scene)
  await rest()
  deepEqual(await receive(scene.shard), [])
  scene.answer = arrived
  await scene.clock.advance('1s')
  await rest()
  deepEqual(scene.batches, [['1'], ['1']])
  equal(scene.shard.state!.messages.size, 0)
})

test('one batch waits for the answer to the one before', async () => {
  await using scene = await open()
  let release = (): void => {}
  scene.answer = async (command) => {
    await new Promise<void>((resolve) => {
      release = resolve
    })
    return arrived(command)
  }
  await send(scene.shard, '1')
  await exhaust(scene)
  await send(scene.shard, '2')
  await exhaust(scene)
  await rest()
  deepEqual(scene.batches, [['1']])
  scene.answer = arrived
  release()
  await rest()
  deepEqual(scene.batches, [['1'], ['2']])
})

test('what is refused comes back and is delivered, and is tried again after a minute', async () => {
  await using scene = await open()
  scene.answer = async () => ({ problem: 'QueueDoesNotExist' })
  await send(scene.shard, '1')
  await exhaust(scene)
  await scene.shard.departuresSettled()
  await rest()
  equal(await visible(scene.shard), 1)
  deepEqual(await receive(scene.shard), ['1'])
  equal(scene.batches.length, 1)
  scene.answer = arrived
  await scene.clock.advance('61s')
  await receive(scene.shard)
  await scene.shard.departuresSettled()
  deepEqual(scene.batches, [['1'], ['1']])
  equal(await visible(scene.shard), 0)
})

test('those before the one that is refused are gone, those behind it go on', async () => {
  await using scene = await open()
  scene.answer = async ({ travellers }) => {
    scene.answer = arrived
    return { upTo: travellers[0]!.number, refused: { problem: 'UnsupportedOperation', text: 'no' } }
  }
  await send(scene.shard, '1', '2', '3')
  await exhaust(scene)
  await scene.shard.departuresSettled()
  await rest()
  deepEqual(scene.batches, [['1', '2', '3'], ['3']])
  equal(await visible(scene.shard), 1)
})

test('whoever waits for them waits a second and no longer', async () => {
  await using scene = await open()
  scene.answer = () => new Promise(() => {})
  await send(scene.shard, '1')
  await exhaust(scene)
  let settled = false
  const waiting = scene.shard.departuresSettled().then(() => {
    settled = true
  })
  await rest()
  equal(settled, false)
  await scene.clock.advance('1s')
  await waiting
})

test('a shard that closes does not wait for an answer, and its log sends them again', async () => {
  const scene = await open()
  scene.answer = () => new Promise(() => {})
  await send(scene.shard, '1')
  await exhaust(scene)
  await rest()
  await scene.shard.close()
  equal(scene.batches.length, 1)
})
