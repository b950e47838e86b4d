/** Servers that answer with what they understood: ours, and node:http as the one to compare with. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HttpHandler } from '../../src/http/exchange.ts'
import type { HttpLimits } from '../../src/http/limits.ts'
import { type HttpServer, serveHttp } from '../../src/http/server.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { silentLogger } from '../../src/runtime/logger.ts'

/** The fields that tests look at. */
const FIELDS = ['host', 'x-a', 'content-type', 'x-amz-target', 'authorization', 'x-missing']

export const echo: HttpHandler = (request) => ({
  status: 200,
  contentType: 'application/json',
  body: understood(request.method, request.target, (name) => request.header(name), request.body),
})

function understood(
  method: string,
  target: string,
  header: (name: string) => string | undefined,
  body: Buffer,
): string {
  const fields = FIELDS.map((name) => header(name) ?? null)
  return JSON.stringify({ method, target, fields, body: body.toString('latin1') })
}

export interface NodeServer extends AsyncDisposable {
  readonly port: number
  /**
   * By the client's port: what each request's head was understood as, also of those that were never answered.
   * A parse error makes node:http forget the answers to what came right before it.
   */
  readonly heads: Map<number, string[]>
}

/** Closed at the end of the test, whatever is open still. */
export async function ourServer(
  handler: HttpHandler,
  options: { readonly limits?: Partial<HttpLimits>; readonly clock?: Clock } = {},
): Promise<HttpServer & AsyncDisposable> {
  const { limits = {}, clock = systemClock() } = options
  const server = await serveHttp({ handler, host: '127.0.0.1', port: 0, clock, log: silentLogger, limits })
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close(0) })
}

export async function nodeServer(): Promise<NodeServer> {
  const heads = new Map<number, string[]>()
  const server = createServer((request, response) => {
    const { method = '', url = '', socket } = request
    const client = socket.remotePort ?? 0
    // As a client sees it who takes every byte for a character.
    const head = Buffer.from(understood(method, url, nodeField(request), Buffer.alloc(0))).toString('latin1')
    heads.set(client, [...(heads.get(client) ?? []), head])
    answerNode(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    heads,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answerNode(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = understood(
      request.method ?? '',
      request.url ?? '',
      nodeField(request),
      Buffer.concat(chunks),
    )
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) })
    response.end(body)
  })
}

function nodeField(request: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const { rawHeaders } = request
    const values = rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name)
    return values.length === 0 ? undefined : values.join(', ')
  }
}
