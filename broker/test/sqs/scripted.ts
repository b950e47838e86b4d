/**
 * The SQS layer without a broker behind it: `submit` is a plain function that keeps the commands it is given and
 * answers as the test says, and a request is an object. What the queues do with commands is tested elsewhere.
 */

import type { HttpRequest, HttpResponse } from '../../src/http/exchange.ts'
import type { Answers, Command, Delivered, QueueDescription, Submit } from '../../src/queue/command.ts'
import type { Problem } from '../../src/queue/problem.ts'
import type { LogFields, Logger } from '../../src/runtime/logger.ts'
import type { Random } from '../../src/runtime/random.ts'
import type { Context } from '../../src/sqs/context.ts'
import { type SqsSettings, sqsHandler } from '../../src/sqs/service.ts'

export type Script = {
  [Kind in Command['kind']]?: (
    command: Extract<Command, { kind: Kind }>,
    signal?: AbortSignal,
  ) => Answers[Kind] | Problem | Promise<Answers[Kind] | Problem>
}

export const UUID = '00000000-1111-4222-8333-444444444444'
export const fixedRandom: Random = { bytes: (count) => new Uint8Array(count), uuid: () => UUID }

export const description: QueueDescription = {
  name: 'orders',
  fifo: false,
  attributes: { VisibilityTimeout: '30', DelaySeconds: '0' },
  tags: {},
  createdAt: 1_700_000_000_999,
  modifiedAt: 1_700_000_001_000,
  visible: 3,
  inFlight: 2,
  delayed: 1,
}

/** Sends succeed, queues exist, nothing is there to receive; unless the script says otherwise. */
const defaults: Script = {
  send: ({ entries }) => ({
    results: entries.map((_, index) => ({ messageId: `id-${index}`, seq: index + 1, fifo: false })),
  }),
  receive: () => ({ messages: [] }),
  delete: ({ receipts }) => ({ results: receipts.map(() => undefined) }),
  changeVisibility: ({ entries }) => ({ results: entries.map(() => undefined) }),
  undoReceive: () => ({}),
  createQueue: ({ name }) => ({ name }),
  setAttributes: () => ({}),
  deleteQueue: () => ({}),
  purgeQueue: () => ({}),
  describeQueue: ({ queue }) => ({ ...description, name: queue }),
  listQueues: () => ({ names: [], more: false }),
  listDeadLetterSources: () => ({ names: [], more: false }),
  tagQueue: () => ({}),
  untagQueue: () => ({}),
  addPermission: () => ({}),
  removePermission: () => ({}),
  startMoveTask: ({ taskId }) => ({ taskId }),
  cancelMoveTask: () => ({ moved: 0 }),
  listMoveTasks: () => ({ tasks: [] }),
}

export interface Scripted {
  readonly commands: Command[]
  readonly submit: Submit
  /** Only those of one kind. */
  of<Kind extends Command['kind']>(kind: Kind): Extract<Command, { kind: Kind }>[]
}

export function scripted(script: Script = {}): Scripted {
  const commands: Command[] = []
  const submit = async (command: Command, signal?: AbortSignal): Promise<unknown> => {
    commands.push(command)
    const answer = (script[command.kind] ?? defaults[command.kind]) as (
      command: Command,
      signal?: AbortSignal,
    ) => unknown
    return answer(command, signal)
  }
  return {
    commands,
    submit: submit as Submit,
    of: (kind) => commands.filter((command) => command.kind === kind) as never,
  }
}

/** An in-process caller. */
export function contextOf(submit: Submit, more: Partial<Context> = {}): Context {
  return {
    submit,
    random: fixedRandom,
    caller: { accessKeyId: undefined, region: 'eu-central-1', account: '000000000000' },
    baseUrl: 'http://pabal.test:9324',
    signal: undefined,
    traceHeader: undefined,
    ...more,
  }
}

export interface LoggedLine {
  readonly event: string
  readonly fields: LogFields
}

export function collectingLogger(lines: LoggedLine[]): Logger {
  const add = (event: string, fields: LogFields = {}): void => {
    lines.push({ event, fields })
  }
  return { debug: add, info: add, warn: add, error: add }
}

export interface RequestParts {
  readonly method?: string
  readonly target?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export function requestOf(parts: RequestParts): HttpRequest {
  const headers = new Map(
    Object.entries({ host: 'pabal.test:9324', ...parts.headers }).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]),
  )
  const abort = new AbortController()
  return {
    method: parts.method ?? 'POST',
    target: parts.target ?? '/',
    header: (name) => headers.get(name),
    body: Buffer.from(parts.body ?? ''),
    signal: abort.signal,
  }
}

export function jsonRequest(action: string, input: unknown, more: RequestParts = {}): HttpRequest {
  const body = typeof input === 'string' || Buffer.isBuffer(input) ? input : JSON.stringify(input)
  return requestOf({
    ...more,
    headers: {
      'X-Amz-Target': `AmazonSQS.${action}`,
      'Content-Type': 'application/x-amz-json-1.0',
      ...more.headers,
    },
    body,
  })
}

export function queryRequest(parameters: string, more: RequestParts = {}): HttpRequest {
  return requestOf({
    ...more,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8', ...more.headers },
    body: parameters,
  })
}

export interface Answered {
  readonly response: HttpResponse
  readonly text: string
  /** The body read as JSON. */
  readonly json: Record<string, unknown>
  header(name: string): string | undefined
}

export interface Service extends Scripted {
  readonly logged: LoggedLine[]
  ask(request: HttpRequest): Promise<Answered>
}

export function serviceOf(script: Script = {}, settings: Partial<SqsSettings> = {}): Service {
  const core = scripted(script)
  const logged: LoggedLine[] = []
  const handler = sqsHandler({
    submit: core.submit,
    settings: { account: '000000000000', region: 'us-east-1', ...settings },
    random: fixedRandom,
    log: collectingLogger(logged),
  })
  const ask = async (request: HttpRequest): Promise<Answered> => answered(await handler(request))
  return { ...core, logged, ask }
}

function answered(response: HttpResponse): Answered {
  const text = Buffer.from(response.body as string).toString()
  return {
    response,
    text,
    get json() {
      return JSON.parse(text) as Record<string, unknown>
    },
    header: (name) => response.headers?.find(([key]) => key.toLowerCase() === name)?.[1],
  }
}

export function deliveredOf(content: Uint8Array, more: Partial<Delivered> = {}): Delivered {
  return {
    messageId: 'id-0',
    seq: 5,
    fifo: false,
    receipt: 'receipt-0',
    content,
    group: undefined,
    dedupId: undefined,
    sentAt: 1_700_000_000_123,
    receiveCount: 1,
    firstReceivedAt: 1_700_000_000_456,
    deadLetterSource: undefined,
    ...more,
  }
}
