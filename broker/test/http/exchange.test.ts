/** What goes over one connection: answers, their order, and what keeps it open. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lines, post } from './corpus.ts'
import { echo, ourServer } from './echo.ts'
import { RawClient } from './raw-client.ts'
import { text, WaitingHandler } from './waiting.ts'

const GET = lines('GET / HTTP/1.1', 'Host: a', '', '')

describe('A connection', () => {
  it('answers with status, type, length and date', async () => {
    await using server = await ourServer(() => ({
      status: 404,
      contentType: 'text/plain',
      headers: [['x-amzn-query-error', 'a;Sender']],
      body: 'grüße',
    }))
    await using client = await RawClient.open(server.port)
    client.send(GET)
    const answer = await client.answer()
    assert.match(
      answer?.head ?? '',
      /^HTTP\/1\.1 404 Not Found\r\nContent-Type: text\/plain\r\nx-amzn-query-error: a;Sender\r\nContent-Length: 7\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/,
    )
    assert.equal(answer?.body, Buffer.from('grüße').toString('latin1'))
  })

  for (const bytes of [0, 1, 1000, 20_000, 300_000]) {
    it(`carries ${bytes} bytes there and back, as text and as bytes`, async () => {
      const body = 'x'.repeat(bytes)
      await using server = await ourServer((request) => ({
        status: 200,
        contentType: 'text/plain',
        body: request.target === '/text' ? request.body.toString('latin1') : request.body,
      }))
      await using client = await RawClient.open(server.port)
      for (const target of ['/text', '/bytes']) {
        client.send(lines(`POST ${target} HTTP/1.1`, 'Host: a', `Content-Length: ${bytes}`, '', body))
        assert.equal((await client.answer())?.body, body)
      }
    })
  }

  it('answers requests sent ahead in their order, one at a time', async () => {
    const waiting = new WaitingHandler()
    await using server = await ourServer(waiting.handler)
    await using client = await RawClient.open(server.port)
    client.send(GET.repeat(3))
    for (const word of ['one', 'two', 'three']) {
      const { answer } = await waiting.next()
      assert.equal(waiting.waiting, 0)
      answer(text(word))
      assert.equal((await client.answer())?.body, word)
    }
  })

  it('answers a thousand requests sent ahead in few packets', async () => {
    await using server = await ourServer(echo)
    await using client = await RawClient.open(server.port)
    let packets = 0
    client.socket.on('data', () => packets++)
    client.send(GET.repeat(1000))
    for (let i = 0; i < 1000; i++) assert.equal((await client.answer())?.status, 200)
    assert.ok(packets < 200, `${packets} packets`)
  })

  it('serves a client that sends far ahead and reads late, without reading it all in', async () => {
    await using server = await ourServer(async (request) => text('x'.repeat(10_000) + request.body))
    await using client = await RawClient.open(server.port)
    client.socket.pause()
    const count = 300
    client.send(post(['Content-Length: 10000'], 'y'.repeat(10_000)).repeat(count))
    client.socket.resume()
    for (let i = 0; i < count; i++) assert.equal((await client.answer())?.body.length, 20_000)
  })

  it('says the length and no more to HEAD', async () => {
    await using server = await ourServer(() => text('hello'))
    await using client = await RawClient.open(server.port)
    client.send(lines('HEAD / HTTP/1.1', 'Host: a', '', '') + GET)
    assert.match((await client.answer(true))?.head ?? '', /Content-Length: 5/)
    assert.equal((await client.answer())?.body, 'hello')
  })

  it('closes after an answer to Connection: close, and to HTTP/1.0', async () => {
    await using server = await ourServer(() => text('hello'))
    for (const request of [post(['Connection: close'], ''), lines('GET / HTTP/1.0', '', '')]) {
      await using client = await RawClient.open(server.port)
      client.send(request)
      assert.match((await client.answer())?.head ?? '', /Connection: close/)
      await client.closed()
    }
  })

  it('stays open for an HTTP/1.0 client that asks for it, and says so', async () => {
    await using server = await ourServer(() => text('hello'))
    await using client = await RawClient.open(server.port)
    for (let i = 0; i < 2; i++) {
      client.send(lines('GET / HTTP/1.0', 'Connection: keep-alive', '', ''))
      assert.match((await client.answer())?.head ?? '', /Connection: keep-alive/)
    }
  })

  it('asks a client that waits for it to send its body, once', async () => {
    await using server = await ourServer(echo)
    await using client = await RawClient.open(server.port)
    client.send(post(['Expect: 100-continue', 'Content-Length: 5'], ''))
    while (!client.received.includes('\r\n\r\n')) await client.change()
    assert.equal(client.received, 'HTTP/1.1 100 Continue\r\n\r\n')
    client.send('he')
    client.send('llo')
    assert.match((await client.answer())?.body ?? '', /"body":"hello"/)
    assert.equal(client.received, '')
  })

  it('refuses too long a body before a client that waits sends it', async () => {
    await using server = await ourServer(echo)
    await using client = await RawClient.open(server.port)
    client.send(post(['Expect: 100-continue', 'Content-Length: 5000000'], ''))
    assert.equal((await client.answer())?.status, 413)
    await client.closed()
  })

  it('lets a client that is still sending see why it is refused', async () => {
    await using server = await ourServer(echo)
    await using client = await RawClient.open(server.port)
    client.send(post(['Content-Length: 8000000'], 'x'.repeat(8_000_000)))
    const answer = await client.answer()
    assert.equal(answer?.status, 413)
    assert.equal(answer.body, '{"message":"The request body is too long."}\n')
  })

  it('hides what went wrong in a handler, and closes', async () => {
    const failing = [
      () => {
        throw new Error('secret')
      },
      () => Promise.reject(new Error('secret')),
      () => ({ ...text(''), headers: [['x-a', 'a\r\nb: secret']] as const }),
      () => Promise.resolve({ ...text(''), headers: [['x-a', 'a\r\nb: secret']] as const }),
      // As one byte a character these are a line break as well.
      () => ({ ...text(''), headers: [['x-a', 'a\u010d\u010ab: secret']] as const }),
    ]
    for (const handler of failing) {
      await using server = await ourServer(handler)
      await using client = await RawClient.open(server.port)
      client.send(GET)
      const answer = await client.answer()
      assert.equal(answer?.status, 500)
      assert.equal(answer.body, '{"message":"The request failed inside the server."}\n')
      await client.closed()
    }
  })

  it('keeps a body for whoever holds on to it', async () => {
    const bodies: Buffer[] = []
    await using server = await ourServer((request) => {
      bodies.push(request.body)
      return text('')
    })
    await using client = await RawClient.open(server.port)
    for (let i = 0; i < 50; i++) {
      client.send(post(['Content-Length: 4'], String(1000 + i)))
      await client.answer()
    }
    assert.deepEqual(
      bodies.map(String),
      Array.from({ length: 50 }, (_, i) => String(1000 + i)),
    )
  })
})
