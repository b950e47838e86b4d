/**
 * Commands, answers and failures as they go from broker to broker (frame.ts). Brokers of a cluster are of one version
 * or of two that follow each other: a field may be added, and one that is not known is not looked at.
 */

import type { Answers, Command, Delivered, Outgoing, Traveller } from '../queue/command.ts'
import type { QueueDefinition } from '../queue/event.ts'
import type { Problem } from '../queue/problem.ts'
import { Unavailable } from '../shard/unavailable.ts'
import { PartMissing, type Passage, SpreadDiffers } from './ask-shard.ts'
import { NotHere } from './not-here.ts'

export interface Request {
  readonly shard: number
  readonly command: Command
  readonly passage: Passage | undefined
}

export interface Packed {
  readonly json: unknown
  readonly contents: readonly Uint8Array[]
}

type Answer = Answers[keyof Answers] | Problem
interface WithContent {
  readonly content: Uint8Array
}
const NO_CONTENTS: readonly Uint8Array[] = []

export function packRequest({ shard, command, passage }: Request): Packed {
  switch (command.kind) {
    case 'send': {
      const { entries, ...rest } = command
      return packAround({ shard, passage, command: rest }, entries)
    }
    case 'arrive': {
      const { travellers, ...rest } = command
      return packAround({ shard, passage, command: rest }, travellers)
    }
    default:
      return { json: { shard, passage, command }, contents: NO_CONTENTS }
  }
}

/** Messages stand beside what they belong to, each with its content's length in the content's place. */
function packAround(json: object, messages: readonly WithContent[]): Packed {
  const plain = messages.map((message) => ({ ...message, content: message.content.length }))
  return { json: { ...json, messages: plain }, contents: messages.map(({ content }) => content) }
}

export function unpackRequest(json: unknown, contents: Buffer): Request {
  const { messages, ...request } = json as Request & { messages?: readonly Lengths[] }
  if (messages === undefined) return request
  const list = withContents(messages, contents)
  const { command } = request
  if (command.kind === 'send') return { ...request, command: { ...command, entries: list as Outgoing[] } }
  if (command.kind === 'arrive') {
    return { ...request, command: { ...command, travellers: list as unknown as Traveller[] } }
  }
  return request
}

export function packAnswer(answer: Answer): Packed {
  if (!('messages' in answer)) return { json: answer, contents: NO_CONTENTS }
  return packAround({}, answer.messages)
}

export function unpackAnswer(json: unknown, contents: Buffer): Answer {
  const answer = json as Answer & { messages?: readonly Lengths[]; results?: readonly unknown[] }
  if (answer.messages !== undefined) {
    return { messages: withContents(answer.messages, contents) as unknown as Delivered[] }
  }
  // JSON has no undefined: what went well in a list comes as null.
  if (answer.results !== undefined)
    return { results: answer.results.map((result) => result ?? undefined) } as Answer
  return answer
}

interface Lengths {
  readonly content: unknown
}

function withContents(messages: readonly Lengths[], contents: Buffer): readonly WithContent[] {
  let at = 0
  return messages.map((message) => {
    const from = at
    at += Number(message.content)
    return { ...message, content: contents.subarray(from, at) }
  })
}

interface PackedError {
  readonly name: string
  readonly message: string
  readonly definition?: QueueDefinition
}

export function packError(error: unknown): PackedError {
  if (error instanceof SpreadDiffers) {
    return { name: error.name, message: error.message, definition: error.definition }
  }
  if (error instanceof Unavailable || error instanceof NotHere || error instanceof PartMissing) {
    return { name: error.name, message: error.message }
  }
  // A mistake of ours: what it was is in that broker's log.
  return { name: 'Unavailable', message: 'Another broker failed; whether this was done is not known.' }
}

export function unpackError(json: unknown): Error {
  const { name, message, definition } = json as PackedError
  if (name === 'SpreadDiffers' && definition !== undefined) return new SpreadDiffers(definition)
  if (name === 'PartMissing') return new PartMissing(message)
  if (name === 'NotHere') return new NotHere(message)
  return new Unavailable(message)
}
