/**
 * The JSON protocol, spoken by `@aws-sdk/client-sqs`. Its own body checks stay on: a wrong MD5 fails the call.
 * A refusal is read from the wire and not from the SDK's exception, which shows the legacy code or the shape as it likes.
 */

import { Agent } from 'node:http'
import * as sdk from '@aws-sdk/client-sqs'
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

const commands = {
  AddPermission: sdk.AddPermissionCommand,
  CancelMessageMoveTask: sdk.CancelMessageMoveTaskCommand,
  ChangeMessageVisibility: sdk.ChangeMessageVisibilityCommand,
  ChangeMessageVisibilityBatch: sdk.ChangeMessageVisibilityBatchCommand,
  CreateQueue: sdk.CreateQueueCommand,
  DeleteMessage: sdk.DeleteMessageCommand,
  DeleteMessageBatch: sdk.DeleteMessageBatchCommand,
  DeleteQueue: sdk.DeleteQueueCommand,
  GetQueueAttributes: sdk.GetQueueAttributesCommand,
  GetQueueUrl: sdk.GetQueueUrlCommand,
  ListDeadLetterSourceQueues: sdk.ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasks: sdk.ListMessageMoveTasksCommand,
  ListQueueTags: sdk.ListQueueTagsCommand,
  ListQueues: sdk.ListQueuesCommand,
  PurgeQueue: sdk.PurgeQueueCommand,
  ReceiveMessage: sdk.ReceiveMessageCommand,
  RemovePermission: sdk.RemovePermissionCommand,
  SendMessage: sdk.SendMessageCommand,
  SendMessageBatch: sdk.SendMessageBatchCommand,
  SetQueueAttributes: sdk.SetQueueAttributesCommand,
  StartMessageMoveTask: sdk.StartMessageMoveTaskCommand,
  TagQueue: sdk.TagQueueCommand,
  UntagQueue: sdk.UntagQueueCommand,
} as const

/** One action's command; the table above is what makes the cast true. */
type Command = sdk.SendMessageCommand
type CommandClass = new (input: object) => Command

interface HttpReply {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>
  body: unknown
}

export function jsonClient(endpoint: string, region = REGION): Sqs {
  const agent = new Agent({ keepAlive: true })
  const client = new sdk.SQSClient({
    endpoint,
    region,
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: { httpAgent: agent },
  })
  let last: Wire | undefined

  const call = async <A extends Action>(
    action: A,
    input: Input<A>,
    options: CallOptions = {},
  ): Promise<Output<A>> => {
    const command = new (commands[action] as unknown as CommandClass)(input)
    let wire: Wire | undefined
    addHeaders(command, options.headers ?? {})
    onReply(command, (reply) => {
      wire = reply
      last = reply
    })
    try {
      const { $metadata, ...output } = await client.send(command)
      return output as unknown as Output<A>
    } catch (cause) {
      if (wire === undefined || wire.status < 300) throw cause
      throw refusal(wire)
    }
  }

  return {
    protocol: 'JSON',
    call,
    lastWire: () => last as Wire,
    close: () => {
      client.destroy()
      agent.destroy()
    },
  }
}

function addHeaders(command: Command, headers: Readonly<Record<string, string>>): void {
  command.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: object }).headers, headers)
      return next(args)
    },
    { step: 'build', name: 'testHeaders' },
  )
}

/** Reads the whole body where it comes off the socket, and hands the SDK the bytes instead of the stream. */
function onReply(command: Command, seen: (wire: Wire) => void): void {
  command.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      const reply = result.response as HttpReply
      const bytes = await readAll(reply.body as AsyncIterable<Uint8Array>)
      reply.body = new Uint8Array(bytes)
      seen({ status: reply.statusCode, headers: reply.headers, body: bytes.toString('utf8') })
      return result
    },
    { step: 'deserialize', name: 'testWire', priority: 'low' },
  )
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

/** `{"__type":"com.amazonaws.sqs#Shape","message":"…"}` and `x-amzn-query-error: Code;Sender`. */
function refusal(wire: Wire): SqsError {
  const [code = '', fault = ''] = (wire.headers['x-amzn-query-error'] ?? '').split(';')
  const body = JSON.parse(wire.body) as { __type?: string; message?: string }
  const shape = body.__type?.split('#').at(-1) ?? ''
  return new SqsError({ code, shape, status: wire.status, message: body.message ?? '', fault })
}
