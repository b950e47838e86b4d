/**
 * The machine's limits, in a process of their own: `limit-server.ts node-http | socket`. Both answer every request
 * with what SendMessage answers; node:http reads the body, the socket looks at nothing.
 */

import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'

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

const server = process.argv[2] === 'socket' ? socket() : nodeHttp()
server.listen(0, '127.0.0.1', () => console.log(`port ${(server.address() as AddressInfo).port}`))
