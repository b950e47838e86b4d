/** Clients that go away while their answer is being made. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { lines } from './corpus.ts'
import { ourServer } from './echo.ts'
import { RawClient } from './raw-client.ts'
import { text, WaitingHandler } from './waiting.ts'

const GET = lines('GET / HTTP/1.1', 'Host: a', '', '')

describe('A client that hangs up', () => {
  for (const [how, hangUp] of Object.entries({
    'closing its side': (client: RawClient) => client.socket.end(),
    'closing the connection': (client: RawClient) => client.socket.destroy(),
    'resetting the connection': (client: RawClient) => client.socket.resetAndDestroy(),
  })) {
    it(`aborts its request's signal, and what was taken for it is given back: ${how}`, async () => {
      const waiting = new WaitingHandler()
      await using server = await ourServer(waiting.handler)
      await using client = await RawClient.open(server.port)
      client.send(GET)
      const { request, answer } = await waiting.next()
      const aborted = once(request.signal, 'abort')
      hangUp(client)
      await aborted
      await new Promise<void>((resolve) => answer(text('too late', resolve)))
      await client.closed()
      assert.equal(client.received, '')
    })
  }

  it('is noticed also when the signal is asked for later', async () => {
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler)
    await using client = await RawClient.open(server.port)
    client.send(GET)
    const { request, answer } = await waiting.next()
    client.socket.resetAndDestroy()
    while (server.connections > 0) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(request.signal.aborted, true)
    answer(text('too late'))
  })

  it('still gets an answer that took nothing, when it only closed its side', async () => {
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler)
    await using client = await RawClient.open(server.port)
    client.send(GET)
    client.socket.end()
    const { request, answer } = await waiting.next()
    if (!request.signal.aborted) await once(request.signal, 'abort')
    answer(text('here'))
    const received = await client.answer()
    assert.equal(received?.body, 'here')
    assert.match(received.head, /Connection: close/)
    await client.closed()
  })

  it('between two requests is simply gone', async () => {
    await using server = await ourServer(async () => text('hello'))
    await using client = await RawClient.open(server.port)
    client.send(GET)
    await client.answer()
    client.socket.end()
    await client.closed()
    assert.equal(client.received, '')
  })

  it('in the middle of a request is simply gone', async () => {
    await using server = await ourServer(async () => text('hello'))
    await using client = await RawClient.open(server.port)
    client.send(GET.slice(0, 20))
    client.socket.end()
    await client.closed()
    assert.equal(client.received, '')
  })

  it('does not disturb the signal of a request that was answered', async () => {
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler)
    await using client = await RawClient.open(server.port)
    client.send(GET)
    const { request, answer } = await waiting.next()
    const { signal } = request
    answer(text('hello', () => assert.fail('it was delivered')))
    assert.equal((await client.answer())?.body, 'hello')
    client.socket.end()
    await client.closed()
    assert.equal(signal.aborted, false)
  })
})
