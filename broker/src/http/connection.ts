/**
 * One client's connection: requests in, one at a time and in order; answers out, in one write a turn of the event
 * loop. It owns no timer: it says until when its present state may last, and the server's sweep asks.
 *
 *     reading ──whole request──▶ answering ──▶ reading … ──refusal, close──▶ leaving ──▶ closed
 *        └── while the client does not read its answers, nothing more is read either
 *
 * A client that closes its side while its request is being answered has hung up: the request's signal aborts, and
 * an answer that took something for it (`undelivered`) gives it back instead of being written. An answer that
 * took nothing is still written, for clients that close their side right after asking.
 */

import type { Socket } from 'node:net'
import { endOfTurn } from '../runtime/turn.ts'
import { CONTINUE, encodeAnswer, refusalResponse } from './answer.ts'
import { NO_MEMORY } from './body.ts'
import type { HttpHandler, HttpResponse } from './exchange.ts'
import type { HeadReader } from './head-reader.ts'
import type { HttpLimits } from './limits.ts'
import type { MemoryBudget } from './memory-budget.ts'
import { Outbox } from './outbox.ts'
import { RequestParser } from './parser.ts'
import { ReceivedRequest } from './received-request.ts'
import { Refusal } from './refusal.ts'

/** What a connection needs of its server. */
export interface Surroundings {
  readonly handler: HttpHandler
  readonly limits: HttpLimits
  readonly budget: MemoryBudget
  readonly headReader: HeadReader
  now(): number
  /** The value of the Date header, at most a second old. */
  date(): string
  /** No further request is taken on any connection. */
  closing(): boolean
  /** A handler threw: our own mistake. */
  failed(error: unknown): void
  closed(connection: Connection): void
}

const TOO_SLOW = new Refusal(408, 'The request took too long to arrive.')
const FAILED = refusalResponse(new Refusal(500, 'The request failed inside the server.'))
const NEVER = Number.POSITIVE_INFINITY

export class Connection {
  readonly #socket: Socket
  readonly #server: Surroundings
  readonly #parser: RequestParser
  readonly #outbox: Outbox
  #current: ReceivedRequest | undefined
  /** Whether `#advance` is running further up the stack. */
  #advancing = false
  #leaving = false
  #closed = false
  #continued = false
  /** When the present request's first byte arrived. */
  #requestAt = 0
  /** Until when the present state may last. */
  #untilAt: number

