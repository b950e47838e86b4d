/**
 * Events as bytes, as the log keeps them. Every record begins alike; numbers are big-endian.
 *
 *     0      1        9
 *     │ kind │ at f64 │ …      the kind's highest bit marks the first event of a command: before it time passes
 *
 *     sent        seq f64 │ queue u32 │ due f64 │ MESSAGE
 *     fed         seq f64 │ queue u32 │ due f64 │ partition u32 │ offset f64 │ MESSAGE
 *     redriven    seq f64 │ queue u32 │ old seq f64 │ task (u8 + text) │ MESSAGE
 *     relocated   seq f64 │ queue u32 │ due f64 │ phase u8 │ sent f64 │ receives u32 │ before u32 │ first i32 │
 *                 leased i32 │ source (u8 + text) │ MESSAGE
 *     MESSAGE     priority u8 │ group (u8 + text) │ dedup id (u8 + text) │ content, to the record's end
 *     received, leaseRenewed                        seq f64 │ until f64 │ attempt id (u8 + text)
 *     visibilityChanged                             seq f64 │ until f64
 *     deleted, discarded, receiveUndone             seq f64
 *     deadLettered                                  seq f64 │ queue u32
 *     expired                                       queue u32 │ sent before f64
 *     opened                                        salt 16 │ next seq f64 │ next queue id u32
 *     queueDefined, moveTaskChanged                 JSON      (rare, and easier to read for whoever reads the log)
 *     queueDeleted, queuePurged                     queue u32
 *     departing   seq f64 │ number f64 │ from queue u32 │ redrive u8 │ target (u8 + text) │ source (u8 + text) │
 *                 task (u8 + text)
 *     departed                                      seq f64
 *     returned                                      seq f64 │ task (u8 + text)
 *     arrived     seq f64 │ queue u32 │ from shard u32 │ number f64 │ then as relocated from `due`, with the MessageId
 *                 (u8 + text) before the source
 *     arrivalsKnown                                 queue u32 │ from shard u32 │ number f64
 *     fedTo       queue u32 │ topic id (u8 + text) │ partition u32 │ next f64
 *     arrivalsTold                                  from shard u32 │ arrived f64 │ refused f64 │ queue (u8 + text)
 *
 * Texts are UTF-8 of at most 255 bytes; length 255 stands for "none". A record's meaning never changes: a new
 * layout gets a new kind.
 */

import type { Arrived, Event, MessageEvent, QueueDefinition, Relocated, Sent } from './event.ts'
import type { MoveTask } from './move-task.ts'

const KINDS = {
  opened: 1,
  queueDefined: 2,
  queueDeleted: 3,
  queuePurged: 4,
  sent: 5,
  received: 6,
  receiveUndone: 7,
  deleted: 8,
  visibilityChanged: 9,
  leaseRenewed: 10,
  deadLettered: 11,
  discarded: 12,
  expired: 13,
  moveTaskChanged: 14,
  redriven: 15,
  relocated: 16,
  departing: 17,
  departed: 18,
  returned: 19,
  arrived: 20,
  arrivalsKnown: 21,
  fed: 22,
  fedTo: 23,
  arrivalsTold: 24,
} as const satisfies Record<Event['kind'], number>

const NAMES = Object.keys(KINDS) as Event['kind'][]
const FIRST = 0x80
const TEXT_NONE = 255
const TEXT_BYTES_MAX = 254
const HEAD_BYTES_MAX = 64 * 1024

/** What the log is given: `head` holds until the next event is encoded; the content follows it in the record. */
export interface Encoded {
  readonly head: Uint8Array
  readonly content: Uint8Array | undefined
}

class Writer {
  buffer = Buffer.allocUnsafe(HEAD_BYTES_MAX)
  at = 0

  u8(value: number): void {
    this.buffer[this.at++] = value
  }

  u32(value: number): void {
    this.at = this.buffer.writeUInt32BE(value, this.at)
  }

  i32(value: number): void {
    this.at = this.buffer.writeInt32BE(value, this.at)
  }

  f64(value: number): void {
    this.at = this.buffer.writeDoubleBE(value, this.at)
  }

  bytes(value: Uint8Array): void {
    this.buffer.set(value, this.at)
    this.at += value.length
  }

  text(value: string | undefined): void {
    if (value === undefined) return this.u8(TEXT_NONE)
    const bytes = this.buffer.write(value, this.at + 1)
    if (bytes > TEXT_BYTES_MAX) throw new Error(`a text of ${bytes} bytes does not fit a record`)
    this.u8(bytes)
    this.at += bytes
  }

