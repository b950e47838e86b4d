/**
 * What clients put on the wire and make of what comes back, in both protocols. Written by hand from the protocols'
 * descriptions and sharing nothing with the broker's own decoders.
 */

import type { HttpRequest, HttpResponse } from '../broker/src/http/exchange.ts'
import type { Action, Answer, Letter, Page } from './exchange.ts'

export type Wire = 'json' | 'query'

const ACCOUNT = '000000000000'
export const REGION = 'us-east-1'

type Fields = Readonly<Record<string, unknown>>

export function arnOf(queue: string): string {
  return `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}`
}

export function toRequest(action: Action, wire: Wire, signal: AbortSignal): HttpRequest {
  const [name, fields] = toCall(action)
  const headers: Readonly<Record<string, string>> =
    wire === 'json'
      ? { 'x-amz-target': `AmazonSQS.${name}`, 'content-type': 'application/x-amz-json-1.0', host: 'sim' }
      : { 'content-type': 'application/x-www-form-urlencoded', host: 'sim' }
  const text = wire === 'json' ? JSON.stringify(fields) : toForm(name, fields)
  return { method: 'POST', target: '/', header: (key) => headers[key], body: Buffer.from(text), signal }
}

export function toAnswer(action: Action, wire: Wire, response: HttpResponse): Answer {
  const text = typeof response.body === 'string' ? response.body : Buffer.from(response.body).toString()
  if (response.status === 200) {
    return { kind: 'done', output: wire === 'json' ? (JSON.parse(text) as Fields) : outputOf(action, text) }
  }
  const code =
    wire === 'json'
      ? (response.headers?.find(([key]) => key === 'x-amzn-query-error')?.[1] ?? '').split(';')[0]!
      : String(fromXml(text)['Code'])
  return { kind: 'refused', status: response.status, code: code.split('.').at(-1)!, text }
}

