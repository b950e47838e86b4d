/**
 * What Pabal writes beside an event so that a reader can tell whether it counts (fold.ts): the key of its Kafka record.
 * The value is the event's record and nothing else (queue/event-codec.ts), so that any Kafka consumer can read it.
 *
 *     key      0      1            9
 *     record   │ 'R'  │ claim u64  │ at u64       'S' instead of 'R': the first record of a segment
 *     claim    │ 'C'                              value: {"node":"…","address":"…"} as JSON
 *
 * A segment of the log begins behind a claim, so that a log which is trimmed to a claim can be read from its start.
 */

import type { Marks } from './fold.ts'
import type { SeenRecord } from './record-batch.ts'

const RECORD = 0x52
const SEGMENT = 0x53
const CLAIM = 0x43
const CLAIM_AT = 1
const AT_AT = 9
export const RECORD_KEY_BYTES = 17
const HIGH = 2 ** 32

/** The value of a claim: who claims, and where that one is reached. */
export interface Claimant {
  readonly node: string
  readonly address: string
}

export const CLAIM_KEY: Uint8Array = Uint8Array.of(CLAIM)

export function writeRecordKey(
  buffer: Buffer,
  key: number,
  begins: boolean,
  claim: number,
  at: number,
): void {
  buffer[key] = begins ? SEGMENT : RECORD
  writeOffset(buffer, claim, key + CLAIM_AT)
  writeOffset(buffer, at, key + AT_AT)
}

/** Marks that are read into again and again: a start reads millions. */
export interface ReadMarks extends Marks {
  kind: Marks['kind']
  claim: number
  at: number
}

export function newMarks(): ReadMarks {
  return { kind: 'foreign', claim: 0, at: 0 }
}

export function readMarks(marks: ReadMarks, { buffer, foreign, keyAt, keyBytes }: SeenRecord): void {
  const mark = foreign || keyBytes === 0 ? 0 : buffer[keyAt]
  if (mark === CLAIM && keyBytes === CLAIM_KEY.length) {
    marks.kind = 'claim'
  } else if ((mark === RECORD || mark === SEGMENT) && keyBytes === RECORD_KEY_BYTES) {
    marks.kind = 'record'
    marks.claim = readOffset(buffer, keyAt + CLAIM_AT)
    marks.at = readOffset(buffer, keyAt + AT_AT)
  } else marks.kind = 'foreign'
}

/** Whether a record of ours is the first of a segment. */
export function beginsSegment({ buffer, keyAt }: SeenRecord): boolean {
  return buffer[keyAt] === SEGMENT
}

export function encodeClaimant({ node, address }: Claimant): Buffer {
  return Buffer.from(JSON.stringify({ node, address }))
}

/** Whoever wrote something else there is nobody we know. */
export function decodeClaimant({ buffer, valueAt, valueBytes }: SeenRecord): Claimant {
  try {
    const { node, address } = JSON.parse(buffer.toString('utf8', valueAt, valueAt + valueBytes))
    return { node: String(node), address: String(address) }
  } catch {
    return { node: '', address: '' }
  }
}

function writeOffset(buffer: Buffer, offset: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(offset / HIGH), at)
  buffer.writeUInt32BE(offset % HIGH, at + 4)
}

function readOffset(buffer: Buffer, at: number): number {
  return buffer.readUInt32BE(at) * HIGH + buffer.readUInt32BE(at + 4)
}
