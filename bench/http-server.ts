/**
 * One server for bench/http.ts, in a process of its own: `node http-server.ts node-http | pabal | socket`.
 * All three answer every request with the same 100 bytes. It prints its port, and tells its CPU time when asked.
 */

import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { serveHttp } from '../broker/src/http/server.ts'
import { systemClock } from '../broker/src/runtime/clock.ts'
import { silentLogger } from '../broker/src/runtime/logger.ts'

const BODY = JSON.stringify({
  MessageId: '5fea7756-0ea4-451a-a703-a558b933e274',
  MD5OfMessageBody: 'd41d8cd98f00b204e9800998ecf8427e',
})
const TYPE = 'application/x-amz-json-1.0'
const FIXED = Buffer.from(
  `HTTP/1.1 200 OK\r\nContent-Type: ${TYPE}\r\nContent-Length: ${BODY.length}\r\nDate: Sun, 22 Nov 2026 13:00:00 GMT\r\n\r\n${BODY}`,
)

/** What the platform brings: the body is collected, the answer has its length. */
function nodeHttp(): Promise<number> {
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': TYPE, 'Content-Length': BODY.length })
      response.end(BODY)
    })
  })
  return listening(server)
}

/** Ours, reading the three headers that the SQS layer reads of each request. */
async function pabal(): Promise<number> {
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

/** The least that a socket can do: the same bytes back for every packet, unread. */
function bareSocket(): Promise<number> {
  return listening(createServer({ noDelay: true }, (socket) => socket.on('data', () => socket.write(FIXED))))
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

const SERVERS: Readonly<Record<string, () => Promise<number>>> = {
  'node-http': nodeHttp,
  pabal,
  socket: bareSocket,
}
const start = SERVERS[process.argv[2] ?? '']
if (start === undefined) throw new Error('usage: http-server.ts node-http | pabal | socket')
console.log(await start())
process.on('message', () => process.send?.(process.cpuUsage()))
