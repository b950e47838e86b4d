/**
 * Raw bytes to the real server on a real socket, in two pieces. It answers with what HTTP allows and closes, and
 * no answer tells of a failure inside. Seeds are the differential tests' corpus.
 */

import { type HttpServer, serveHttp } from '../../broker/src/http/server.ts'
import { systemClock } from '../../broker/src/runtime/clock.ts'
import { COMMON, LAST, STRICTER } from '../../broker/test/http/corpus.ts'
import { RawClient } from '../../broker/test/http/raw-client.ts'
import { Service } from '../service.ts'
import { must, type Target } from '../target.ts'

const ALLOWED = new Set([100, 200, 400, 403, 404, 405, 408, 411, 413, 414, 417, 431, 501, 503, 505])
const service = new Service()
let server: HttpServer | undefined

export const http: Target = {
  name: 'http',
  words: [
    '\r\n',
    '\r\n\r\n',
    ':',
    ' ',
    'HTTP/1.1',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    '0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\n',
    'Connection: close\r\n',
    'Expect: 100-continue\r\n',
    'Action=ListQueues',
    'X-Amz-Target: AmazonSQS.ListQueues\r\n',
  ],
  seeds: () => Object.values({ ...COMMON, ...LAST, ...STRICTER }).map((text) => Buffer.from(text, 'latin1')),
  run: async (input) => {
    server ??= await serveHttp({
      handler: (request) => service.handle(request),
      host: '127.0.0.1',
      port: 0,
      clock: systemClock(),
      log: service.log,
    })
    await using client = await RawClient.open(server.port)
    const cut = input.length === 0 ? 0 : input[0]! % input.length
    client.send(input.subarray(0, cut))
    client.send(input.subarray(cut))
    client.socket.end()
    await client.closed()
    for (const [, status] of client.received.matchAll(/HTTP\/1\.1 (\d{3}) /g))
      must(ALLOWED.has(Number(status)), `answered with ${status}`)
    service.mustBeSilent(client.received)
  },
  close: async () => {
    await server?.close(0)
    await service.close()
  },
}
