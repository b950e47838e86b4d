/** Brokers ask each other: over one connection, many at once, and nobody else may. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { assert, integer, property, uint8Array } from 'fast-check'
import { type AskShard, PartMissing, SpreadDiffers } from '../../src/cluster/ask-shard.ts'
import { encodeFrame, FRAME_BYTES_MAX, FrameReader } from '../../src/cluster/frame.ts'
import { NotHere } from '../../src/cluster/not-here.ts'
import { PeerClient } from '../../src/cluster/peer-client.ts'
import { PeerLost } from '../../src/cluster/peer-lost.ts'
import { PeerServer } from '../../src/cluster/peer-server.ts'
import type { Command, Delivered } from '../../src/queue/command.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'
import { type ManualClock, manualClock } from '../../src/runtime/manual-clock.ts'
import { systemRandom } from '../../src/runtime/random.ts'
import { Unavailable } from '../../src/shard/unavailable.ts'
import { until } from './cluster-scene.ts'
import { Network } from './network.ts'

const SECRET = 'a secret of a test'
const TIMEOUT = { timeout: 20_000 }

interface Pair extends AsyncDisposable {
  readonly server: PeerServer
  readonly client: PeerClient
}

async function pair(
  ask: AskShard,
  secret = SECRET,
  heard: (refuses: boolean) => void = () => {},
): Promise<Pair> {
  const common = { clock: systemClock(), random: systemRandom }
  const server = new PeerServer({
    host: '127.0.0.1',
    port: 0,
    secret: SECRET,
    ask,
    log: silentLogger,
    ...common,
  })
  await server.listen()
  const client = new PeerClient({ host: '127.0.0.1', port: server.port, secret, heard, ...common })
  return {
    server,
    client,
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await server.close()
    },
  }
}

/** Answers every command with what the function makes of it. */
function answering(answer: (command: Command, shard: number, signal: AbortSignal) => unknown): AskShard {
  return async (shard, command, _passage, signal) => (await answer(command, shard, signal!)) as never
}

function delivered(body: Uint8Array): Delivered {
  return {
    messageId: 'm',
    seq: 7,
    fifo: false,
    receipt: 'r',
    content: body,
    group: undefined,
    dedupId: undefined,
    sentAt: 1,
    receiveCount: 1,
    firstReceivedAt: 1,
    deadLetterSource: undefined,
  }
}

const describe = { kind: 'describeQueue', queue: 'orders' } as const

test('a command comes as it was, and so does its answer', TIMEOUT, async () => {
  const seen: unknown[] = []
  const results = [
    { messageId: 'id', seq: 12, fifo: true },
    { problem: 'MessageTooLong', bytesMax: 3 },
  ]
  await using peers = await pair(
    answering((command, shard) => {
      seen.push(shard, command)
      return { results }
    }),
  )
  const entries = ['one', '', 'drei'].map((body, index) => ({
    content: Buffer.from(body),
    size: body.length,
    group: `g${index}`,
  }))
  const command = { kind: 'send', queue: 'orders', entries, batch: true } as const
  deepEqual(await peers.client.ask<'send'>(5, command, undefined), { results })
  deepEqual(seen, [5, command])
})

test('a result that is nothing stays nothing', TIMEOUT, async () => {
  const results = [undefined, { problem: 'ReceiptHandleIsInvalid', receipt: 'x' }]
  await using peers = await pair(answering(() => ({ results })))
  const command = { kind: 'delete', queue: 'orders', receipts: ['a', 'x'] } as const
  deepEqual(await peers.client.ask<'delete'>(0, command, undefined), { results })
})

test('ten messages of a megabyte come through', TIMEOUT, async () => {
  const messages = Array.from({ length: 10 }, (_, index) => delivered(Buffer.alloc(1_048_576, index)))
  await using peers = await pair(answering(() => ({ messages })))
  const command = { kind: 'receive', queue: 'orders', max: 10 } as const
  const answer = await peers.client.ask<'receive'>(0, command, undefined)
  ok('messages' in answer)
  for (const [index, { content }] of answer.messages.entries()) {
    equal(content.length, 1_048_576)
    ok(content[0] === index && content.at(-1) === index)
  }
})

test('many are asked at once and answered in any order', TIMEOUT, async () => {
  const waiting: (() => void)[] = []
  await using peers = await pair(
    answering(async (_command, shard) => {
      await new Promise<void>((resolve) => waiting.unshift(resolve))
      return { names: [String(shard)], more: false }
    }),
  )
  const command = { kind: 'listQueues', prefix: '', limit: 1 } as const
  const answers = Array.from({ length: 100 }, (_, shard) =>
    peers.client.ask<'listQueues'>(shard, command, undefined),
  )
  await until(() => waiting.length === 100)
  for (const resolve of waiting) resolve()
  for (const [shard, answer] of (await Promise.all(answers)).entries()) {
    deepEqual(answer, { names: [String(shard)], more: false })
  }
})

test('errors keep what the router needs to know', TIMEOUT, async () => {
  const definition = { id: 1, name: 'q', fifo: false, attributes: {}, tags: {}, createdAt: 1, modifiedAt: 1 }
  const errors = [
    new NotHere('no'),
    new PartMissing('q'),
    new SpreadDiffers(definition),
    new Unavailable('full'),
  ]
  let next = 0
  await using peers = await pair(() => Promise.reject(errors[next++]!))
  for (const expected of errors) {
    const error = await peers.client.ask(0, describe, undefined).catch((reason: unknown) => reason)
    equal((error as Error).constructor, expected.constructor)
    if (error instanceof SpreadDiffers) deepEqual(error.definition, definition)
  }
})

