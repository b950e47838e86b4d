/** One HTTP exchange, as the handlers see it: the transport behind it may change without them. */

export interface HttpRequest {
  readonly method: string
  /** Path and query string as sent, such as `/000000000000/orders?Action=SendMessage`. */
  readonly target: string
  /** A header's value by its lower-case name; of repeated ones the values joined with ", ". */
  header(name: string): string | undefined
  /**
   * May be kept: nobody writes to its memory again. That memory may be the whole packet it arrived in, up to 64 KiB,
   * so what is kept for long is better copied.
   */
  readonly body: Buffer
  /** Aborted when the client hangs up before its answer was written. Made on first use: most requests never ask. */
  readonly signal: AbortSignal
}

export interface HttpResponse {
  readonly status: number
  readonly contentType: string
  /** Beside Content-Type, Content-Length, Date and Connection, which the server writes. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly body: string | Uint8Array
  /**
   * Called when the client has gone before it took the answer: what was taken for it can be given back. Where it is
   * present, a client that closed its side counts as gone.
   */
  readonly undelivered?: () => void
}

export type HttpHandler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>
