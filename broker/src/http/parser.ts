/**
 * Cuts one connection's bytes into requests. Bytes go in as they arrive, requests come out one at a time when
 * they are asked for, so a client that sends ahead of its answers is served in order.
 *
 * A body that arrived in one piece is a view into the memory it was received into, which nobody writes again:
 * it may be kept. It keeps that memory (up to 64 KiB) with it, so what is kept for long is better copied.
 */

import { type BodyReader, ChunkedBody, NO_MEMORY, SizedBody } from './body.ts'
import { CR, LF } from './grammar.ts'
import { CHUNKED, type Head } from './head.ts'
import type { HeadReader } from './head-reader.ts'
import type { HttpLimits } from './limits.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { badRequest, Refusal } from './refusal.ts'

export interface ParsedRequest {
  readonly head: Head
  readonly body: Buffer
}

const EMPTY = Buffer.alloc(0)
const LONE_RETURN = badRequest('A line ends in CR alone.')

export class RequestParser {
  readonly #reader: HeadReader
  readonly #limits: HttpLimits
  readonly #budget: MemoryBudget
  #unread: Buffer = EMPTY
  #at = 0
  /** Whether the one empty line that may stand before a request is behind us. */
  #began = false
  #head: Head | undefined
  #body: BodyReader | undefined
  #heldBytes = 0

  constructor(reader: HeadReader, limits: HttpLimits, budget: MemoryBudget) {
    this.#reader = reader
    this.#limits = limits
    this.#budget = budget
  }

  /** What has arrived and no request has claimed yet, in bytes. */
  get aheadBytes(): number {
    return this.#unread.length - this.#at
  }

  /** Which part of a request is waited for. */
  get stage(): 'start' | 'head' | 'body' {
    if (this.#head !== undefined) return 'body'
    return this.#began || this.aheadBytes > 0 ? 'head' : 'start'
  }

  /** The head whose body is waited for. */
  get head(): Head | undefined {
    return this.#head
  }

  push(chunk: Buffer): void {
    this.#unread = this.aheadBytes === 0 ? chunk : Buffer.concat([this.#unread.subarray(this.#at), chunk])
    this.#at = 0
  }

  /** The next whole request, or undefined until more has arrived. After a refusal nothing may be asked again. */
  next(): ParsedRequest | Refusal | undefined {
    if (this.#head === undefined) {
      const head = this.#nextHead()
      if (head === undefined || head instanceof Refusal) return head
      this.#head = head
    }
    return this.#nextBody(this.#head)
  }

  /** Gives back what the last request held of the budget. */
  release(): void {
    this.#budget.give(this.#heldBytes + (this.#body?.heldBytes ?? 0))
    this.#heldBytes = 0
    this.#body = undefined
  }

  #nextHead(): Head | Refusal | undefined {
    if (!this.#began && this.#unread[this.#at] === CR) {
      if (this.aheadBytes === 1) return undefined
      if (this.#unread[this.#at + 1] !== LF) return LONE_RETURN
      this.#at += 2
      this.#began = true
    }
    if (this.aheadBytes === 0) return undefined
    const head = this.#reader.read(this.#unread, this.#at)
    if (head !== undefined && !(head instanceof Refusal)) this.#at = head.end
    return head
  }

  #nextBody(head: Head): ParsedRequest | Refusal | undefined {
    const bytes = head.bodyBytes
    if (this.#body === undefined && bytes !== CHUNKED && bytes <= this.aheadBytes)
      return this.#wholeBody(head, bytes)
    this.#body ??= bytes === CHUNKED ? this.#chunkedBody() : new SizedBody(bytes, this.#budget)
    const at = this.#body.read(this.#unread, this.#at)
    if (typeof at !== 'number') return at
    this.#at = at
    if (!this.#body.complete) return undefined
    const { body, heldBytes } = this.#body
    this.#heldBytes += heldBytes
    return this.#done(head, body)
  }

  #chunkedBody(): BodyReader {
    return new ChunkedBody(this.#budget, this.#limits.bodyBytesMax)
  }

  #wholeBody(head: Head, bytes: number): ParsedRequest | Refusal {
    if (!this.#budget.take(bytes)) return NO_MEMORY
    this.#heldBytes += bytes
    const body = bytes === 0 ? EMPTY : this.#unread.subarray(this.#at, this.#at + bytes)
    this.#at += bytes
    return this.#done(head, body)
  }

  #done(head: Head, body: Buffer): ParsedRequest {
    this.#head = undefined
    this.#body = undefined
    this.#began = false
    if (this.aheadBytes === 0) {
      this.#unread = EMPTY
      this.#at = 0
    }
    return { head, body }
  }
}
