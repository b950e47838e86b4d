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
const POST = 0x504f5354

const TOO_LONG = new Refusal(431, 'The request line and header fields are too long.')
const TOO_MANY = new Refusal(431, 'There are too many header fields.')
const BODY_TOO_LONG = new Refusal(413, 'The request body is too long.')
const NOT_IMPLEMENTED = new Refusal(501, 'The method is not implemented.')
const UNKNOWN_CODING = new Refusal(501, 'The transfer coding is not implemented: only "chunked" is.')
const UNKNOWN_EXPECTATION = new Refusal(417, 'The expectation is not known: only "100-continue" is.')
const UNKNOWN_VERSION = new Refusal(505, 'Only HTTP/1.1 and HTTP/1.0 are spoken here.')

/** One serves all connections of a server: between two calls it remembers nothing. */
export class HeadReader {
  readonly #limits: HttpLimits
  #bytes: Buffer = Buffer.alloc(0)
  #at = 0
  #end = 0
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
    this.#begin(bytes, from)
    const lines: number[] = []
    const complete = this.#requestLine() && this.#fields(lines)
    if (this.#refusal !== undefined) return this.#refusal
    if (this.#at - from > this.#limits.headBytesMax) return TOO_LONG
    if (!complete) return undefined
    const mistake = this.#mistake()
    if (mistake !== undefined) return mistake
    return new Head(bytes, lines, {
      method: this.#method,
      target: this.#target,
      minor: this.#minor,
      bodyBytes: this.#codings > 0 ? CHUNKED : this.#length,
      keepAlive: this.#minor === 1 ? !this.#close : this.#keepAlive && !this.#close,
      expectsContinue: this.#expectsContinue && this.#minor === 1,
    })
  }

  #begin(bytes: Buffer, from: number): void {
    this.#bytes = bytes
    this.#at = from
    // One byte over the limit is enough to see that it is over.
    this.#end = Math.min(bytes.length, from + this.#limits.headBytesMax + 1)
    this.#refusal = undefined
    this.#hosts = 0
    this.#length = 0
    this.#lengths = 0
    this.#codings = 0
    this.#close = false
    this.#keepAlive = false
    this.#expectsContinue = false
  }

