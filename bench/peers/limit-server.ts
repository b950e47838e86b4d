/**
 * Servers that keep nothing, in a process of their own: `limit-server.ts node-http | socket | pabal-http`. All answer
 * every request with what SendMessage answers: node:http reads the body, the socket looks at nothing, and Pabal's own
 * HTTP layer reads the headers that its SQS layer would read.
 */

import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { serveHttp } from '../../broker/src/http/server.ts'
import { systemClock } from '../../broker/src/runtime/clock.ts'
import { silentLogger } from '../../broker/src/runtime/logger.ts'

const BODY = JSON.stringify({
  QueueUrl: 'http://127.0.0.1/000000000000/bench',
  MessageId: '5fea7756-0ea4-451a-a703-a558b933e274',
  MD5OfMessageBody: 'd41d8cd98f00b204e9800998ecf8427e',
})
const TYPE = 'application/x-amz-json-1.0'
const FIXED = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: ${TYPE}\r\nContent-Length: ${BODY.length}\r\nDate: Sun, 22 Nov 2026 13:00:00 GMT\r\n\r\n${BODY}`,
)

function nodeHttp(): Server {
  return createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': TYPE, 'Content-Length': BODY.length })
      response.end(BODY)
    })
  })
}

/** The same bytes back for every packet: a request of the light client is one. */
function socket(): Server {
  return createServer({ noDelay: true }, (peer) => {
    peer.on('data', () => peer.write(FIXED))
    peer.on('error', () => peer.destroy())
  })
}

async function pabalHttp(): Promise<number> {
  const server = await serveHttp({
    host: '127.0.0.1',
    port: 0,
    clock: systemClock(),
    log: silentLogger,
    handler: async (request) => {
      const known = request.header('x-amz-target') !== undefined && request.header('host') !== undefined
      return { status: known ? 200 : 400, contentType: request.header('content-type') ?? TYPE, body: BODY }
    },
  })
  return server.port
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

const SERVERS: Readonly<Record<string, () => Promise<number>>> = {
  'node-http': () => listening(nodeHttp()),
  socket: () => listening(socket()),
  'pabal-http': pabalHttp,
}
const start = SERVERS[process.argv[2] ?? '']
if (start === undefined) throw new Error(`usage: limit-server.ts ${Object.keys(SERVERS).join(' | ')}`)
console.log(`port ${await start()}`)
