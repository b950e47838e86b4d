/**
 * Live messages as objects for lines of JSON, in the order of their sending: what a SendMessage needs to send one
 * again, in the words of its input, and what has happened to it, which no SendMessage can say.
 */

import type { StoredLog } from '../log/stored-log.ts'
import { decodeMessage, holdsMessage, type StoredMessage, seqIn } from '../queue/event-codec.ts'
import {
  DELAYED,
  DUE_AT,
  FIRST_RECEIVED,
  LENGTH,
  POSITION,
  READY,
  RECEIVE_COUNT,
  SENT_AT,
  SEQ,
  SOURCE,
} from '../queue/message-table.ts'
import { isLiveAt } from '../queue/relocate.ts'
import type { State } from '../queue/state.ts'
import { isoDate } from '../runtime/dates.ts'
import { type Line, phaseName, readContent } from './event-line.ts'

export async function* messageLines(log: StoredLog, state: State): AsyncIterable<Line> {
  const { index, messages } = state
  for (const seq of await liveNumbers(log, state)) {
    const slot = index.get(seq)
    const record = await log.readAt(messages.number(slot, POSITION), messages.int(slot, LENGTH))
    yield messageLine(state, slot, decodeMessage(record))
  }
}

/** Relocated messages stand behind newer ones in the log; a FIFO queue needs them in their old order. */
async function liveNumbers(log: StoredLog, state: State): Promise<Float64Array> {
  const numbers = new Float64Array(state.messages.size)
  let count = 0
  await log.replay(log.start, (position, buffer, offset) => {
    if (!holdsMessage(buffer, offset)) return
    const seq = seqIn(buffer, offset)
    if (isLiveAt(state, seq, position)) numbers[count++] = seq
  })
  return numbers.sort()
}

function messageLine(state: State, slot: number, message: StoredMessage): Line {
  return {
    kind: 'message',
    queue: state.queueOf(slot).name,
    input: inputOf(message),
    state: { ...historyOf(state, slot), ...idOf(message) },
  }
}

function inputOf({ content, group, dedupId }: StoredMessage): Line {
  const { body, attributes, traceHeader } = readContent(content)
  return {
    MessageBody: body,
    ...(attributes === undefined ? {} : { MessageAttributes: attributes }),
    ...(group === undefined ? {} : { MessageGroupId: group }),
    ...(dedupId === undefined ? {} : { MessageDeduplicationId: dedupId }),
    ...(traceHeader === undefined ? {} : { MessageSystemAttributes: traceAttribute(traceHeader) }),
  }
}

function traceAttribute(value: string): Line {
  return { AWSTraceHeader: { DataType: 'String', StringValue: value } }
}

function historyOf(state: State, slot: number): Line {
  const { messages, sources } = state
  const sentAt = messages.number(slot, SENT_AT)
  const receiveCount = messages.int(slot, RECEIVE_COUNT)
  const source = sources.get(messages.other(slot, SOURCE))
  return {
    messageId: state.messageId(messages.number(slot, SEQ)),
    phase: phaseName(messages.phase(slot)),
    ...dueOf(state, slot),
    sentAt: isoDate(sentAt),
    receiveCount,
    ...(receiveCount === 0
      ? {}
      : { firstReceivedAt: isoDate(sentAt + messages.other(slot, FIRST_RECEIVED)) }),
    ...(source === undefined ? {} : { deadLetteredFrom: source }),
  }
}

function idOf({ messageId }: StoredMessage): Line {
  return messageId === undefined ? {} : { messageId }
}

/** When its delay or its lease ends. */
function dueOf(state: State, slot: number): Line {
  const { messages } = state
  const phase = messages.phase(slot)
  if (phase === READY) return {}
  const { fifo, settings } = state.queueOf(slot)
  // On a FIFO queue the queue's delay decides, and the message's own is not kept.
  const byQueue = phase === DELAYED && fifo
  const dueAt = byQueue ? messages.number(slot, SENT_AT) + settings.delayMs : messages.number(slot, DUE_AT)
  return { dueAt: isoDate(dueAt) }
}
