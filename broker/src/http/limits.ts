/**
 * Every limit of the HTTP edge. Reaching one is answered with the status beside it, and the connection closed;
 * nothing that a client does or leaves undone occupies more than this.
 */

export interface HttpLimits {
  /** Request line and header fields together, in bytes → 431. SDKs send about 1 KB. */
  readonly headBytesMax: number
  /** Header fields of one request → 431. SDKs send about 12. */
  readonly headersMax: number
  /**
   * Body of one request, in bytes → 413. A message of 1 MiB arrives as up to 3.1 MB (JSON with every character
   * escaped, or percent-encoded); a batch has the same total.
   */
  readonly bodyBytesMax: number
  /** From a request's first byte to the end of its head, in milliseconds → 408. */
  readonly headMsMax: number
  /** From a request's first byte to the end of its body, in milliseconds → 408. */
  readonly requestMsMax: number
  /** A connection on which nothing happens between two requests is closed after this, in milliseconds. */
  readonly idleMsMax: number
  /** A client that takes longer to read an answer is dropped, in milliseconds. */
  readonly writeMsMax: number
  /** How long a refused client may go on sending what nobody reads, so that it sees the answer, in milliseconds. */
  readonly lingerMsMax: number
  /** Open connections → 503. */
  readonly connectionsMax: number
  /** Bytes of request bodies and of unsent answers, all connections together → 503. */
  readonly memoryBytesMax: number
  /** Bytes that one connection may send ahead of its answers; beyond it nothing more is read for now. */
  readonly aheadBytesMax: number
  /** How often timeouts are looked for, in milliseconds: they come late by up to this much. */
  readonly sweepMs: number
}

export const HTTP_LIMITS: HttpLimits = {
  headBytesMax: 16 * 1024,
  headersMax: 100,
  bodyBytesMax: 4.5 * 1024 * 1024,
  headMsMax: 10_000,
  requestMsMax: 60_000,
  idleMsMax: 120_000,
  writeMsMax: 30_000,
  lingerMsMax: 2000,
  connectionsMax: 10_000,
  memoryBytesMax: 256 * 1024 * 1024,
  aheadBytesMax: 256 * 1024,
  sweepMs: 1000,
}