test('what went wrong inside is not told outside', TIMEOUT, async () => {
  await using peers = await pair(() => Promise.reject(new TypeError('x is not a function')))
  const error = await peers.client.ask(0, describe, undefined).catch((reason: unknown) => reason)
  ok(error instanceof Unavailable)
  ok(!error.message.includes('function'))
})

test('who does not know the secret learns nothing and is told nothing', TIMEOUT, async () => {
  let asked = 0
  await using peers = await pair(
    answering(() => {
      asked += 1
      return {}
    }),
    'another secret of a test',
  )
  await rejects(peers.client.ask(0, describe, undefined), NotHere)
  equal(asked, 0)
})

test('who speaks another protocol is sent away', TIMEOUT, async () => {
  await using peers = await pair(answering(() => ({})))
  const socket = connect(peers.server.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await new Promise((resolve) => socket.on('close', resolve))
})

test('a wait that is called off is called off over there', TIMEOUT, async () => {
  await using peers = await pair(
    answering(
      (_command, _shard, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({ messages: [] }))),
    ),
  )
  const leaving = new AbortController()
  const command = { kind: 'receive', queue: 'orders', max: 1, waitSeconds: 20 } as const
  const answer = peers.client.ask<'receive'>(0, command, undefined, leaving.signal)
  leaving.abort()
  deepEqual(await answer, { messages: [] })
})

test('what was taken for somebody who has gone is given back', TIMEOUT, async () => {
  const undone: Command[] = []
  let begun = false
  await using peers = await pair(
    answering(async (command, _shard, signal) => {
      if (command.kind === 'undoReceive') return undone.push(command)
      begun = true
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { messages: [delivered(Buffer.from('x'))] }
    }),
  )
  const command = { kind: 'receive', queue: 'orders', max: 1, waitSeconds: 20 } as const
  const answer = peers.client.ask<'receive'>(0, command, undefined).catch((error: unknown) => error)
  await until(() => begun)
  await peers.client.close()
  ok((await answer) instanceof Unavailable)
  await until(() => undone.length > 0)
  deepEqual(undone, [{ kind: 'undoReceive', queue: 'orders', receipts: ['r'] }])
})

test('frames are the same however the stream is cut', async () => {
  await assert(
    property(uint8Array({ maxLength: 500 }), integer({ min: 1, max: 40 }), (content, cut) => {
      const frames = [1, 2, 3].map((id) => encodeFrame('answer', id, { id, text: 'ü' }, [content]))
      const stream = Buffer.concat(frames)
      const reader = new FrameReader(FRAME_BYTES_MAX)
      const seen: unknown[] = []
      for (let at = 0; at < stream.length; at += cut) {
        for (const { id, json, contents } of reader.push(stream.subarray(at, at + cut))) {
          seen.push([id, json, Buffer.from(contents)])
        }
      }
      deepEqual(
        seen,
        [1, 2, 3].map((id) => [id, { id, text: 'ü' }, Buffer.from(content)]),
      )
    }),
  )
})

test('a broker that goes is missed at once, though nobody asks it anything', TIMEOUT, async () => {
  const heard: boolean[] = []
  await using peers = await pair(
    answering(() => ({ names: [] })),
    SECRET,
    (refuses) => heard.push(refuses),
  )
  await peers.client.ask(0, { kind: 'listQueues', prefix: '', limit: 1 }, undefined)
  deepEqual(heard, [false])
  peers.server.cut()
  await until(() => heard.length === 2)
  deepEqual(heard, [false, true])
})

/** A broker behind a network, and a client whose time is moved by hand. */
async function apart(ask: AskShard): Promise<{
  readonly client: PeerClient
  readonly clock: ManualClock
  readonly network: Network
  readonly close: () => Promise<void>
}> {
  const network = new Network()
  const clock = manualClock()
  const common = { secret: SECRET, random: systemRandom }
  const served = { ...common, host: '127.0.0.1', port: 0, ask, clock: systemClock(), log: silentLogger }
  const server = new PeerServer(served)
  await server.listen()
  const { host, port } = await network.door('server', () => ({ host: '127.0.0.1', port: server.port }))
  const client = new PeerClient({ ...common, host, port, clock })
  const close = async (): Promise<void> => {
    await client.close()
    await network[Symbol.asyncDispose]()
    await server.close()
  }
  return { client, clock, network, close }
}

const LIST = { kind: 'listQueues', prefix: '', limit: 1 } as const

test(
  'a connection that the network has forgotten is given up in seconds, and made anew',
  TIMEOUT,
  async (t) => {
    const { client, clock, network, close } = await apart(answering(() => ({ names: ['a'] })))
    t.after(close)
    await client.ask(0, LIST, undefined)
    network.impose('loss', () => true)
    network.heal()
    const asking = client.ask(0, LIST, undefined)
    const given = rejects(asking, PeerLost)
    await clock.advance(6000)
    await given
    deepEqual(await client.ask(0, LIST, undefined), { names: ['a'] })
  },
)

test('whoever takes long to answer, and is there, is waited for', TIMEOUT, async (t) => {
  let answer: (names: { names: string[] }) => void = () => {}
  const slow = new Promise((resolve) => {
    answer = resolve
  })
  let asked = 0
  const { client, clock, close } = await apart(
    answering(() => {
      asked += 1
      return asked === 1 ? slow : { names: [] }
    }),
  )
  t.after(close)
  const asking = client.ask(0, LIST, undefined)
  await until(() => asked === 1)
  for (let seconds = 0; seconds < 20; seconds += 2) {
    await clock.advance(2000)
    // What was asked for by then has come.
    await client.ask(0, LIST, undefined)
  }
  answer({ names: ['late'] })
  deepEqual(await asking, { names: ['late'] })
})
