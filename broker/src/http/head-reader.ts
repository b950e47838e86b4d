/**
 * Reads one head out of bytes, strictly. A front end and a back end that disagree about where a request ends are
 * what request smuggling lives on, so everything that two servers might read differently is refused: folded
 * lines, a bare CR or LF, blanks around a name, a length that is repeated, is not digits alone or stands beside
 * Transfer-Encoding, an unknown coding, more or less than one Host.
 *
 * Reading starts at the first byte each time and stops at the last complete one: a head that arrives in pieces is
 * rare and at most 16 KiB long. A bad byte is refused as soon as it is there, not when the head is complete.
 */

import {
  BLANK,
  COLON,
  CR,
  HOST,
  LF,
  reads,
  SLASH,
  SPACE,
  skip,
  TARGET,
  TOKEN,
  textOf,
  trimEnd,
  VALUE,
} from './grammar.ts'
import { CHUNKED, Head } from './head.ts'
import type { HttpLimits } from './limits.ts'
import { badRequest, Refusal } from './refusal.ts'

/** CONNECT and TRACE have no place here, and others nobody sends. */
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const VERSION = 'HTTP/1.'
const KEEP_ALIVE = 'keep-alive'
const POST = 0x504f5354

const TOO_LONG = new Refusal(431, 'The request line and header fields are too long.')
const TOO_MANY = new Refusal(431, 'There are too many header fields.')
const BODY_TOO_LONG = new Refusal(413, 'The request body is too long.')
const NO_NAME = badRequest('A header field has no name, or blanks around it.')
const NOT_IMPLEMENTED = new Refusal(501, 'The method is not implemented.')
const UNKNOWN_CODING = new Refusal(501, 'The transfer coding is not implemented: only "chunked" is.')
const UNKNOWN_EXPECTATION = new Refusal(417, 'The expectation is not known: only "100-continue" is.')
const UNKNOWN_VERSION = new Refusal(505, 'Only HTTP/1.1 and HTTP/1.0 are spoken here.')

/** In place of a position: nothing more can be read, because a byte is wrong or has not arrived yet. */
const STOP = -1

/**
 * One serves all connections of a server: between two calls it remembers nothing. Each step takes the position
 * where it begins and returns the one after what it read, or STOP; then `#refusal` tells why, unless the bytes
 * simply end there. Positions are passed by hand, because keeping them in a field made this four times as slow.
 */
export class HeadReader {
  readonly #limits: HttpLimits
  #refusal: Refusal | undefined
  #method = ''
  #target = ''
  #minor = 1
  #hosts = 0
  #length = 0
  #lengths = 0
  #codings = 0
  #close = false
  #keepAlive = false
  #expectsContinue = false

  constructor(limits: HttpLimits) {
    this.#limits = limits
  }

  /** Undefined: what is there is fine so far, and not complete. */
  read(bytes: Buffer, from: number): Head | Refusal | undefined {
    this.#forget()
    // One byte over the limit is enough to see that it is over.
    const end = Math.min(bytes.length, from + this.#limits.headBytesMax + 1)
    const lines: number[] = []
    const fieldsAt = this.#requestLine(bytes, from, end)
    const headEnd = fieldsAt === STOP ? STOP : this.#fields(bytes, fieldsAt, end, lines)
    if (this.#refusal !== undefined) return this.#refusal
    if ((headEnd === STOP ? end : headEnd) - from > this.#limits.headBytesMax) return TOO_LONG
    if (headEnd === STOP) return undefined
    return this.#mistake() ?? this.#head(bytes, lines)
  }

  #forget(): void {
    this.#refusal = undefined
    this.#hosts = 0
    this.#length = 0
    this.#lengths = 0
    this.#codings = 0
    this.#close = false
    this.#keepAlive = false
    this.#expectsContinue = false
  }

  #head(bytes: Buffer, lines: readonly number[]): Head {
    return new Head(bytes, lines, {
      method: this.#method,
      target: this.#target,
      minor: this.#minor,
      bodyBytes: this.#codings > 0 ? CHUNKED : this.#length,
      keepAlive: this.#minor === 1 ? !this.#close : this.#keepAlive && !this.#close,
      expectsContinue: this.#expectsContinue && this.#minor === 1,
    })
  }

  #stop(refusal: Refusal): typeof STOP {
    this.#refusal = refusal
    return STOP
  }

