/** Each structure of the core beside the plainest thing that does the same, under random use. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Ages } from '../../src/queue/ages.ts'
import { ExpiringMap } from '../../src/queue/expiring-map.ts'
import type { Lane } from '../../src/queue/lanes.ts'
import { DEDUPLICATION_MS } from '../../src/queue/limits.ts'
import { messageIdOf } from '../../src/queue/message-id.ts'
import {
  DUE_AT,
  IN_FLIGHT,
  IN_RETURNED,
  LENGTH,
  MessageTable,
  PLACE,
  RECORD_BYTES,
  SENT_AT,
  SEQ,
} from '../../src/queue/message-table.ts'
import { Names } from '../../src/queue/names.ts'
import { decodeReceipt, encodeReceipt } from '../../src/queue/receipt.ts'
import { SlotHeap } from '../../src/queue/slot-heap.ts'
import { SlotIndex } from '../../src/queue/slot-index.ts'
import { insertInOrder, type SlotList, unlink } from '../../src/queue/slot-list.ts'
import { Space } from '../../src/queue/space.ts'
import { Turns } from '../../src/queue/turns.ts'

const RUNS = { numRuns: 60 }
const SALT = new Int32Array([1, -2, 3, -4])

describe('the table of messages', () => {
  it('keeps fields apart, and hands a released record out again, zeroed', () => {
    const table = new MessageTable()
    const slots = Array.from({ length: 20_000 }, (_, index) => fill(table, index + 1))
    equal(table.size, 20_000)
    for (const [index, slot] of slots.entries()) {
      deepEqual([table.number(slot, SEQ), table.int(slot, LENGTH)], [index + 1, index])
      deepEqual([table.priority(slot), table.phase(slot)], [index % 10, IN_FLIGHT])
      deepEqual([table.countBefore(slot), table.has(slot, IN_RETURNED)], [index % 1000, index % 2 === 0])
    }
    for (const slot of slots) table.release(slot)
    equal(table.size, 0)
    const again = table.take(7)
    ok(slots.includes(again))
    deepEqual([table.priority(again), table.phase(again), table.countBefore(again)], [7, 0, 0])
    equal(table.int(again, LENGTH), 0)
  })

  it('counts earlier receives up to its limit and stays there', () => {
    const table = new MessageTable()
    const slot = table.take(9)
    table.setCountBefore(slot, 2 ** 24)
    deepEqual([table.countBefore(slot), table.priority(slot)], [2 ** 20 - 1, 9])
  })

  it('costs at most 84 bytes a message', () => {
    ok(RECORD_BYTES <= 84)
  })
})

function fill(table: MessageTable, seq: number): number {
  const slot = table.take((seq - 1) % 10)
  table.setNumber(slot, SEQ, seq)
  table.setInt(slot, LENGTH, seq - 1)
  table.setPhase(slot, IN_FLIGHT)
  table.setCountBefore(slot, (seq - 1) % 1000)
  table.setFlag(slot, IN_RETURNED, seq % 2 === 1)
  return slot
}

describe('the look-up by sequence number', () => {
  it('finds what is there and nothing else, whatever order it came and went in', () => {
    const many = fc.array(fc.record({ add: fc.boolean(), seq: fc.nat(3000) }), {
      maxLength: 4000,
      size: 'max',
    })
    fc.assert(
      fc.property(many, fc.constantFrom(0, 2 ** 32 - 1500, 2 ** 40), (steps, base) => {
        const table = new MessageTable()
        const index = new SlotIndex(table)
        const model = new Map<number, number>()
        for (const { add, seq: offset } of steps) {
          const seq = base + offset
          const slot = model.get(seq)
          equal(index.get(seq), slot ?? 0)
          if (add && slot === undefined) model.set(seq, insert(table, index, seq))
          if (!add && slot !== undefined) {
            index.remove(seq)
            table.release(slot)
            model.delete(seq)
          }
        }
        for (const [seq, slot] of model) equal(index.get(seq), slot)
        equal(index.get(base + 3001), 0)
      }),
      RUNS,
    )
  })

  it('survives a long life: rising numbers, of which a few stay', () => {
    const table = new MessageTable()
    const index = new SlotIndex(table)
    const live = new Map<number, number>()
    for (let seq = 1; seq <= 60_000; seq += 1) {
      live.set(seq, insert(table, index, seq))
      const old = seq - 700
      const slot = live.get(old)
      if (slot === undefined || old % 97 === 0) continue
      index.remove(old)
      table.release(slot)
      live.delete(old)
    }
    for (let seq = 1; seq <= 60_000; seq += 1) equal(index.get(seq), live.get(seq) ?? 0)
  })
})

function insert(table: MessageTable, index: SlotIndex, seq: number): number {
  const slot = table.take(0)
  table.setNumber(slot, SEQ, seq)
  index.add(seq, slot)
  return slot
}

describe('a heap of messages', () => {
  it('gives the least key first, the lower number where keys are equal', () => {
    const steps = fc.array(fc.record({ push: fc.boolean(), key: fc.nat(20), which: fc.nat() }), {
      maxLength: 300,
    })
    fc.assert(
      fc.property(steps, (list) => {
        const table = new MessageTable()
        const heap = new SlotHeap(table, DUE_AT, PLACE)
        const model: { readonly slot: number; readonly key: number; readonly seq: number }[] = []
        for (const [seq, { push, key, which }] of list.entries()) {
          if (push || model.length === 0) {
            const slot = table.take(0)
            table.setNumber(slot, SEQ, seq)
            table.setNumber(slot, DUE_AT, key)
            heap.push(slot)
            model.push({ slot, key, seq })
          } else {
            const [removed] = model.splice(which % model.length, 1)
            heap.remove(removed!.slot)
          }
          model.sort((a, b) => a.key - b.key || a.seq - b.seq)
          deepEqual([heap.size, heap.top()], [model.length, model[0]?.slot ?? 0])
        }
      }),
      RUNS,
    )
  })
})

describe('a list of messages', () => {
  it('keeps them by number, wherever they come in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { maxLength: 100 }), fc.array(fc.nat()), (seqs, removals) => {
        const table = new MessageTable()
        const list: SlotList = { head: 0, tail: 0, cursor: 0 }
        const model: { readonly seq: number; readonly slot: number }[] = []
        for (const [index, seq] of seqs.entries()) {
          const slot = table.take(0)
          table.setNumber(slot, SEQ, seq)
          insertInOrder(table, list, slot)
          model.push({ seq, slot })
          const removal = removals[index]
          if (removal === undefined || removal % 3 > 0) continue
          const [removed] = model.splice(removal % model.length, 1)
          unlink(table, list, removed!.slot)
        }
        model.sort((a, b) => a.seq - b.seq)
        for (const { slot } of model) {
          equal(list.head, slot)
          unlink(table, list, slot)
        }
        deepEqual([list.head, list.tail], [0, 0])
      }),
      RUNS,
    )
  })
})

describe('messages by age', () => {
  it('name the one sent first, also where some come in late', () => {
    const steps = fc.array(fc.record({ sentAt: fc.nat(50), remove: fc.boolean(), which: fc.nat() }))
    fc.assert(
      fc.property(steps, (list) => {
        const table = new MessageTable()
        const ages = new Ages(table)
        const model: number[] = []
        for (const [seq, { sentAt, remove, which }] of list.entries()) {
          const slot = table.take(0)
          table.setNumber(slot, SEQ, seq)
          table.setNumber(slot, SENT_AT, sentAt)
          ages.add(slot)
          model.push(slot)
          if (remove) ages.remove(model.splice(which % model.length, 1)[0]!)
          const oldest = ages.oldest()
          equal(oldest === 0, model.length === 0)
          if (oldest === 0) continue
          equal(table.number(oldest, SENT_AT), Math.min(...model.map((each) => table.number(each, SENT_AT))))
        }
      }),
      RUNS,
    )
  })
})

describe('turns', () => {
  it('go to the lowest ticket, and of equal ones to whom was served longer ago', () => {
    const steps = fc.array(fc.record({ kind: fc.nat(2), ticket: fc.nat(5), which: fc.nat() }), {
      maxLength: 200,
    })
    fc.assert(
      fc.property(steps, (list) => {
        const turns = new Turns()
        const model: Lane[] = []
        for (const [served, { kind, ticket, which }] of list.entries()) {
          const chosen = model[which % Math.max(model.length, 1)]
          if (kind === 0 || chosen === undefined) {
            const lane = { ticket, servedTurn: served, turnPlace: 0 } as Lane
            turns.add(lane)
            model.push(lane)
          } else if (kind === 1) {
            turns.remove(chosen)
            model.splice(model.indexOf(chosen), 1)
          } else {
            chosen.ticket += ticket
            chosen.servedTurn = served
            turns.delayed(chosen)
          }
          model.sort((a, b) => a.ticket - b.ticket || a.servedTurn - b.servedTurn)
          equal(turns.first(), model[0])
        }
      }),
      RUNS,
    )
  })
})

describe('a map that forgets', () => {
  it('holds each entry for its time and not longer', () => {
    const steps = fc.array(
      fc.record({
        key: fc.nat(5).map(String),
        pass: fc.nat(200_000),
        kind: fc.constantFrom('set', 'get', 'delete'),
      }),
      { maxLength: 200 },
    )
    fc.assert(
      fc.property(steps, (list) => {
        const map = new ExpiringMap<number>(DEDUPLICATION_MS)
        const model = new Map<string, { readonly value: number; readonly at: number }>()
        let now = 0
        for (const [value, { key, pass, kind }] of list.entries()) {
          now += pass
          const entry = model.get(key)
          const known = entry !== undefined && entry.at + DEDUPLICATION_MS > now ? entry.value : undefined
          equal(map.get(key, now), known)
          if (kind === 'delete') {
            map.delete(key)
            model.delete(key)
          } else if (kind === 'set') {
            map.set(key, value, now)
            model.set(key, { value, at: now })
          }
        }
        const held = [...model].filter(([, { at }]) => at + DEDUPLICATION_MS > now)
        deepEqual([...map.entries(now)].map(([key]) => key).sort(), held.map(([key]) => key).sort())
        map.clear()
        equal(map.size, 0)
      }),
      RUNS,
    )
  })

  it('does not grow while it forgets', () => {
    const map = new ExpiringMap<number>(1000)
    for (let now = 0; now < 100_000; now += 1) map.set(`${now}`, now, now)
    ok(map.size <= 1001)
  })
})

describe('live bytes by segment', () => {
  it('are those of the records that were added and not removed', () => {
    const record = fc.record({ segment: fc.nat(9), at: fc.nat(99), length: fc.integer({ min: 1, max: 50 }) })
    const steps = fc.array(fc.record({ record, kind: fc.nat(9), which: fc.nat() }), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (list) => {
        const space = new Space()
        for (let segment = 0; segment < 10; segment += 1) space.begin(segment * 100)
        let trimmed = 0
        const model: { readonly position: number; readonly length: number }[] = []
        for (const { record: added, kind, which } of list) {
          if (kind === 9 && trimmed < 9) {
            trimmed += 1
            space.trimmed(trimmed * 100)
          } else if (kind < 6 && added.segment >= trimmed) {
            const entry = { position: added.segment * 100 + added.at, length: added.length }
            space.add(entry.position, entry.length)
            model.push(entry)
          } else if (model.length > 0) {
            const [removed] = model.splice(which % model.length, 1)
            space.remove(removed!.position, removed!.length)
          }
          const live = model.filter(({ position }) => position >= trimmed * 100)
          equal(space.liveBytes, sum(live))
          const inOldest = live.filter(({ position }) => position < (trimmed + 1) * 100)
          equal(space.liveIn(trimmed * 100), sum(inOldest))
        }
      }),
      RUNS,
    )
  })
})

function sum(records: readonly { readonly length: number }[]): number {
  return records.reduce((total, { length }) => total + length, 0)
}

describe('names by number', () => {
  it('are kept while somebody refers to them, and their numbers used again', () => {
    const names = new Names()
    const a = names.take('a')
    equal(names.take('a'), a)
    const b = names.take('b')
    names.release(a)
    equal(names.get(a), 'a')
    names.release(a)
    equal(names.get(a), undefined)
    deepEqual([names.take('c'), names.get(b), names.take(undefined), names.get(0)], [a, 'b', 0, undefined])
    names.release(0)
  })
})

describe('ids and handles', () => {
  it('of many messages are all different and look like UUIDs', () => {
    const ids = new Set<string>()
    for (let seq = 1; seq <= 100_000; seq += 1) ids.add(messageIdOf(seq, SALT))
    for (let seq = 2 ** 32; seq < 2 ** 32 + 1000; seq += 1) ids.add(messageIdOf(seq, SALT))
    equal(ids.size, 101_000)
    for (const id of [...ids].slice(0, 1000)) {
      ok(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id), id)
    }
  })

  it('of another shard are others', () => {
    ok(messageIdOf(1, SALT) !== messageIdOf(1, new Int32Array([5, 6, 7, 8])))
  })

  it('come back from a receipt handle as they went in', () => {
    const part = fc.nat(2 ** 31 - 1)
    fc.assert(
      fc.property(part, fc.nat(2 ** 48), part, (queueId, seq, receiveCount) => {
        const handle = encodeReceipt(queueId, seq, receiveCount, SALT)
        deepEqual(decodeReceipt(handle, SALT), { queueId, seq, receiveCount })
        equal(decodeReceipt(handle, new Int32Array([9, 9, 9, 9])), undefined)
      }),
      RUNS,
    )
  })

  it('are refused with any bit changed, a fraction of a sequence number included', () => {
    const handle = Buffer.from(encodeReceipt(3, 77, 2, SALT), 'base64url')
    for (let bit = 0; bit < 8 * handle.length; bit += 1) {
      const changed = Buffer.from(handle)
      changed[bit >>> 3]! ^= 1 << (bit & 7)
      equal(decodeReceipt(changed.toString('base64url'), SALT), undefined, `bit ${bit}`)
    }
    const text = handle.toString('base64url')
    for (const other of ['', 'x', `${text}A`, text.slice(1), `${text.slice(1)} `]) {
      equal(decodeReceipt(other, SALT), undefined)
    }
  })
})
