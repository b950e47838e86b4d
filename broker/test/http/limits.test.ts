/** What happens at the limits of the HTTP edge, with time moved by hand. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HTTP_LIMITS } from '../../src/http/limits.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { lines, post } from './corpus.ts'
import { echo, ourServer } from './echo.ts'
import { RawClient } from './raw-client.ts'
import { text, WaitingHandler } from './waiting.ts'

const GET = lines('GET / HTTP/1.1', 'Host: a', '', '')

/** What was sent is in the server's hands once a second client, sent for later, has its answer. */
async function arrived(port: number): Promise<void> {
  await using client = await RawClient.open(port)
  client.send(GET)
  await client.answer()
}

describe('The HTTP limits', () => {
  it('end a half-sent head after its time with 408, and not before', async () => {
    const clock = manualClock()
    await using server = await ourServer(echo, { clock })
    await using client = await RawClient.open(server.port)
    await client.sent('GET / HTTP/1.1\r\nHost:')
    await arrived(server.port)
    await clock.advance(HTTP_LIMITS.headMsMax - 1)
    assert.equal(client.received, '')
    await clock.advance(HTTP_LIMITS.sweepMs)
    assert.equal((await client.answer())?.status, 408)
    await client.closed()
  })

  it('give no more time to a head that comes byte by byte', async () => {
    const clock = manualClock()
    await using server = await ourServer(echo, { clock })
    await using client = await RawClient.open(server.port)
    for (const byte of 'GET / HTTP/1.1') {
      if (client.received !== '') break
      await client.sent(byte)
      await arrived(server.port)
      await clock.advance('1s')
    }
    assert.equal((await client.answer())?.status, 408)
  })

  it('end a half-sent body after its time with 408, and not before', async () => {
    const clock = manualClock()
    await using server = await ourServer(echo, { clock })
    await using client = await RawClient.open(server.port)
    await client.sent(post(['Content-Length: 10'], 'half'))
    await arrived(server.port)
    await clock.advance(HTTP_LIMITS.requestMsMax - 1)
    assert.equal(client.received, '')
    await clock.advance(HTTP_LIMITS.sweepMs)
    assert.equal((await client.answer())?.status, 408)
    await client.closed()
  })

  it('close a connection that is idle for long, without a word', async () => {
    const clock = manualClock()
    await using server = await ourServer(echo, { clock })
    await using client = await RawClient.open(server.port)
    client.send(GET)
    await client.answer()
    await clock.advance(HTTP_LIMITS.idleMsMax - 1)
    client.send(GET)
    assert.equal((await client.answer())?.status, 200)
    await clock.advance(HTTP_LIMITS.idleMsMax + HTTP_LIMITS.sweepMs)
    await client.closed()
    assert.equal(client.received, '')
  })

  it('never end a request that waits for its answer', async () => {
    const clock = manualClock()
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler, { clock })
    await using client = await RawClient.open(server.port)
    client.send(GET)
    const { answer } = await waiting.next()
    await clock.advance('1h')
    answer(text('at last'))
    assert.equal((await client.answer())?.body, 'at last')
  })

  it('drop a client that does not read its answer, and give back what was taken for it', async () => {
    const clock = manualClock()
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler, { clock })
    await using client = await RawClient.open(server.port)
    client.socket.pause()
    client.send(GET)
    const { answer } = await waiting.next()
    const undelivered = new Promise<void>((resolve) => answer(text('x'.repeat(20_000_000), resolve)))
    await clock.advance(HTTP_LIMITS.writeMsMax + HTTP_LIMITS.sweepMs)
    await undelivered
    client.socket.resume()
    const answered = (await client.answer()) !== undefined
    assert.equal(answered, false)
  })

  it('turn away more connections than there may be with 503, and none below', async () => {
    await using server = await ourServer(echo, { limits: { connectionsMax: 2 } })
    await using first = await RawClient.open(server.port)
    await using second = await RawClient.open(server.port)
    for (const client of [first, second]) {
      client.send(GET)
      assert.equal((await client.answer())?.status, 200)
    }
    await using third = await RawClient.open(server.port)
    assert.equal((await third.answer())?.status, 503)
    await third.closed()
    first.socket.destroy()
    while (server.connections > 1) await arrived(second.socket.remotePort ?? 0)
    await using fourth = await RawClient.open(server.port)
    fourth.send(GET)
    assert.equal((await fourth.answer())?.status, 200)
  })

  it('refuse bodies with 503 while those being worked on hold too much, and take them afterwards', async () => {
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler, { limits: { memoryBytesMax: 100 } })
    const request = post(['Content-Length: 60'], 'x'.repeat(60))
    await using first = await RawClient.open(server.port)
    first.send(request)
    const held = await waiting.next()
    await using second = await RawClient.open(server.port)
    second.send(request)
    assert.equal((await second.answer())?.status, 503)
    held.answer(text('done'))
    await first.answer()
    await using third = await RawClient.open(server.port)
    third.send(request)
    ;(await waiting.next()).answer(text('done'))
    assert.equal((await third.answer())?.status, 200)
  })

  it('refuse any request with 503 while clients have not read too much', async () => {
    const large = 'x'.repeat(64 * 1024 * 1024)
    await using server = await ourServer(() => text(large), { limits: { memoryBytesMax: 1024 * 1024 } })
    await using slow = await RawClient.open(server.port)
    slow.socket.pause()
    slow.send(GET)
    let status: number | undefined = 200
    while (status === 200) {
      await using other = await RawClient.open(server.port)
      other.send(lines('HEAD / HTTP/1.1', 'Host: a', '', ''))
      status = (await other.answer(true))?.status
    }
    assert.equal(status, 503)
    slow.socket.destroy()
  })

  it('hold a thousand idle connections, and serve among them', async () => {
    await using server = await ourServer(echo)
    const idle = await Promise.all(Array.from({ length: 1000 }, () => RawClient.open(server.port)))
    await using client = await RawClient.open(server.port)
    client.send(GET)
    assert.equal((await client.answer())?.status, 200)
    assert.equal(server.connections, 1001)
    await Promise.all(idle.map((one) => one[Symbol.asyncDispose]()))
  })
})