  /** One byte that must be `byte`. */
  #one(byte: number, bytes: Buffer, at: number, end: number, reason: string): number {
    if (at >= end) return STOP
    return bytes[at] === byte ? at + 1 : this.#stop(badRequest(reason))
  }

  #lineEnd(bytes: Buffer, at: number, end: number): number {
    const next = this.#one(CR, bytes, at, end, 'A line holds a forbidden character.')
    return next === STOP ? STOP : this.#one(LF, bytes, next, end, 'A line ends in CR alone.')
  }

  #requestLine(bytes: Buffer, from: number, end: number): number {
    const targetAt = this.#readMethod(bytes, from, end)
    if (targetAt === STOP) return STOP
    const versionAt = this.#readTarget(bytes, targetAt, end)
    if (versionAt === STOP) return STOP
    const lineEnd = this.#readVersion(bytes, versionAt, end)
    return lineEnd === STOP ? STOP : this.#lineEnd(bytes, lineEnd, end)
  }

  #readMethod(bytes: Buffer, from: number, end: number): number {
    const to = skip(TOKEN, bytes, from, end)
    const next = this.#one(SPACE, bytes, to, end, 'The method is malformed.')
    if (next === STOP) return STOP
    const isPost = to - from === 4 && bytes.readInt32BE(from) === POST
    this.#method = isPost ? 'POST' : bytes.toString('latin1', from, to)
    return METHODS.has(this.#method) ? next : this.#stop(NOT_IMPLEMENTED)
  }

  #readTarget(bytes: Buffer, from: number, end: number): number {
    const path = this.#one(SLASH, bytes, from, end, 'The request target must be a path that begins with "/".')
    if (path === STOP) return STOP
    const to = skip(TARGET, bytes, path, end)
    this.#target = to === path ? '/' : bytes.toString('latin1', from, to)
    return this.#one(
      SPACE,
      bytes,
      to,
      end,
      'The request target holds a character that must be percent-encoded.',
    )
  }

  #readVersion(bytes: Buffer, from: number, end: number): number {
    let at = from
    for (let i = 0; i < VERSION.length && at !== STOP; i++) {
      at = this.#one(
        VERSION.charCodeAt(i),
        bytes,
        at,
        end,
        'The request line does not end in an HTTP version.',
      )
    }
    // The major version may be another one: then it is not the line that is malformed.
    if (at === STOP && this.#refusal !== undefined && reads('http/', bytes, from))
      return this.#stop(UNKNOWN_VERSION)
    if (at === STOP || at >= end) return STOP
    this.#minor = bytes[at]! - 0x30
    return this.#minor === 0 || this.#minor === 1 ? at + 1 : this.#stop(UNKNOWN_VERSION)
  }

  /** All fields and the empty line after them: the hot loop. */
  #fields(bytes: Buffer, from: number, end: number, lines: number[]): number {
    for (let at = from; at < end; ) {
      lines.push(at)
      if (bytes[at] === CR) return this.#lineEnd(bytes, at, end)
      if (lines.length > this.#limits.headersMax) return this.#stop(TOO_MANY)

      const nameEnd = skip(TOKEN, bytes, at, end)
      if (nameEnd >= end) return STOP
      if (bytes[nameEnd] !== COLON || nameEnd === at) return this.#stop(NO_NAME)
      const valueEnd = skip(VALUE, bytes, nameEnd + 1, end)
      const next = this.#lineEnd(bytes, valueEnd, end)
      if (next === STOP || !this.#note(bytes, at, nameEnd, valueEnd)) return STOP
      at = next
    }
    return STOP
  }

  /** Keeps what decides where the request ends and what becomes of the connection. False: it is refused. */
  #note(bytes: Buffer, nameAt: number, nameEnd: number, valueEnd: number): boolean {
    switch (nameEnd - nameAt) {
      case 4:
        return !reads('host', bytes, nameAt) || this.#noteHost(bytes, nameEnd + 1, valueEnd)
      case 6:
        return !reads('expect', bytes, nameAt) || this.#noteExpect(bytes, nameEnd + 1, valueEnd)
      case 10:
        return !reads('connection', bytes, nameAt) || this.#noteConnection(bytes, nameEnd + 1, valueEnd)
      case 14:
        return !reads('content-length', bytes, nameAt) || this.#noteLength(bytes, nameEnd + 1, valueEnd)
      case 17:
        return !reads('transfer-encoding', bytes, nameAt) || this.#noteCoding(bytes, nameEnd + 1, valueEnd)
      default:
        return true
    }
  }

  #refuse(refusal: Refusal): false {
    this.#refusal = refusal
    return false
  }

  #noteHost(bytes: Buffer, from: number, to: number): boolean {
    const at = skip(BLANK, bytes, from, to)
    const end = trimEnd(bytes, at, to)
    this.#hosts++
    const valid = end > at && skip(HOST, bytes, at, end) === end
    return valid || this.#refuse(badRequest('The Host header is empty or malformed.'))
  }

  #noteExpect(bytes: Buffer, from: number, to: number): boolean {
    this.#expectsContinue = textOf(bytes, from, to).toLowerCase() === '100-continue'
    return this.#expectsContinue || this.#refuse(UNKNOWN_EXPECTATION)
  }

  #noteConnection(bytes: Buffer, from: number, to: number): boolean {
    const at = skip(BLANK, bytes, from, to)
    if (to - at === KEEP_ALIVE.length && reads(KEEP_ALIVE, bytes, at)) {
      this.#keepAlive = true
      return true
    }
    for (const option of textOf(bytes, at, to).toLowerCase().split(',')) {
      if (option.trim() === 'close') this.#close = true
      if (option.trim() === KEEP_ALIVE) this.#keepAlive = true
    }
    return true
  }

  #noteLength(bytes: Buffer, from: number, to: number): boolean {
    const at = skip(BLANK, bytes, from, to)
    const end = trimEnd(bytes, at, to)
    if (++this.#lengths > 1) return this.#refuse(badRequest('Content-Length is repeated.'))
    if (end === at) return this.#refuse(badRequest('Content-Length is empty.'))
    for (let i = at; i < end; i++) {
      const digit = bytes[i]! - 0x30
      if (digit < 0 || digit > 9) return this.#refuse(badRequest('Content-Length is not a number.'))
      // A length of a hundred digits becomes a large number or infinity, which is over the limit as it should be.
      this.#length = this.#length * 10 + digit
    }
    return true
  }

  #noteCoding(bytes: Buffer, from: number, to: number): boolean {
    if (++this.#codings > 1) return this.#refuse(badRequest('Transfer-Encoding is repeated.'))
    return textOf(bytes, from, to).toLowerCase() === 'chunked' || this.#refuse(UNKNOWN_CODING)
  }

  /** What is wrong with the head as a whole. */
  #mistake(): Refusal | undefined {
    if (this.#hosts > 1) return badRequest('Host is repeated.')
    if (this.#hosts === 0 && this.#minor === 1) return badRequest('The Host header is missing.')
    if (this.#codings > 0 && this.#lengths > 0)
      return badRequest('Content-Length and Transfer-Encoding exclude each other.')
    if (this.#codings > 0 && this.#minor === 0) return badRequest('HTTP/1.0 knows no Transfer-Encoding.')
    return this.#length > this.#limits.bodyBytesMax ? BODY_TOO_LONG : undefined
  }
}
