/**
 * HTTP by hand, for what the SDKs refuse to send or hide: unusual paths and methods, half a form, a bare queue
 * name, a client that hangs up. Unsigned, as curl would be.
 */

import { type IncomingMessage, request } from 'node:http'
import type { Wire } from './client.ts'

export interface RawRequest {
  readonly method?: 'GET' | 'POST'
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Pending {
  readonly reply: Promise<Wire>
  /** Everything has been handed to the operating system. */
  readonly sent: Promise<void>
  /** Closes the connection as a client does that was killed. */
  hangUp(): void
}

export function begin(base: string, what: RawRequest): Pending {
  const outgoing = request(new URL(what.path ?? '/', base), {
    method: what.method ?? 'POST',
    headers: { connection: 'close', ...what.headers },
  })
  const reply = new Promise<Wire>((resolve, reject) => {
    outgoing.on('response', (response) => wireOf(response).then(resolve, reject))
    outgoing.on('error', reject)
  })
  const sent = new Promise<void>((resolve) => {
    outgoing.end(what.body, resolve)
  })
  return { reply, sent, hangUp: () => outgoing.destroy() }
}

export function ask(base: string, what: RawRequest): Promise<Wire> {
  return begin(base, what).reply
}

/** A JSON call, with the input as it is given. */
export function jsonRequest(action: string, input: unknown, extra: RawRequest = {}): RawRequest {
  const headers = {
    'Content-Type': 'application/x-amz-json-1.0',
    'X-Amz-Target': `AmazonSQS.${action}`,
    ...extra.headers,
  }
  return { ...extra, headers, body: typeof input === 'string' ? input : JSON.stringify(input) }
}

/** A Query call as a form. */
export function formRequest(
  parameters: Readonly<Record<string, string>>,
  extra: RawRequest = {},
): RawRequest {
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8', ...extra.headers }
  return { ...extra, headers, body: new URLSearchParams(parameters).toString() }
}

/** A Query call as a GET. */
export function getRequest(
  path: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): RawRequest {
  return { method: 'GET', path: `${path}?${new URLSearchParams(parameters)}`, headers }
}

async function wireOf(response: IncomingMessage): Promise<Wire> {
  const parts: Uint8Array[] = []
  for await (const part of response) parts.push(part as Uint8Array)
  const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)])
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.concat(parts).toString('utf8'),
  }
}