  json(value: unknown): void {
    const text = JSON.stringify(value)
    const bytes = Buffer.byteLength(text)
    if (this.at + bytes > this.buffer.length) {
      const grown = Buffer.allocUnsafe(this.at + bytes)
      this.buffer.copy(grown, 0, 0, this.at)
      this.buffer = grown
    }
    this.at += this.buffer.write(text, this.at)
  }
}

const writer = new Writer()
const NO_CONTENT = undefined

/** `first`: the first event of its command. */
export function encodeEvent(event: Event, first: boolean): Encoded {
  writer.at = 0
  writer.u8(KINDS[event.kind] | (first ? FIRST : 0))
  writer.f64(event.at)
  const content = writeFields(event)
  return { head: writer.buffer.subarray(0, writer.at), content }
}

function writeFields(event: Event): Uint8Array | undefined {
  switch (event.kind) {
    case 'sent':
      writer.f64(event.seq)
      writer.u32(event.queueId)
      writer.f64(event.dueAt)
      return writeMessage(event)
    case 'fed':
      writer.f64(event.seq)
      writer.u32(event.queueId)
      writer.f64(event.dueAt)
      writer.u32(event.partition)
      writer.f64(event.offset)
      return writeMessage(event)
    case 'redriven':
      writer.f64(event.seq)
      writer.u32(event.queueId)
      writer.f64(event.oldSeq)
      writer.text(event.taskId)
      return writeMessage(event)
    case 'relocated':
      writer.f64(event.seq)
      writer.u32(event.queueId)
      writeHistory(event)
      writer.text(event.source)
      return writeMessage(event)
    case 'arrived':
      writer.f64(event.seq)
      writer.u32(event.queueId)
      writer.u32(event.from)
      writer.f64(event.number)
      writeHistory(event)
      writer.text(event.messageId)
      writer.text(event.source)
      return writeMessage(event)
    case 'received':
    case 'leaseRenewed':
      writer.f64(event.seq)
      writer.f64(event.until)
      writer.text(event.attemptId)
      return NO_CONTENT
    case 'visibilityChanged':
      writer.f64(event.seq)
      writer.f64(event.until)
      return NO_CONTENT
    case 'deleted':
    case 'discarded':
    case 'receiveUndone':
    case 'departed':
      writer.f64(event.seq)
      return NO_CONTENT
    case 'departing':
      writer.f64(event.seq)
      writer.f64(event.number)
      writer.u32(event.fromQueueId)
      writer.u8(event.redrive ? 1 : 0)
      writer.text(event.target)
      writer.text(event.source)
      writer.text(event.taskId)
      return NO_CONTENT
    case 'returned':
      writer.f64(event.seq)
      writer.text(event.taskId)
      return NO_CONTENT
    case 'arrivalsKnown':
      writer.u32(event.queueId)
      writer.u32(event.from)
      writer.f64(event.number)
      return NO_CONTENT
    case 'arrivalsTold':
      writer.u32(event.from)
      writer.f64(event.arrived)
      writer.f64(event.refused)
      writer.text(event.queue)
      return NO_CONTENT
    case 'fedTo':
      writer.u32(event.queueId)
      writer.text(event.topicId)
      writer.u32(event.partition)
      writer.f64(event.next)
      return NO_CONTENT
    case 'deadLettered':
      writer.f64(event.seq)
      writer.u32(event.queueId)
      return NO_CONTENT
    case 'expired':
      writer.u32(event.queueId)
      writer.f64(event.sentBefore)
      return NO_CONTENT
    case 'opened':
      writer.bytes(event.salt)
      writer.f64(event.nextSeq)
      writer.u32(event.nextQueueId)
      return NO_CONTENT
    case 'queueDefined':
      writer.json(event.definition)
      return NO_CONTENT
    case 'moveTaskChanged':
      writer.json(event.task)
      return NO_CONTENT
    case 'queueDeleted':
    case 'queuePurged':
      writer.u32(event.queueId)
      return NO_CONTENT
  }
}

function writeHistory(event: Relocated | Arrived): void {
  writer.f64(event.dueAt)
  writer.u8(event.phase)
  writer.f64(event.sentAt)
  writer.u32(event.receiveCount)
  writer.u32(event.countBefore)
  writer.i32(event.firstReceivedMs)
  writer.i32(event.leasedMs)
}

function writeMessage(event: MessageEvent): Uint8Array {
  writer.u8(event.priority)
  writer.text(event.group)
  writer.text(event.dedupId)
  return event.content
}

class Reader {
  buffer: Buffer = Buffer.alloc(0)
  at = 0
  end = 0

  u8(): number {
    return this.buffer[this.at++]!
  }

  u32(): number {
    this.at += 4
    return this.buffer.readUInt32BE(this.at - 4)
  }

  i32(): number {
    this.at += 4
    return this.buffer.readInt32BE(this.at - 4)
  }

  f64(): number {
    this.at += 8
    return this.buffer.readDoubleBE(this.at - 8)
  }

