/**
 * Records that name the state they were decided on, a hash of all records before them: whoever reads them finds every
 * one that was decided on another state, or that is there twice.
 */

import { deepEqual, equal } from 'node:assert/strict'
import type { Log } from '../../src/log/log.ts'
import { text } from '../log/conformance.ts'

const PADDING = ' '.repeat(200)

/** The state of the game: how many records it rests on, and a hash of them all. */
export interface State {
  readonly count: number
  readonly hash: number
}

export const BEGINNING: State = { count: 0, hash: 7 }

/** `head` or the record's name, the state it was decided on, and padding that makes segments fill. */
export function encode(name: string, { count, hash }: State): Buffer {
  return text(`${name} ${count} ${hash} ${PADDING}`)
}

export function evolve({ count, hash }: State, name: string): State {
  let mixed = hash
  for (const byte of text(name)) mixed = Math.imul(mixed ^ byte, 0x0100_0193) >>> 0
  return { count: count + 1, hash: mixed }
}

export interface Read {
  readonly name: string
  readonly state: State
}

export function decode(record: string): Read {
  const [name = '', count, hash] = record.split(' ')
  return { name, state: { count: Number(count), hash: Number(hash) } }
}

export async function read(log: Log): Promise<readonly Read[]> {
  const found: Read[] = []
  await log.replay(log.start, (_position, buffer, offset, length) => {
    found.push(decode(buffer.toString('latin1', offset, offset + length)))
  })
  return found
}

/** What a log begins with after a trim, and otherwise where its owner puts it. It changes no state. */
export const HEAD = 'head'

/** The state that the records make, and the names of those that are in it. */
export function checkChain(records: readonly Read[]): {
  readonly state: State
  readonly seen: readonly string[]
} {
  if (records.length === 0) return { state: BEGINNING, seen: [] }
  // However much was trimmed, what is left begins with what every segment begins with.
  equal(records[0]!.name, HEAD)
  let { state } = records[0]!
  const seen: string[] = []
  for (const record of records) {
    deepEqual(record.state, state)
    if (record.name === HEAD) continue
    state = evolve(state, record.name)
    seen.push(record.name)
  }
  equal(new Set(seen).size, seen.length)
  return { state, seen }
}
