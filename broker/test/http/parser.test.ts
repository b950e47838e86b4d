/** The parser alone: the same requests, however the network cuts them. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { HeadReader } from '../../src/http/head-reader.ts'
import { HTTP_LIMITS } from '../../src/http/limits.ts'
import { MemoryBudget } from '../../src/http/memory-budget.ts'
import { RequestParser } from '../../src/http/parser.ts'
import { Refusal } from '../../src/http/refusal.ts'
import { COMMON, LAST, post, STRICTER } from './corpus.ts'

const headReader = new HeadReader(HTTP_LIMITS)

/** Everything that comes out when the pieces go in, one after the other. */
function parse(pieces: readonly string[], limits = HTTP_LIMITS): readonly unknown[] {
  const budget = new MemoryBudget(limits.memoryBytesMax)
  const parser = new RequestParser(new HeadReader(limits), limits, budget)
  const results: unknown[] = []
  for (const piece of pieces) {
    parser.push(Buffer.from(piece, 'latin1'))
    for (let next = parser.next(); next !== undefined; next = parser.next()) {
      if (next instanceof Refusal) return [...results, next.status]
      const { head, body } = next
      results.push([head.method, head.target, head.header('x-a'), head.keepAlive, body.toString('latin1')])
      parser.release()
    }
  }
  assert.equal(parser.stage === 'start' ? budget.bytes : 0, 0, 'the budget has everything back')
  return results
}

describe('The parser', () => {
  for (const [name, bytes] of Object.entries({ ...COMMON, ...LAST, ...STRICTER })) {
    if (bytes.length > 2000) continue
    it(`is not impressed by where packets end: ${name}`, () => {
      const whole = parse([bytes])
      for (let at = 1; at < bytes.length; at++) {
        assert.deepEqual(parse([bytes.slice(0, at), bytes.slice(at)]), whole, `cut at ${at}`)
      }
      assert.deepEqual(parse([...bytes]), whole, 'byte by byte')
    })
  }

  it('reads a thousand requests that came at once', () => {
    const bytes = post(['Content-Length: 5'], 'hello').repeat(1000)
    assert.equal(parse([bytes]).length, 1000)
  })

  it('finds a header by its name alone, never inside another or in a value', () => {
    const parser = new RequestParser(headReader, HTTP_LIMITS, new MemoryBudget(1000))
    parser.push(Buffer.from(post(['x-ab: 1', 'y-x-a: 2', 'x-c: x-a: 3'], '')))
    const request = parser.next()
    assert.ok(request !== undefined && !(request instanceof Refusal))
    assert.equal(request.head.header('x-a'), undefined)
    assert.equal(request.head.header('x-c'), 'x-a: 3')
  })

  it('refuses a bad byte when it comes, not when the head ends', () => {
    assert.deepEqual(parse(['GET / HTTP/1.1\r\nHost : a']), [400])
    assert.deepEqual(parse(['GET / HTTP/1.1\n']), [400])
    assert.deepEqual(parse(['\x16\x03\x01']), [400])
  })

  it('takes a head up to its limit and refuses one byte more with 431', () => {
    const head = (bytes: number): string => {
      const rest = post(['x-a: '], '').length
      return post([`x-a: ${'v'.repeat(bytes - rest)}`], '')
    }
    assert.equal(parse([head(HTTP_LIMITS.headBytesMax)]).length, 1)
    assert.deepEqual(parse([head(HTTP_LIMITS.headBytesMax + 1)]), [431])
    assert.deepEqual(parse([`GET /${'a'.repeat(HTTP_LIMITS.headBytesMax)}`]), [431])
  })

  it('takes as many fields as its limit and refuses one more with 431', () => {
    const fields = Array.from({ length: HTTP_LIMITS.headersMax - 1 }, (_, i) => `x-${i}: 1`)
    assert.equal(parse([post(fields, '')]).length, 1)
    assert.deepEqual(parse([post([...fields, 'x-more: 1'], '')]), [431])
  })

  const small = { ...HTTP_LIMITS, bodyBytesMax: 10 }

  it('takes a body up to its limit and refuses one byte more with 413, before it arrives', () => {
    assert.equal(parse([post(['Content-Length: 10'], '0123456789')], small).length, 1)
    assert.deepEqual(parse([post(['Content-Length: 11'], '')], small), [413])
  })

  it('takes chunks up to the limit of a body and refuses one byte more with 413', () => {
    const chunks = (...sizes: readonly number[]): string =>
      post(['Transfer-Encoding: chunked'], sizes.map((size) => `${size}\r\n${'x'.repeat(size)}\r\n`).join(''))
    assert.equal(parse([`${chunks(5, 5)}0\r\n\r\n`], small).length, 1)
    assert.deepEqual(parse([chunks(5, 6)], small), [413])
  })

  it('holds memory for what has arrived of a body, not for what was announced', () => {
    const budget = new MemoryBudget(HTTP_LIMITS.memoryBytesMax)
    const parser = new RequestParser(headReader, HTTP_LIMITS, budget)
    parser.push(Buffer.from(post(['Content-Length: 4000000'], 'x')))
    assert.equal(parser.next(), undefined)
    assert.ok(budget.bytes < 65_536, `${budget.bytes} bytes`)
    parser.release()
    assert.equal(budget.bytes, 0)
  })

  it('refuses a body with 503 when all bodies together hold too much', () => {
    const limits = { ...HTTP_LIMITS, memoryBytesMax: 20 }
    assert.deepEqual(parse([post(['Content-Length: 21'], 'x'.repeat(21))], limits), [503])
    assert.deepEqual(parse([post(['Content-Length: 30'], 'x')], limits), [503])
  })
})