  text(): string | undefined {
    const bytes = this.u8()
    if (bytes === TEXT_NONE) return undefined
    this.at += bytes
    return this.buffer.toString('utf8', this.at - bytes, this.at)
  }

  rest(): Buffer {
    return this.buffer.subarray(this.at, this.end)
  }

  json(): unknown {
    return JSON.parse(this.buffer.toString('utf8', this.at, this.end))
  }
}

const reader = new Reader()

/** True where a record is the first of its command's. */
export function isFirst(buffer: Buffer, offset: number): boolean {
  return (buffer[offset]! & FIRST) !== 0
}

/** True where a record holds a message, so that it is needed for as long as the message lives. */
export function holdsMessage(buffer: Buffer, offset: number): boolean {
  const kind = buffer[offset]! & ~FIRST
  if (kind === KINDS.sent || kind === KINDS.fed) return true
  return kind === KINDS.redriven || kind === KINDS.relocated || kind === KINDS.arrived
}

/** Sequence number of a record for which {@link holdsMessage} is true. */
export function seqIn(buffer: Buffer, offset: number): number {
  return buffer.readDoubleBE(offset + 9)
}

/** True where a record is a sent message. */
export function isSent(buffer: Buffer, offset: number): boolean {
  return (buffer[offset]! & ~FIRST) === KINDS.sent
}

/** Where a sent message's fields are in its record: start-up reads them there. */
export const SENT_AT_PLACE = 1
export const SENT_SEQ_PLACE = 9
export const SENT_QUEUE_PLACE = 17
export const SENT_DUE_PLACE = 21
export const SENT_PRIORITY_PLACE = 29
const SENT_GROUP_PLACE = 30
const PLAIN_BYTES_MIN = 32

/** How much of a record says all but a message's content: what recovery looks at. */
export function headBytes(buffer: Buffer, offset: number, length: number): number {
  if (isPlainSent(buffer, offset, length)) return PLAIN_BYTES_MIN
  if (!holdsMessage(buffer, offset)) return length
  return length - decodeMessage(buffer.subarray(offset, offset + length)).content.length
}

/** True where a record is a sent message that has neither a group nor a deduplication id. */
export function isPlainSent(buffer: Buffer, offset: number, length: number): boolean {
  return (
    isSent(buffer, offset) &&
    length >= PLAIN_BYTES_MIN &&
    buffer[offset + SENT_GROUP_PLACE] === TEXT_NONE &&
    buffer[offset + SENT_GROUP_PLACE + 1] === TEXT_NONE
  )
}

/** A sent message without its content, as recovery folds it in: one object for all of them. */
export type SentHead = { -readonly [Field in keyof Sent]: Sent[Field] }

export function newSentHead(): SentHead {
  return {
    kind: 'sent',
    at: 0,
    seq: 0,
    queueId: 0,
    dueAt: 0,
    priority: 0,
    group: undefined,
    dedupId: undefined,
    content: new Uint8Array(0),
  }
}

/**
 * As {@link decodeEvent} for a record for which {@link isSent} is true, into an object that is there: start-up
 * reads millions, and an event, a view of its content and their collection took longer than folding them in.
 * `view`: of the buffer's bytes.
 */
export function decodeSentHead(into: SentHead, buffer: Buffer, view: DataView, offset: number): void {
  into.at = view.getFloat64(offset + SENT_AT_PLACE)
  into.seq = view.getFloat64(offset + SENT_SEQ_PLACE)
  into.queueId = view.getUint32(offset + SENT_QUEUE_PLACE)
  into.dueAt = view.getFloat64(offset + SENT_DUE_PLACE)
  into.priority = buffer[offset + SENT_PRIORITY_PLACE]!
  reader.buffer = buffer
  reader.at = offset + SENT_GROUP_PLACE
  into.group = reader.text()
  into.dedupId = reader.text()
}

/** The event in `length` bytes at `offset`. A content is a view into `buffer`. Throws for what is no event. */
export function decodeEvent(buffer: Buffer, offset: number, length: number): Event {
  reader.buffer = buffer
  reader.at = offset
  reader.end = offset + length
  const kind = NAMES[(reader.u8() & ~FIRST) - 1]
  const at = reader.f64()
  if (kind === undefined) throw new Error(`a record of unknown kind ${buffer[offset]! & ~FIRST}`)
  const event = readFields(kind, at)
  // Not a number, where a text's length was missing.
  if (!(reader.at <= reader.end)) throw new Error(`a record of kind ${kind} that ends early`)
  return event
}