function toCall(action: Action): readonly [string, Fields] {
  const QueueUrl = `http://sim/${ACCOUNT}/${action.queue}`
  switch (action.kind) {
    case 'send':
      if (!action.batch) return ['SendMessage', { QueueUrl, ...fieldsOf(action.letters[0]!) }]
      return ['SendMessageBatch', { QueueUrl, Entries: entries(action.letters.map(fieldsOf)) }]
    case 'receive':
      return [
        'ReceiveMessage',
        present({
          QueueUrl,
          MaxNumberOfMessages: action.max,
          VisibilityTimeout: action.visibilitySeconds,
          WaitTimeSeconds: action.waitSeconds,
          ReceiveRequestAttemptId: action.attemptId,
          AttributeNames: ['All'],
          MessageAttributeNames: ['All'],
        }),
      ]
    case 'delete': {
      const handles = action.receipts.map((ReceiptHandle) => ({ ReceiptHandle }))
      if (!action.batch) return ['DeleteMessage', { QueueUrl, ...handles[0] }]
      return ['DeleteMessageBatch', { QueueUrl, Entries: entries(handles) }]
    }
    case 'extend': {
      const VisibilityTimeout = action.seconds
      const changes = action.receipts.map((ReceiptHandle) => ({ ReceiptHandle, VisibilityTimeout }))
      if (!action.batch) return ['ChangeMessageVisibility', { QueueUrl, ...changes[0] }]
      return ['ChangeMessageVisibilityBatch', { QueueUrl, Entries: entries(changes) }]
    }
    case 'create':
      return ['CreateQueue', { QueueName: action.queue, Attributes: action.attributes, tags: action.tags }]
    case 'change':
      return ['SetQueueAttributes', { QueueUrl, Attributes: action.attributes }]
    case 'tag':
      return ['TagQueue', { QueueUrl, Tags: action.tags }]
    case 'untag':
      return ['UntagQueue', { QueueUrl, TagKeys: action.keys }]
    case 'remove':
      return ['DeleteQueue', { QueueUrl }]
    case 'purge':
      return ['PurgeQueue', { QueueUrl }]
    case 'count':
      return ['GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] }]
    case 'redrive':
      return [
        'StartMessageMoveTask',
        present({
          SourceArn: arnOf(action.queue),
          DestinationArn: action.destination === undefined ? undefined : arnOf(action.destination),
          MaxNumberOfMessagesPerSecond: action.perSecond,
        }),
      ]
    case 'cancel':
      return ['CancelMessageMoveTask', { TaskHandle: action.handle }]
    case 'tasks':
      return ['ListMessageMoveTasks', { SourceArn: arnOf(action.queue), MaxResults: 10 }]
    case 'locate':
      return ['GetQueueUrl', { QueueName: action.queue }]
    case 'listTags':
      return ['ListQueueTags', { QueueUrl }]
    case 'listSources':
      return ['ListDeadLetterSourceQueues', present({ QueueUrl, ...pageOf(action) })]
    case 'listQueues':
      return ['ListQueues', present({ QueueNamePrefix: action.prefix, ...pageOf(action) })]
    case 'permit': {
      const { label: Label, accounts: AWSAccountIds, actions: Actions } = action
      return ['AddPermission', { QueueUrl, Label, AWSAccountIds, Actions }]
    }
    case 'revoke':
      return ['RemovePermission', { QueueUrl, Label: action.label }]
  }
}

function pageOf({ max, after }: Page): Fields {
  return { MaxResults: max, NextToken: after?.token }
}

function fieldsOf(letter: Letter): Fields {
  const attributes: Record<string, Fields> = {}
  for (const [name, StringValue] of Object.entries(letter.attributes)) {
    attributes[name] = { DataType: name === 'pabal.priority' ? 'Number' : 'String', StringValue }
  }
  return present({
    MessageBody: letter.body,
    MessageAttributes: Object.keys(attributes).length > 0 ? attributes : undefined,
    MessageGroupId: letter.group,
    MessageDeduplicationId: letter.byContent ? undefined : letter.dedupId,
    DelaySeconds: letter.delaySeconds,
  })
}

function entries(items: readonly Fields[]): readonly Fields[] {
  return items.map((item, index) => ({ Id: `e${index}`, ...item }))
}

function present(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** How Query flattens lists and maps: the repeated name, and for maps what a key is called. */
const LISTS: Readonly<Record<string, string>> = {
  AttributeNames: 'AttributeName',
  MessageAttributeNames: 'MessageAttributeName',
  TagKeys: 'TagKey',
  AWSAccountIds: 'AWSAccountId',
  Actions: 'ActionName',
}
const MAPS: Readonly<Record<string, readonly [string, string]>> = {
  Attributes: ['Attribute', 'Name'],
  MessageAttributes: ['MessageAttribute', 'Name'],
  Tags: ['Tag', 'Key'],
  tags: ['Tag', 'Key'],
}

function toForm(action: string, fields: Fields): string {
  const pairs: string[] = [`Action=${action}`]
  flatten(action, '', fields, pairs)
  return pairs.join('&')
}

function flatten(action: string, prefix: string, fields: Fields, pairs: string[]): void {
  for (const [name, value] of Object.entries(fields)) {
    if (Array.isArray(value)) {
      const repeated = LISTS[name] ?? `${action}RequestEntry`
      for (const [index, item] of value.entries()) {
        const path = `${prefix}${repeated}.${index + 1}`
        if (typeof item === 'object') flatten(action, `${path}.`, item as Fields, pairs)
        else pairs.push(`${path}=${encodeURIComponent(String(item))}`)
      }
    } else if (typeof value === 'object' && value !== null) {
      const [repeated, key] = MAPS[name]!
      for (const [index, [entry, inner]] of Object.entries(value).entries()) {
        const path = `${prefix}${repeated}.${index + 1}`
        pairs.push(`${path}.${key}=${encodeURIComponent(entry)}`)
        if (typeof inner === 'object') flatten(action, `${path}.Value.`, inner as Fields, pairs)
        else pairs.push(`${path}.Value=${encodeURIComponent(String(inner))}`)
      }
    } else pairs.push(`${prefix}${name}=${encodeURIComponent(String(value))}`)
  }
}

/** The leaves of an answer's XML by their names, and batch results as lists. */
function fromXml(xml: string): Fields {
  const leaves: Record<string, unknown> = {}
  for (const [, name, text] of xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)) leaves[name!] ??= unescaped(text!)
  const results = [...xml.matchAll(/<(\w+BatchResultEntry)>(.*?)<\/\1>/gs)]
  if (results.length > 0) leaves['Successful'] = results.map(([, , inner]) => fromXml(inner!))
  const attributes = pairsOf(xml, 'Attribute', 'Name')
  if (attributes !== undefined) leaves['Attributes'] = attributes
  return leaves
}

/** What only some actions answer with, read for them alone. */
function outputOf({ kind }: Action, xml: string): Fields {
  switch (kind) {
    case 'receive':
      return messagesOf(xml)
    case 'listQueues':
    case 'listSources':
      return { ...fromXml(xml), QueueUrls: textsOf(xml, 'QueueUrl') }
    case 'listTags':
      return { Tags: pairsOf(xml, 'Tag', 'Key') ?? {} }
    case 'tasks':
      return { Results: elementsOf(xml, 'ListMessageMoveTasksResultEntry').map(fromXml) }
    default:
      return fromXml(xml)
  }
}

function elementsOf(xml: string, name: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${name}>(.*?)</${name}>`, 'gs'))].map(([, inner]) => inner!)
}

function textsOf(xml: string, name: string): readonly string[] {
  return elementsOf(xml, name).map(unescaped)
}

function messagesOf(xml: string): Fields {
  const messages = elementsOf(xml, 'Message').map((inner) => {
    const leaf = (name: string): string =>
      unescaped(new RegExp(`<${name}>([^<]*)</${name}>`).exec(inner)?.[1] ?? '')
    const own = [
      ...inner.matchAll(
        /<MessageAttribute><Name>([^<]*)<\/Name><Value><StringValue>([^<]*)<\/StringValue>.*?<\/MessageAttribute>/gs,
      ),
    ]
    return {
      MessageId: leaf('MessageId'),
      ReceiptHandle: leaf('ReceiptHandle'),
      Body: leaf('Body'),
      Attributes: pairsOf(inner, 'Attribute', 'Name') ?? {},
      MessageAttributes: Object.fromEntries(
        own.map(([, name, value]) => [unescaped(name!), { StringValue: unescaped(value!) }]),
      ),
    }
  })
  return { Messages: messages }
}

function pairsOf(xml: string, element: string, key: string): Readonly<Record<string, string>> | undefined {
  const pair = `<${element}><${key}>([^<]*)</${key}><Value>([^<]*)</Value></${element}>`
  const found = [...xml.matchAll(new RegExp(pair, 'g'))]
  if (found.length === 0) return undefined
  return Object.fromEntries(found.map(([, name, value]) => [unescaped(name!), unescaped(value!)]))
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescaped(text: string): string {
  return text.replace(/&(#x([0-9A-Fa-f]+)|\w+);/g, (_, name: string, hex: string | undefined) =>
    hex === undefined ? (ENTITIES[name] ?? '?') : String.fromCodePoint(Number.parseInt(hex, 16)),
  )
}
