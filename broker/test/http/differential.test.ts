/**
 * Our server beside node:http, which has met the whole world: what both accept they must read alike, and what we
 * refuse beyond it stands in a list of its own.
 */

import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import { COMMON, LAST, lines, STRICTER } from './corpus.ts'
import { echo, nodeServer, ourServer } from './echo.ts'
import { RawClient } from './raw-client.ts'

const ours = await ourServer(echo)
const nodes = await nodeServer()
after(() => Promise.all([ours[Symbol.asyncDispose](), nodes[Symbol.asyncDispose]()]))

/** Shows where the server believes the request before it to end. */
const NEXT = lines('GET /next HTTP/1.1', 'Host: a', 'Connection: close', '', '')

interface Verdict {
  /** What each accepted request was understood as, the one behind included. */
  readonly accepted: readonly string[]
  /** The status of the refusal, if any. */
  readonly refused: number | undefined
  /** The client's, by which the server knew it. */
  readonly port: number
}

async function verdict(port: number, bytes: string, next = NEXT): Promise<Verdict> {
  await using client = await RawClient.open(port)
  client.send(bytes + next)
  client.socket.end()
  const accepted: string[] = []
  const clientPort = client.socket.localPort ?? 0
  const isHead = bytes.startsWith('HEAD')
  for (let first = true; ; first = false) {
    const answer = await client.answer(isHead && first)
    if (answer === undefined) return { accepted, refused: undefined, port: clientPort }
    if (answer.status !== 200) return { accepted, refused: answer.status, port: clientPort }
    accepted.push(answer.body)
  }
}

describe('Beside node:http', () => {
  for (const [name, bytes] of Object.entries(COMMON)) {
    it(`reads alike: ${name}`, async () => {
      const [our, node] = await Promise.all([verdict(ours.port, bytes), verdict(nodes.port, bytes)])
      assert.deepEqual(our.accepted, node.accepted)
    })
  }

  for (const [name, bytes] of Object.entries(LAST)) {
    it(`reads alike: ${name}`, async () => {
      const [our, node] = await Promise.all([verdict(ours.port, bytes, ''), verdict(nodes.port, bytes, '')])
      assert.equal(our.accepted.length, 1)
      assert.deepEqual(our.accepted, node.accepted)
    })
  }

  for (const [name, bytes] of Object.entries(STRICTER)) {
    it(`is stricter: ${name}`, async () => {
      const [our, node] = await Promise.all([verdict(ours.port, bytes), verdict(nodes.port, bytes)])
      assert.equal(our.accepted.length, 0)
      assert.ok(our.refused !== undefined && our.refused >= 400, `refused with ${our.refused}`)
      assert.ok(node.accepted.length > 0, 'node:http refuses it too: it belongs to the other list')
    })
  }

  it('never reads a damaged request otherwise', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.values(COMMON)), damages, async (bytes, changes) => {
        const damaged = changes.reduce(damage, bytes)
        const [our, node] = await Promise.all([verdict(ours.port, damaged), verdict(nodes.port, damaged)])
        const heads = nodes.heads.get(node.port) ?? []
        assert.deepEqual(our.accepted.map(headOf), heads.slice(0, our.accepted.length))
        const answered = Math.min(our.accepted.length, node.accepted.length)
        assert.deepEqual(our.accepted.slice(0, answered), node.accepted.slice(0, answered))
      }),
      { numRuns: 300, examples: [[COMMON['bytes from 0x80 in a value'] ?? '', []]] },
    )
  })
})

/** What was understood, without the body. */
function headOf(understood: string): string {
  return JSON.stringify({ ...JSON.parse(understood), body: '' })
}

interface Damage {
  readonly at: number
  readonly cut: number
  readonly insert: string
}

/** Small, and made of what parsers stumble over. */
const damages = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat(2),
    insert: fc.oneof(
      fc.constantFrom(
        '',
        '\r',
        '\n',
        '\r\n',
        ' ',
        '\t',
        ':',
        ',',
        ';',
        '\0',
        '0',
        '9',
        'f',
        '\x80',
        '\x7f',
        '"',
      ),
      fc.constantFrom('Content-Length: 3\r\n', 'Transfer-Encoding: chunked\r\n', 'Host: b\r\n', '\r\n\r\n'),
    ),
  }),
  { minLength: 1, maxLength: 3 },
)

function damage(bytes: string, { at, cut, insert }: Damage): string {
  const position = Math.floor(at * bytes.length)
  return bytes.slice(0, position) + insert + bytes.slice(position + cut)
}