  constructor(socket: Socket, server: Surroundings) {
    this.#socket = socket
    this.#server = server
    this.#parser = new RequestParser(server.headReader, server.limits, server.budget)
    this.#outbox = new Outbox(socket, server.budget)
    this.#untilAt = server.now() + server.limits.idleMsMax
    socket.on('data', (chunk) => this.#onData(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#onEnd())
    socket.on('close', () => this.#onClose())
    // A reset or a broken pipe: "close" follows and says all there is to say.
    socket.on('error', () => {})
  }

  /** Called by the sweep: ends what has lasted too long. */
  expire(nowAt: number): void {
    if (nowAt < this.#untilAt) return
    if (this.#leaving || this.#outbox.behind) this.destroy()
    else if (this.#parser.stage === 'start') this.#socket.destroySoon()
    else this.#refuse(TOO_SLOW)
  }

  /** The server closes: goes at once if nothing is under way, else after the present answer. */
  finish(): void {
    const idle = this.#current === undefined && !this.#outbox.behind && this.#parser.stage === 'start'
    if (idle) this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    if (this.#leaving) return
    this.#parser.push(chunk)
    this.#advance()
  }

  /** Answers whole requests until one has to be waited for. */
  #advance(): void {
    if (this.#advancing) return
    this.#advancing = true
    let going = this.#ready()
    while (going) going = this.#step() && this.#ready()
    this.#advancing = false
    this.#throttle()
  }

  /** Whether a next request may be looked for. */
  #ready(): boolean {
    return !this.#busy() && !this.#leaving && !this.#closed && this.#parser.aheadBytes > 0
  }

  /** Whether an answer is being made, or not yet read. */
  #busy(): boolean {
    return this.#current !== undefined || this.#outbox.behind
  }

  /** False when more has to arrive first. */
  #step(): boolean {
    const request = this.#parser.next()
    if (request === undefined) this.#awaitMore()
    else if (request instanceof Refusal) this.#refuse(request)
    else if (this.#server.budget.exhausted) this.#refuse(NO_MEMORY)
    else this.#start(new ReceivedRequest(request.head, request.body))
    return request !== undefined
  }

  /** Stops reading from a client that sends far ahead of its answers. While it is stopped, a hang-up is not seen. */
  #throttle(): void {
    if (!this.#busy()) {
      if (this.#socket.isPaused()) this.#socket.resume()
      return
    }
    if (this.#parser.aheadBytes > this.#server.limits.aheadBytesMax) this.#socket.pause()
  }

  #awaitMore(): void {
    const { limits } = this.#server
    const { stage } = this.#parser
    if (this.#requestAt === 0) this.#requestAt = this.#server.now()
    this.#untilAt = this.#requestAt + (stage === 'body' ? limits.requestMsMax : limits.headMsMax)
    if (this.#parser.head?.expectsContinue) this.#continue()
  }

  #continue(): void {
    if (this.#continued) return
    this.#continued = true
    this.#write([CONTINUE])
  }

  #start(request: ReceivedRequest): void {
    this.#current = request
    this.#untilAt = NEVER
    try {
      const response = this.#server.handler(request)
      if ('then' in response) this.#await(request, response)
      else this.#answer(request, response)
    } catch (error) {
      this.#fail(request, error)
    }
  }

  #await(request: ReceivedRequest, promise: Promise<HttpResponse>): void {
    promise.then(
      (response) => {
        // What took something is written at the end of this turn, after a hang-up that is already on its way up.
        if (response.undelivered !== undefined) endOfTurn(() => this.#answerLate(request, response))
        else this.#answerLate(request, response)
      },
      (error) => {
        this.#fail(request, error)
      },
    )
  }

  #answerLate(request: ReceivedRequest, response: HttpResponse): void {
    this.#answer(request, response)
    this.#advance()
  }

  #fail(request: ReceivedRequest, error: unknown): void {
    this.#server.failed(error)
    this.#answer(request, FAILED)
  }

  #answer(request: ReceivedRequest, response: HttpResponse): void {
    this.#current = undefined
    this.#parser.release()
    if (this.#closed || (request.hungUp && response.undelivered !== undefined)) {
      response.undelivered?.()
      this.#leave()
      return
    }
    const close = response === FAILED || request.hungUp || !request.head.keepAlive || this.#server.closing()
    const parts = this.#encode(request, response, close)
    if (parts === undefined) {
      response.undelivered?.()
      this.#answer(request, FAILED)
      return
    }
    this.#write(parts, response.undelivered)
    if (close) this.#leave()
    else this.#rest()
  }

  /** Undefined where the answer cannot be written: the handler's mistake. */
  #encode(
    request: ReceivedRequest,
    response: HttpResponse,
    close: boolean,
  ): readonly (string | Uint8Array)[] | undefined {
    const goesOn = request.head.minor === 0 ? 'keep-alive' : undefined
    const connection = close ? 'close' : goesOn
    const headOnly = request.method === 'HEAD'
    try {
      return encodeAnswer(response, { date: this.#server.date(), connection, headOnly })
    } catch (error) {
      this.#server.failed(error)
      return undefined
    }
  }

  /** Between two requests. */
  #rest(): void {
    this.#requestAt = 0
    this.#continued = false
    if (!this.#outbox.behind) this.#untilAt = this.#server.now() + this.#server.limits.idleMsMax
  }

  #refuse(refusal: Refusal): void {
    const options = { date: this.#server.date(), connection: 'close', headOnly: false } as const
    this.#write(encodeAnswer(refusalResponse(refusal), options))
    this.#leave()
  }

  /**
   * Says goodbye and goes on reading for a while, discarding: closing with unread bytes would reset the connection,
   * and the client, still sending, would never see the answer.
   */
  #leave(): void {
    if (this.#leaving || this.#closed) return
    this.#leaving = true
    const { limits } = this.#server
    this.#untilAt = this.#server.now() + (this.#outbox.behind ? limits.writeMsMax : limits.lingerMsMax)
    this.#socket.end()
    this.#socket.resume()
  }

  #write(parts: readonly (string | Uint8Array)[], undelivered?: () => void): void {
    this.#outbox.write(parts, this.#parser.aheadBytes > 0, undelivered)
    if (this.#outbox.behind) this.#untilAt = this.#server.now() + this.#server.limits.writeMsMax
  }

  #onDrain(): void {
    this.#outbox.drained()
    const { limits } = this.#server
    if (this.#current === undefined)
      this.#untilAt = this.#server.now() + (this.#leaving ? limits.lingerMsMax : limits.idleMsMax)
    this.#advance()
    if (this.#server.closing()) this.finish()
  }

  /** The client closed its side. */
  #onEnd(): void {
    if (this.#current !== undefined) this.#current.hangUp()
    else this.#leave()
  }

  #onClose(): void {
    this.#closed = true
    this.#outbox.lost()
    if (this.#current !== undefined) this.#current.hangUp()
    else this.#parser.release()
    this.#server.closed(this)
  }
}
