/**
 * The Query protocol, spoken by version 2 of the JavaScript SDK, the last that does. It knows one name for the
 * system attributes of a receive, fills absent lists with empty ones and adds the request's metadata: the first
 * is said in its words, the others are taken off.
 */

import { Agent } from 'node:http'
import { createRequire } from 'node:module'
import type * as sdk from 'aws-sdk'
import {
  type Action,
  type CallOptions,
  CREDENTIALS,
  type Input,
  type Output,
  REGION,
  type Sqs,
  SqsError,
  type Wire,
} from './client.ts'

const require = createRequire(import.meta.url)
const notice = require('aws-sdk/lib/maintenance_mode_message') as { suppress: boolean }
notice.suppress = true
const SQS = require('aws-sdk/clients/sqs') as typeof sdk.SQS

export function queryClient(endpoint: string, region = REGION): Sqs {
  const agent = new Agent({ keepAlive: true })
  const client = new SQS({
    endpoint,
    region,
    credentials: CREDENTIALS,
    maxRetries: 0,
    paramValidation: false,
    httpOptions: { agent },
  })
  let last: Wire | undefined

  const call = async <A extends Action>(
    action: A,
    input: Input<A>,
    options: CallOptions = {},
  ): Promise<Output<A>> => {
    const request = client.makeRequest(methodOf(action), inOldWords(input))
    let wire: Wire | undefined
    request.on('build', (built) => Object.assign(built.httpRequest.headers, options.headers))
    request.on('httpDone', (response) => {
      wire = wireOf(response.httpResponse)
      last = wire
    })
    try {
      return tidy(await request.promise()) as Output<A>
    } catch (cause) {
      if (wire === undefined || wire.status < 300) throw cause
      throw refusal(wire)
    }
  }

  return { protocol: 'Query', call, lastWire: () => last as Wire, close: () => agent.destroy() }
}

function methodOf(action: Action): string {
  return action.charAt(0).toLowerCase() + action.slice(1)
}

/** Over Query `MessageSystemAttributeNames` and `AttributeNames` are both `AttributeName.N`. */
function inOldWords(input: object): Record<string, unknown> {
  const { MessageSystemAttributeNames: names, ...rest } = input as Record<string, unknown>
  if (names === undefined) return rest
  return { ...rest, AttributeNames: [...((rest.AttributeNames as string[]) ?? []), ...(names as string[])] }
}

function wireOf(response: sdk.HttpResponse): Wire {
  const body = Buffer.from(response.body as Uint8Array).toString('utf8')
  return { status: response.statusCode, headers: response.headers, body }
}

/** Without metadata, without empty lists and maps, and with plain bytes for buffers. */
function tidy(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map(tidy)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
    .filter(([name, member]) => name !== 'ResponseMetadata' && !isEmptyList(member))
    .map(([name, member]) => [name, tidy(member)])
  return Object.fromEntries(members)
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

function refusal(wire: Wire): SqsError {
  return new SqsError({
    code: xmlText(wire.body, 'Code'),
    status: wire.status,
    message: xmlText(wire.body, 'Message'),
    fault: xmlText(wire.body, 'Type'),
  })
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The text of the first element of that name; empty if there is none. */
export function xmlText(xml: string, element: string): string {
  const text = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? ''
  return text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (_, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    return ENTITIES[name] ?? ''
  })
}
