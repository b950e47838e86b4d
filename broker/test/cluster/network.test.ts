/** The network that fault runs are made with fails as it is told to, and only there. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Network } from './network.ts'

const TIMEOUT = { timeout: 10_000 }
const ME = '127.0.0.1'
const SOMEBODY_ELSE = '127.0.1.7'

/** A server that says back what it hears, behind a door. */
async function echo(t: { after(run: () => void): void }): Promise<{
  readonly network: Network
  readonly dial: (from?: string) => Promise<Socket>
}> {
  const network = new Network()
  const server = createServer((socket) => socket.on('error', () => {}).pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { readonly port: number }
  const door = await network.door('echo', () => ({ host: '127.0.0.1', port }))
  t.after(() => {
    server.close()
    void network[Symbol.asyncDispose]()
  })
  const dial = async (localAddress = ME): Promise<Socket> => {
    const socket = connect({ ...door, localAddress })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    return socket
  }
  return { network, dial }
}

async function said(socket: Socket, text: string): Promise<string> {
  socket.write(text)
  const [heard] = (await once(socket, 'data')) as [Buffer]
  return heard.toString()
}

test('what is sound passes everything, ends too', TIMEOUT, async (t) => {
  const { dial } = await echo(t)
  const socket = await dial()
  equal(await said(socket, 'hello'), 'hello')
  socket.end('bye')
  deepEqual((await socket.toArray()).map(String), ['bye'])
})

test('a cut resets what is there and what comes, of those it is meant for', TIMEOUT, async (t) => {
  const { network, dial } = await echo(t)
  const [mine, theirs] = [await dial(), await dial(SOMEBODY_ELSE)]
  equal(await said(mine, 'a'), 'a')
  equal(await said(theirs, 'b'), 'b')
  network.impose('cut', (from, to) => from === ME && to === 'echo')
  await rejects(once(mine, 'end'), { code: 'ECONNRESET' })
  equal(await said(theirs, 'c'), 'c')
  await rejects(
    dial().then((late) => said(late, 'd')),
    { code: 'ECONNRESET' },
  )
  network.heal()
  equal(await said(await dial(), 'e'), 'e')
})

test('silence holds what is sent, also by who connects meanwhile, until it is over', TIMEOUT, async (t) => {
  const { network, dial } = await echo(t)
  const before = await dial()
  equal(await said(before, 'a'), 'a')
  network.impose('silence', () => true)
  const meanwhile = await dial()
  let heard = false
  const answers = [said(before, 'b'), said(meanwhile, 'c')].map(async (answer) => {
    const text = await answer
    heard = true
    return text
  })
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  equal(heard, false)
  network.heal()
  deepEqual(await Promise.all(answers), ['b', 'c'])
})

test('a connection that is lost stays so, and nobody is told; a new one is sound', TIMEOUT, async (t) => {
  const { network, dial } = await echo(t)
  const lost = await dial()
  equal(await said(lost, 'a'), 'a')
  network.impose('loss', () => true)
  network.heal()
  let heard = false
  lost.on('data', () => {
    heard = true
  })
  lost.write('b')
  equal(await said(await dial(), 'c'), 'c')
  equal(heard || lost.destroyed, false)
})

test('a delay is felt in both directions, and changes no order', TIMEOUT, async (t) => {
  const { network, dial } = await echo(t)
  const socket = await dial()
  equal(await said(socket, 'a'), 'a')
  network.impose({ delayMs: 40 }, () => true)
  const begun = performance.now()
  socket.write('b')
  setImmediate(() => socket.end('c'))
  deepEqual((await socket.toArray()).join(''), 'bc')
  ok(performance.now() - begun >= 79)
})
