/** What becomes of a record's value, key and headers. */

import { deepEqual, equal } from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { messageOf } from '../../../src/cluster/source/message-of.ts'
import type { SourceRecord } from '../../../src/cluster/source/source-topics.ts'
import { type ReadableContent, readContent } from '../../../src/log-tools/event-line.ts'
import type { FedRecord } from '../../../src/queue/source.ts'
import { StoredContent } from '../../../src/sqs/content.ts'
import { md5 } from '../../../src/sqs/md5.ts'
import { isId, isLegalText } from '../../../src/sqs/text.ts'

const STANDARD = { fifo: false, bytesMax: 1_048_576 }
const FIFO = { fifo: true, bytesMax: 1_048_576 }
const PLAIN: SourceRecord = { offset: 7, key: undefined, value: Buffer.from('hello'), headers: [] }

type Made = FedRecord & ReadableContent & { readonly texts: Readonly<Record<string, string>> }

function make(record: Partial<SourceRecord>, queue = STANDARD): Made {
  const made = messageOf('shop.orders', 3, { ...PLAIN, ...record }, queue)
  const content = readContent(made.content)
  const texts = Object.entries(content.attributes ?? {}).map(
    ([name, { DataType, StringValue, BinaryValue }]) => [name, `${DataType} ${StringValue ?? BinaryValue}`],
  )
  return { ...made, ...content, texts: Object.fromEntries(texts) }
}

function headers(count: number): SourceRecord['headers'] {
  return Array.from({ length: count }, (_, index) => [Buffer.from(`h${index}`), Buffer.from(`v${index}`)])
}

describe('the body', () => {
  it('is the value, where that is text as SQS allows it', () => {
    const { body, texts } = make({ value: Buffer.from('grüße 🎁\n') })
    equal(body, 'grüße 🎁\n')
    deepEqual(texts, { 'kafka.position': 'String shop.orders/3/7' })
  })

  for (const [what, value] of [
    ['no UTF-8', Buffer.from([0xff, 0xfe, 0x41])],
    ['a character that SQS does not allow', Buffer.from('a\u0001b')],
  ] as const) {
    it(`is the value in base64, where that is ${what}, and an attribute says so`, () => {
      const { body, texts } = make({ value })
      equal(body, value.toString('base64'))
      equal(texts['kafka.value'], 'String base64')
    })
  }

  it('is "null" where there is no value, and an attribute says which kind of none', () => {
    const none = make({ value: undefined })
    deepEqual([none.body, none.texts['kafka.value']], ['null', 'String null'])
    const empty = make({ value: Buffer.alloc(0) })
    deepEqual([empty.body, empty.texts['kafka.value']], ['null', 'String empty'])
  })

  it('says where the record is, where the queue takes no message of that size', () => {
    const queue = { fifo: true, bytesMax: 1024 }
    const large = make({ value: Buffer.alloc(2000, 'x'), key: Buffer.from('k') }, queue)
    deepEqual(JSON.parse(large.body), { topic: 'shop.orders', partition: 3, offset: 7, bytes: 2000 })
    deepEqual(large.texts, { 'kafka.value': 'String left-out' })
    equal(large.group, 'k', 'it has the place of the record in its group')
    const headed = make({ headers: [[Buffer.from('h'), Buffer.alloc(1000, 'x')]] }, queue)
    equal(headed.texts['kafka.value'], undefined)
    const both = make(
      { value: Buffer.alloc(600, 'x'), headers: [[Buffer.from('h'), Buffer.alloc(600, 'x')]] },
      queue,
    )
    equal(both.texts['kafka.value'], 'String left-out', 'attributes count')
  })

  it('says where a batch is that holds too much', () => {
    const batch = make({ offset: 1999, value: undefined, leftOut: { from: 1711, bytes: 40960 } })
    const place = { offset: 1711, lastOffset: 1999, bytes: 40960 }
    deepEqual(JSON.parse(batch.body), { topic: 'shop.orders', partition: 3, ...place })
    deepEqual(batch.texts, { 'kafka.value': 'String left-out' })
    equal(batch.offset, 1999)
  })
})

