/**
 * SQS over HTTP: chooses the protocol, finds out who asks and for which queue, has the action carried out and
 * writes its answer. Every answer has a request id. What goes wrong in here is logged with its cause and told to
 * the client without it.
 */

import type { Caller } from '../auth/caller.ts'
import { Callers } from '../auth/credentials.ts'
import type { HttpHandler, HttpRequest, HttpResponse } from '../http/exchange.ts'
import type { Submit } from '../queue/command.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import type { ReceiveMessageInput, ReceiveMessageOutput } from './api.ts'
import { queueName } from './arn.ts'
import type { Context } from './context.ts'
import { SqsError } from './errors.ts'
import { jsonProtocol, TARGET_HEADER } from './json.ts'
import { perform } from './perform.ts'
import type { Protocol } from './protocol.ts'
import { queryJsonProtocol, queryProtocol } from './query.ts'

export interface SqsSettings {
  /** Twelve digits. */
  readonly account: string
  /** For requests whose signature names none. */
  readonly region: string
  /** What queue URLs begin with, whatever the Host header says, such as `https://queues.example.org/sqs`. */
  readonly publicUrl?: string
}

export interface SqsParts {
  readonly submit: Submit
  readonly settings: SqsSettings
  readonly random: Random
  readonly log: Logger
}

export function sqsHandler(parts: SqsParts): HttpHandler {
  const service = new SqsService(parts)
  return (request) => service.handle(request)
}

class SqsService {
  readonly submit: Submit
  readonly callers: Callers
  readonly random: Random
  readonly #log: Logger
  readonly publicUrl: string | undefined
  /** The path of the public URL, which a proxy may leave in front of requests' paths. */
  readonly #prefix: string

  constructor(parts: SqsParts) {
    this.submit = parts.submit
    this.callers = new Callers(parts.settings)
    this.random = parts.random
    this.#log = parts.log
    this.publicUrl = parts.settings.publicUrl?.replace(/\/+$/, '')
    this.#prefix = this.publicUrl === undefined ? '' : new URL(this.publicUrl).pathname.replace(/\/$/, '')
  }

  async handle(request: HttpRequest): Promise<HttpResponse> {
    const requestId = this.random.uuid()
    const protocol = protocolOf(request)
    try {
      const { action, input } = protocol.read(request, this.#addressed(request.target))
      const context = new RequestContext(this, request)
      const output = await perform(action, context, input)
      const response = protocol.success(action, output, requestId)
      if (action !== 'ReceiveMessage') return response
      return this.#undoable(response, input as ReceiveMessageInput, output as ReceiveMessageOutput)
    } catch (error) {
      return protocol.failure(this.#sqsError(error, request, requestId), requestId)
    }
  }

  /** The queue named by the path of a request, if any. */
  #addressed(target: string): string | undefined {
    if (target === '/') return undefined
    const question = target.indexOf('?')
    const path = question === -1 ? target : target.slice(0, question)
    if (path === this.#prefix) return undefined
    return (
      queueName(path.startsWith(`${this.#prefix}/`) ? path.slice(this.#prefix.length) : path) || undefined
    )
  }

  /** A client that has gone took nothing with it. */
  #undoable(response: HttpResponse, input: ReceiveMessageInput, output: ReceiveMessageOutput): HttpResponse {
    const { Messages: messages } = output
    if (messages === undefined) return response
    const queue = queueName(input.QueueUrl)
    return {
      ...response,
      undelivered: () =>
        this.#undo(
          queue,
          messages.map((message) => message.ReceiptHandle),
        ),
    }
  }

  #undo(queue: string, receipts: readonly string[]): void {
    this.submit<'undoReceive'>({ kind: 'undoReceive', queue, receipts }).catch((error: unknown) => {
      this.#log.warn('undo_receive_failed', { queue, messages: receipts.length, error })
    })
  }

  /** Where the storage fails, it has said so itself, once; here every request of that time would say it again. */
  #sqsError(error: unknown, request: HttpRequest, requestId: string): SqsError {
    if (error instanceof SqsError && error.senderFault) return error
    // A query string may hold a message's body: that is nobody's business in a log.
    const where = { requestId, method: request.method, path: request.target.split('?', 1)[0] }
    if (error instanceof SqsError) {
      this.#log.debug('request_unavailable', { ...where, error: error.cause })
      return error
    }
    this.#log.error('request_failed', { ...where, error })
    return internalFailure(error)
  }
}

function internalFailure(cause: unknown): SqsError {
  return new SqsError('InternalFailure', 'The broker failed to carry out this request.', { cause })
}

function protocolOf(request: HttpRequest): Protocol {
  if (request.header(TARGET_HEADER) !== undefined) return jsonProtocol
  return request.header('accept')?.includes('application/json') ? queryJsonProtocol : queryProtocol
}

/** What an action may ask of its request; found out when it asks. */
class RequestContext implements Context {
  readonly #service: SqsService
  readonly #request: HttpRequest
  readonly submit: Submit
  readonly random: Random
  readonly caller: Caller

  constructor(service: SqsService, request: HttpRequest) {
    this.#service = service
    this.#request = request
    this.submit = service.submit
    this.random = service.random
    this.caller = service.callers.identify(request)
  }

  get baseUrl(): string {
    return this.#service.publicUrl ?? `http://${this.#request.header('host') ?? 'localhost'}`
  }

  get signal(): AbortSignal {
    return this.#request.signal
  }

  get traceHeader(): string | undefined {
    return this.#request.header('x-amzn-trace-id')
  }
}