function readFields(kind: Event['kind'], at: number): Event {
  switch (kind) {
    case 'sent':
      return { kind, at, seq: reader.f64(), queueId: reader.u32(), dueAt: reader.f64(), ...readMessage() }
    case 'fed':
      return {
        kind,
        at,
        seq: reader.f64(),
        queueId: reader.u32(),
        dueAt: reader.f64(),
        partition: reader.u32(),
        offset: reader.f64(),
        ...readMessage(),
      }
    case 'redriven':
      return {
        kind,
        at,
        seq: reader.f64(),
        queueId: reader.u32(),
        oldSeq: reader.f64(),
        taskId: reader.text() ?? '',
        ...readMessage(),
      }
    case 'relocated':
      return {
        kind,
        at,
        seq: reader.f64(),
        queueId: reader.u32(),
        ...readHistory(),
        source: reader.text(),
        ...readMessage(),
      }
    case 'arrived':
      return {
        kind,
        at,
        seq: reader.f64(),
        queueId: reader.u32(),
        from: reader.u32(),
        number: reader.f64(),
        ...readHistory(),
        messageId: reader.text(),
        source: reader.text(),
        ...readMessage(),
      }
    case 'departing':
      return {
        kind,
        at,
        seq: reader.f64(),
        number: reader.f64(),
        fromQueueId: reader.u32(),
        redrive: reader.u8() === 1,
        target: reader.text() ?? '',
        source: reader.text() ?? '',
        taskId: reader.text(),
      }
    case 'returned':
      return { kind, at, seq: reader.f64(), taskId: reader.text() }
    case 'arrivalsKnown':
      return { kind, at, queueId: reader.u32(), from: reader.u32(), number: reader.f64() }
    case 'arrivalsTold':
      return {
        kind,
        at,
        from: reader.u32(),
        arrived: reader.f64(),
        refused: reader.f64(),
        queue: reader.text(),
      }
    case 'fedTo':
      return {
        kind,
        at,
        queueId: reader.u32(),
        topicId: reader.text() ?? '',
        partition: reader.u32(),
        next: reader.f64(),
      }
    case 'received':
    case 'leaseRenewed':
      return { kind, at, seq: reader.f64(), until: reader.f64(), attemptId: reader.text() }
    case 'visibilityChanged':
      return { kind, at, seq: reader.f64(), until: reader.f64() }
    case 'deleted':
    case 'discarded':
    case 'receiveUndone':
    case 'departed':
      return { kind, at, seq: reader.f64() }
    case 'deadLettered':
      return { kind, at, seq: reader.f64(), queueId: reader.u32() }
    case 'expired':
      return { kind, at, queueId: reader.u32(), sentBefore: reader.f64() }
    case 'opened':
      return { kind, at, salt: readSalt(), nextSeq: reader.f64(), nextQueueId: reader.u32() }
    case 'queueDefined':
      return { kind, at, definition: reader.json() as QueueDefinition }
    case 'moveTaskChanged':
      return { kind, at, task: reader.json() as MoveTask }
    case 'queueDeleted':
    case 'queuePurged':
      return { kind, at, queueId: reader.u32() }
  }
}

function readHistory() {
  return {
    dueAt: reader.f64(),
    phase: reader.u8() as 1 | 2 | 3,
    sentAt: reader.f64(),
    receiveCount: reader.u32(),
    countBefore: reader.u32(),
    firstReceivedMs: reader.i32(),
    leasedMs: reader.i32(),
  }
}

function readSalt(): Uint8Array {
  reader.at += 16
  return Uint8Array.from(reader.buffer.subarray(reader.at - 16, reader.at))
}

/** The part of a record that a delivery needs. */
export interface StoredMessage {
  readonly priority: number
  readonly group: string | undefined
  readonly dedupId: string | undefined
  readonly content: Uint8Array
  /** Where it is not the one that its number gives: it came from another shard. */
  readonly messageId?: string
}

function readMessage(): StoredMessage {
  return { priority: reader.u8(), group: reader.text(), dedupId: reader.text(), content: reader.rest() }
}

const MESSAGE_AT = {
  [KINDS.sent]: 29,
  [KINDS.fed]: 41,
  [KINDS.redriven]: 29,
  [KINDS.relocated]: 54,
  [KINDS.arrived]: 66,
} as const

/** Only the message in a record for which {@link holdsMessage} is true: cheaper than the whole event. */
export function decodeMessage(record: Buffer): StoredMessage {
  const kind = (record[0]! & ~FIRST) as keyof typeof MESSAGE_AT
  reader.buffer = record
  reader.at = MESSAGE_AT[kind]
  reader.end = record.length
  if (kind === KINDS.arrived) return readArrived()
  if (kind === KINDS.redriven || kind === KINDS.relocated) reader.text()
  return readMessage()
}

function readArrived(): StoredMessage {
  const messageId = reader.text()
  reader.text()
  return messageId === undefined ? readMessage() : { ...readMessage(), messageId }
}