describe('the message group', () => {
  it('is the key', () => {
    equal(make({ key: Buffer.from('customer-17') }).group, 'customer-17')
    equal(make({ key: Buffer.from('customer-17') }, FIFO).group, 'customer-17')
  })

  it('is made of a key that SQS would not take, which is in an attribute then', () => {
    const key = Buffer.from('Zoë Müller')
    const made = make({ key }, FIFO)
    equal(made.group, `key-${hash('sha256', key)}`)
    equal(made.texts['kafka.key'], 'String Zoë Müller')
    const binary = Buffer.from([0, 0xff])
    equal(make({ key: binary }).texts['kafka.key'], `Binary ${binary.toString('base64')}`)
    equal(make({ key: Buffer.alloc(129, 'k') }).texts['kafka.key'], `String ${'k'.repeat(129)}`)
  })

  it('is the partition where a FIFO queue needs one and there is no key', () => {
    equal(make({}, FIFO).group, 'partition-3')
    equal(make({ key: Buffer.alloc(0) }, FIFO).group, 'partition-3')
    equal(make({}).group, undefined)
  })
})

describe('the attributes', () => {
  it('are the headers: text or binary, the last one of a name', () => {
    const given: SourceRecord['headers'] = [
      [Buffer.from('trace'), Buffer.from('first')],
      [Buffer.from('trace'), Buffer.from('last')],
      [Buffer.from('raw'), Buffer.from([1, 0])],
    ]
    deepEqual(make({ headers: given }).texts, {
      trace: 'String last',
      raw: 'Binary AQA=',
      'kafka.headers-left-out': 'Number 1',
      'kafka.position': 'String shop.orders/3/7',
    })
  })

  it('are ten at most: then the position is left out, and what goes beyond is counted', () => {
    equal(make({ headers: headers(9) }).texts['kafka.position'], 'String shop.orders/3/7')
    const ten = make({ headers: headers(10) }).texts
    equal(Object.keys(ten).length, 10)
    equal(ten['h9'], 'String v9')
    const many = make({ headers: headers(12), value: Buffer.from([0xff]) }).texts
    equal(Object.keys(many).length, 10)
    equal(many['kafka.headers-left-out'], 'Number 4')
    deepEqual([many['kafka.value'], many['h7'], many['h8']], ['String base64', 'String v7', undefined])
  })

  it('leave out what SQS would not take, and count it', () => {
    const given: SourceRecord['headers'] = [
      [Buffer.from('ce:type'), Buffer.from('x')],
      [Buffer.from('AWS.x'), Buffer.from('x')],
      [Buffer.from('none'), undefined],
      [Buffer.from('empty'), Buffer.alloc(0)],
      [Buffer.from('kafka.value'), Buffer.from('forged')],
      [Buffer.from('pabal.other'), Buffer.from('x')],
      [Buffer.from('good'), Buffer.from('x')],
    ]
    deepEqual(make({ headers: given }).texts, {
      good: 'String x',
      'kafka.headers-left-out': 'Number 6',
      'kafka.position': 'String shop.orders/3/7',
    })
  })

  it('give a standard queue its priority', () => {
    const given: SourceRecord['headers'] = [[Buffer.from('pabal.priority'), Buffer.from('7')]]
    const made = make({ headers: given })
    equal(made.priority, 7)
    equal(made.texts['pabal.priority'], 'Number 7')
    equal(make({ headers: given }, FIFO).priority, 0)
    equal(make({ headers: [[Buffer.from('pabal.priority'), Buffer.from('77')]] }).priority, 0)
  })
})

it('a deduplication id is where the record was, and has room for every topic', () => {
  equal(make({}, FIFO).dedupId, 'shop.orders/3/7')
  equal(make({}).dedupId, undefined)
  const record = { ...PLAIN, offset: Number.MAX_SAFE_INTEGER }
  equal(isId(messageOf('t'.repeat(249), 2 ** 31 - 1, record, FIFO).dedupId ?? ''), true)
})

it('whatever a record is, the message is one that SQS could have taken', () => {
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
  const words = fc.string({ unit: 'binary', maxLength: 40 }).map((word) => Buffer.from(word))
  const any = fc.oneof(bytes, words)
  const record = fc.record({
    offset: fc.nat(),
    key: fc.option(any, { nil: undefined }),
    value: fc.option(any, { nil: undefined }),
    headers: fc.array(fc.tuple(any, fc.option(any, { nil: undefined })), { maxLength: 15 }),
  })
  fc.assert(
    fc.property(record, fc.boolean(), (given, fifo) => {
      const { group, content } = messageOf('t', 0, given, fifo ? FIFO : STANDARD)
      const stored = new StoredContent(content)
      equal(isLegalText(stored.body) && stored.body !== '', true)
      equal(stored.bodyMd5, md5(stored.body))
      equal(Object.keys(readContent(content).attributes ?? {}).length <= 10, true)
      equal(group === undefined ? !fifo : isId(group), true)
    }),
  )
})
