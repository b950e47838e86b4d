/**
 * One request's head: the request line and header fields, still the bytes they arrived as.
 *
 *     POST / HTTP/1.1 ␍␊ Host: localhost:9324 ␍␊ x-amz-target: AmazonSQS.SendMessage ␍␊ ␍␊ body …
 *                        ^ lines[0]             ^ lines[1]                               ^ lines[2], then end
 *
 * Fields are looked up on demand: an SDK sends about twelve, of which three to five are ever read, so there is
 * no object and no string for the others.
 */

import { COLON, reads, textOf } from './grammar.ts'

/** In place of a length: the body comes in chunks. */
export const CHUNKED = -1

export class Head {
  readonly method: string
  readonly target: string
  /** 1 of HTTP/1.1, 0 of HTTP/1.0. */
  readonly minor: number
  /** Of the body, in bytes, or {@link CHUNKED}. */
  readonly bodyBytes: number
  readonly keepAlive: boolean
  /** The client waits for "100 Continue" before it sends the body. */
  readonly expectsContinue: boolean
  /** Where the body begins in the bytes that were read. */
  readonly end: number
  readonly #bytes: Buffer
  readonly #lines: readonly number[]

  constructor(
    bytes: Buffer,
    /** Where each field begins, and at last where the empty line does. */
    lines: readonly number[],
    parts: Pick<Head, 'method' | 'target' | 'minor' | 'bodyBytes' | 'keepAlive' | 'expectsContinue'>,
  ) {
    this.#bytes = bytes
    this.#lines = lines
    this.method = parts.method
    this.target = parts.target
    this.minor = parts.minor
    this.bodyBytes = parts.bodyBytes
    this.keepAlive = parts.keepAlive
    this.expectsContinue = parts.expectsContinue
    this.end = lines[lines.length - 1]! + 2
  }

  /** A field's value by its lower-case name; of repeated ones the values joined with ", ". */
  header(name: string): string | undefined {
    const bytes = this.#bytes
    const lines = this.#lines
    const last = lines.length - 1
    let found: string | undefined
    for (let i = 0; i < last; i++) {
      const at = lines[i]!
      if (bytes[at + name.length] !== COLON || !reads(name, bytes, at)) continue
      const value = textOf(bytes, at + name.length + 1, lines[i + 1]! - 2)
      found = found === undefined ? value : `${found}, ${value}`
    }
    return found
  }
}
