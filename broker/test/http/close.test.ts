/** Stopping the server. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { lines } from './corpus.ts'
import { echo, ourServer } from './echo.ts'
import { RawClient } from './raw-client.ts'
import { text, WaitingHandler } from './waiting.ts'

const GET = lines('GET / HTTP/1.1', 'Host: a', '', '')

describe('A server that closes', () => {
  it('lets idle clients go at once', async () => {
    const server = await ourServer(echo, { clock: manualClock() })
    await using fresh = await RawClient.open(server.port)
    await using used = await RawClient.open(server.port)
    used.send(GET)
    await used.answer()
    await server.close(1000)
    await Promise.all([fresh.closed(), used.closed()])
  })

  it('finishes what is under way, and says that it was the last', async () => {
    const waiting = new WaitingHandler()
    const server = await ourServer(waiting.handler, { clock: manualClock() })
    await using client = await RawClient.open(server.port)
    client.send(GET)
    const { answer } = await waiting.next()
    const closed = server.close(1000)
    answer(text('hello'))
    const received = await client.answer()
    assert.equal(received?.body, 'hello')
    assert.match(received.head, /Connection: close/)
    client.socket.end()
    await closed
  })

  it('waits no longer than its grace', async () => {
    const clock = manualClock()
    const waiting = new WaitingHandler()
    const server = await ourServer(waiting.handler, { clock })
    await using client = await RawClient.open(server.port)
    client.send(GET)
    const { request } = await waiting.next()
    const closed = server.close(1000)
    await clock.advance(1000)
    await closed
    assert.equal(request.signal.aborted, true)
    await client.closed()
  })

  it('takes no further connection', async () => {
    const server = await ourServer(echo)
    const { port } = server
    await server.close(0)
    const [error] = await once(connect({ port, host: '127.0.0.1' }), 'error')
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED')
  })
})
