/**
 * An answer as what a socket takes. Head and a textual body become one string of ASCII, which Node copies straight
 * into the socket: one copy and one system call. What is not ASCII is encoded here.
 */

import type { HttpResponse } from './exchange.ts'
import type { Refusal } from './refusal.ts'

const REASONS: Readonly<Record<number, string>> = {
  200: 'OK',
  204: 'No Content',
  301: 'Moved Permanently',
  302: 'Found',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  417: 'Expectation Failed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'HTTP Version Not Supported',
}

/** Bodies up to this many bytes are copied behind their head; larger ones are written after it. */
const COPY_BYTES_MAX = 16 * 1024

const NOT_VISIBLE = /[^\t -~]/

export const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n'

export interface AnswerOptions {
  /** The value of the Date header. */
  readonly date: string
  /** What the Connection header says; absent where HTTP/1.1's default, to go on, is meant. */
  readonly connection?: 'close' | 'keep-alive' | undefined
  /** The request was HEAD: the length is told, the body is not sent. */
  readonly headOnly: boolean
}

/** What to write, in order. A string is ASCII. */
export function encodeAnswer(
  response: HttpResponse,
  options: AnswerOptions,
): readonly (string | Uint8Array)[] {
  const { body } = response
  if (typeof body === 'string') {
    const bodyBytes = Buffer.byteLength(body)
    const head = encodeHead(response, bodyBytes, options)
    if (options.headOnly) return [head]
    return [bodyBytes === body.length ? head + body : Buffer.from(head + body)]
  }
  const head = encodeHead(response, body.length, options)
  if (options.headOnly || body.length === 0) return [head]
  return body.length > COPY_BYTES_MAX ? [head, body] : [joined(head, body)]
}

function encodeHead(response: HttpResponse, bodyBytes: number, options: AnswerOptions): string {
  const { status } = response
  let head = `HTTP/1.1 ${status} ${REASONS[status] ?? 'Unknown'}\r\nContent-Type: ${response.contentType}\r\n`
  if (response.headers !== undefined) for (const field of response.headers) head += encodeField(field)
  if (options.connection !== undefined) head += `Connection: ${options.connection}\r\n`
  return `${head}Content-Length: ${bodyBytes}\r\nDate: ${options.date}\r\n\r\n`
}

function encodeField([name, value]: readonly [name: string, value: string]): string {
  // A handler that lets a client's line break through would let it write the rest of the answer. A character from
  // 0x100 on would become one, as only its lower byte is written.
  if (NOT_VISIBLE.test(value)) throw new Error(`The header ${name} holds what is not visible ASCII`)
  return `${name}: ${value}\r\n`
}

function joined(head: string, body: Uint8Array): Buffer {
  const headBytes = Buffer.byteLength(head)
  const bytes = Buffer.allocUnsafe(headBytes + body.length)
  bytes.write(head)
  bytes.set(body, headBytes)
  return bytes
}

/** In JSON, because that is what an SDK tries to read whatever the status is. */
export function refusalResponse(refusal: Refusal): HttpResponse {
  return {
    status: refusal.status,
    contentType: 'application/json',
    body: `{"message":${JSON.stringify(refusal.reason)}}\n`,
  }
}