  #refuse(refusal: Refusal): false {
    this.#refusal = refusal
    return false
  }

  /** Steps over `byte`: false where it has not arrived yet, or is another one, which is refused. */
  #expect(byte: number, reason: string): boolean {
    if (this.#at >= this.#end) return false
    if (this.#bytes[this.#at] !== byte) return this.#refuse(badRequest(reason))
    this.#at++
    return true
  }

  #requestLine(): boolean {
    const methodAt = this.#at
    this.#at = skip(TOKEN, this.#bytes, methodAt, this.#end)
    const methodEnd = this.#at
    if (!this.#expect(SPACE, 'The method is malformed.')) return false
    if (!this.#readMethod(methodAt, methodEnd)) return false

    const targetAt = this.#at
    if (!this.#expect(SLASH, 'The request target must be a path that begins with "/".')) return false
    this.#at = skip(TARGET, this.#bytes, this.#at, this.#end)
    const targetEnd = this.#at
    if (!this.#expect(SPACE, 'The request target holds a character that must be percent-encoded.'))
      return false
    this.#target = targetEnd - targetAt === 1 ? '/' : this.#bytes.toString('latin1', targetAt, targetEnd)
    return this.#version() && this.#lineEnd()
  }

  #readMethod(at: number, end: number): boolean {
    if (end === at) return this.#refuse(badRequest('The method is missing.'))
    if (end - at === 4 && this.#bytes.readInt32BE(at) === POST) {
      this.#method = 'POST'
      return true
    }
    this.#method = this.#bytes.toString('latin1', at, end)
    return METHODS.has(this.#method) || this.#refuse(NOT_IMPLEMENTED)
  }

  #version(): boolean {
    for (let i = 0; i < VERSION.length; i++) {
      if (!this.#expect(VERSION.charCodeAt(i), 'The request line does not end in an HTTP version.')) {
        const other = i === 5 && this.#refusal !== undefined
        return other ? this.#refuse(UNKNOWN_VERSION) : false
      }
    }
    if (this.#at >= this.#end) return false
    this.#minor = this.#bytes[this.#at]! - 0x30
    this.#at++
    return this.#minor === 0 || this.#minor === 1 || this.#refuse(UNKNOWN_VERSION)
  }

  #lineEnd(): boolean {
    return (
      this.#expect(CR, 'A line holds a forbidden character.') && this.#expect(LF, 'A line ends in CR alone.')
    )
  }

  /** All fields and the empty line after them. */
  #fields(lines: number[]): boolean {
    while (this.#at < this.#end) {
      lines.push(this.#at)
      if (this.#bytes[this.#at] === CR) return this.#lineEnd()
      if (lines.length > this.#limits.headersMax) return this.#refuse(TOO_MANY)
      if (!this.#field()) return false
    }
    return false
  }

  #field(): boolean {
    const nameAt = this.#at
    this.#at = skip(TOKEN, this.#bytes, nameAt, this.#end)
    const nameEnd = this.#at
    if (!this.#expect(COLON, 'A header field has no name, or blanks around it.')) return false
    if (nameEnd === nameAt) return this.#refuse(badRequest('A header field has no name.'))
    this.#at = skip(VALUE, this.#bytes, this.#at, this.#end)
    const valueEnd = this.#at
    if (!this.#lineEnd()) return false
    return this.#note(nameAt, nameEnd, valueEnd)
  }

  /** Keeps what decides where the request ends and what becomes of the connection. */
  #note(nameAt: number, nameEnd: number, valueEnd: number): boolean {
    switch (nameEnd - nameAt) {
      case 4:
        return !reads('host', this.#bytes, nameAt) || this.#noteHost(nameEnd + 1, valueEnd)
      case 6:
        return !reads('expect', this.#bytes, nameAt) || this.#noteExpect(nameEnd + 1, valueEnd)
      case 10:
        return !reads('connection', this.#bytes, nameAt) || this.#noteConnection(nameEnd + 1, valueEnd)
      case 14:
        return !reads('content-length', this.#bytes, nameAt) || this.#noteLength(nameEnd + 1, valueEnd)
      case 17:
        return !reads('transfer-encoding', this.#bytes, nameAt) || this.#noteCoding(nameEnd + 1, valueEnd)
      default:
        return true
    }
  }

  #noteHost(from: number, to: number): boolean {
    const at = skip(BLANK, this.#bytes, from, to)
    const end = trimEnd(this.#bytes, at, to)
    this.#hosts++
    const valid = end > at && skip(HOST, this.#bytes, at, end) === end
    return valid || this.#refuse(badRequest('The Host header is empty or malformed.'))
  }

  #noteExpect(from: number, to: number): boolean {
    this.#expectsContinue = this.#value(from, to) === '100-continue'
    return this.#expectsContinue || this.#refuse(UNKNOWN_EXPECTATION)
  }

  #noteConnection(from: number, to: number): boolean {
    for (const option of this.#value(from, to).split(',')) {
      if (option.trim() === 'close') this.#close = true
      if (option.trim() === 'keep-alive') this.#keepAlive = true
    }
    return true
  }

  #noteLength(from: number, to: number): boolean {
    const at = skip(BLANK, this.#bytes, from, to)
    const end = trimEnd(this.#bytes, at, to)
    if (++this.#lengths > 1) return this.#refuse(badRequest('Content-Length is repeated.'))
    if (end === at) return this.#refuse(badRequest('Content-Length is empty.'))
    for (let i = at; i < end; i++) {
      const digit = this.#bytes[i]! - 0x30
      if (digit < 0 || digit > 9) return this.#refuse(badRequest('Content-Length is not a number.'))
      // A length of a hundred digits becomes a large number or infinity, which is over the limit as it should be.
      this.#length = this.#length * 10 + digit
    }
    return true
  }

  #noteCoding(from: number, to: number): boolean {
    if (++this.#codings > 1) return this.#refuse(badRequest('Transfer-Encoding is repeated.'))
    return this.#value(from, to) === 'chunked' || this.#refuse(UNKNOWN_CODING)
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

  #value(from: number, to: number): string {
    return textOf(this.#bytes, from, to).toLowerCase()
  }
}
