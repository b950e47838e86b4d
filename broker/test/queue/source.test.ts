/** A queue that is fed from a topic: each record once, whatever comes again and wherever the log ends. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { SourceFound } from '../../src/queue/command.ts'
import { decodeEvent, isFirst } from '../../src/queue/event-codec.ts'
import { evolve } from '../../src/queue/evolve.ts'
import { SOURCES_MAX } from '../../src/queue/limits.ts'
import { isProblem } from '../../src/queue/problem.ts'
import { decideFeed, decideFeedFrom, type FedRecord } from '../../src/queue/source.ts'
import { State } from '../../src/queue/state.ts'
import { Core } from '../support/core.ts'
import { dump } from '../support/dump.ts'
import { assertSound } from '../support/sound.ts'

const BEGIN_AT = 1_800_000_000_000
const RUNS = Number(process.env['PABAL_RUNS'] ?? 60)
const TOPIC = 'shop.orders'
const FOUND: SourceFound = { topic: TOPIC, refusal: undefined }
const HOUR_MS = 3_600_000

function create(core: Core, name: string, tags: Readonly<Record<string, string>>, source?: SourceFound) {
  const attributes = name.endsWith('.fifo')
    ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' }
    : ({} as Readonly<Record<string, string>>)
  const found = source === undefined ? {} : { source }
  return core.submit<'createQueue'>({ kind: 'createQueue', name, attributes, tags, ...found }, BEGIN_AT)
}

function tag(core: Core, name: string, value: string, source: SourceFound = FOUND) {
  const tags = { 'pabal:source': value }
  return core.submit<'tagQueue'>({ kind: 'tagQueue', queue: name, tags, source }, BEGIN_AT)
}

function record(partition: number, offset: number): FedRecord {
  const content = Buffer.from(`${partition}/${offset}`)
  return { offset, content, group: `g${offset % 3}`, dedupId: 'the same for all', priority: 0 }
}

/** The records `from` up to `to` arrive; between them lie marks of which nothing comes. */
function feed(core: Core, name: string, partition: number, from: number, to: number, now: number): void {
  const queue = core.state.queuesByName.get(name)!
  const records = Array.from({ length: to - from }, (_, index) => record(partition, from + index))
  core.act(now, (state, at, emit) => {
    if (!queue.places.has(partition)) decideFeedFrom(queue, partition, 'topic id', 0, at, emit)
    ok(decideFeed(state, queue, partition, records.filter(isNoMark), to, at, emit))
  })
}

function isNoMark({ offset }: FedRecord): boolean {
  return offset % 5 !== 4
}

/** What is in the queue, in the order of sending. */
function bodies(core: Core, name: string, now: number): readonly string[] {
  const found: string[] = []
  for (;;) {
    const answer = core.submit<'receive'>(
      { kind: 'receive', queue: name, max: 10, visibilitySeconds: 600 },
      now,
    )
    ok(!isProblem(answer))
    if (answer.taken.length === 0) return found
    for (const { position } of answer.taken) found.push(Buffer.from(core.read(position).content).toString())
  }
}

/** As {@link State} is after the first `count` records of the log. */
function after(core: Core, count: number): State {
  const state = new State()
  state.space.begin(0)
  for (const [position, bytes] of [...core.stored().records].slice(0, count)) {
    const event = decodeEvent(bytes, 0, bytes.length)
    if (isFirst(bytes, 0)) state.advance(event.at)
    evolve(state, event, position, bytes.length)
  }
  return state
}

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('feed' as const),
      partition: fc.nat(2),
      again: fc.nat(6),
      more: fc.nat(8),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('receive' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('roll' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trim' as const) }) },
)

for (const name of ['orders', 'orders.fifo']) {
  describe(`the queue ${name}, fed from a topic`, () => {
    it('has each record once, however often it comes', () => {
      const core = new Core({ now: BEGIN_AT })
      create(core, name, { 'pabal:source': TOPIC }, FOUND)
      feed(core, name, 0, 0, 4, BEGIN_AT)
      feed(core, name, 0, 2, 7, BEGIN_AT)
      feed(core, name, 0, 0, 7, BEGIN_AT)
      deepEqual([...bodies(core, name, BEGIN_AT)].sort(), ['0/0', '0/1', '0/2', '0/3', '0/5', '0/6'])
    })

    it('gives its state back from any log, whole or trimmed', () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 40, size: 'max' }), (steps) => {
          const core = new Core({ now: BEGIN_AT })
          create(core, name, { 'pabal:source': TOPIC }, FOUND)
          const ends = [0, 0, 0]
          let now = BEGIN_AT
          for (const next of steps) {
            now += 1000
            if (next.do === 'feed') {
              const { partition, again, more } = next
              const end = ends[partition]! + more
              feed(core, name, partition, Math.max(0, ends[partition]! - again), end, now)
              ends[partition] = end
            } else if (next.do === 'receive') bodies(core, name, now)
            else if (next.do === 'roll') core.roll()
            else {
              now += 301_000
              core.trim(now)
            }
            assertSound(core.state)
            const recovered = core.recovered()
            recovered.advance(now)
            core.state.advance(now)
            deepEqual(dump(recovered, { turns: false }), dump(core.state, { turns: false }))
          }
          const places = core.state.queuesByName.get(name)!.places
          for (const [partition, { next }] of places) equal(next, ends[partition])
        }),
        { numRuns: RUNS },
      )
    })

    it('has exactly the records before its places, wherever the log ends', () => {
      const core = new Core({ now: BEGIN_AT })
      create(core, name, { 'pabal:source': TOPIC }, FOUND)
      for (let round = 0; round < 4; round += 1) {
        for (const partition of [0, 1]) feed(core, name, partition, round * 7, round * 7 + 7, BEGIN_AT)
      }
      for (let count = 0; count <= core.stored().records.size; count += 1) {
        const state = after(core, count)
        const queue = state.queuesByName.get(name)
        const expected = [...(queue?.places ?? [])].flatMap(([partition, { next }]) =>
          Array.from({ length: next }, (_, offset) => record(partition, offset)).filter(isNoMark),
        )
        equal(queue?.visible ?? 0, expected.length)
      }
    })
  })
}

describe('the tag pabal:source', () => {
  it('is refused with the reason for which the topic is none, and changes nothing then', () => {
    const core = new Core({ now: BEGIN_AT })
    create(core, 'orders', {})
    const text = `Topic '${TOPIC}' does not exist in Kafka.`
    deepEqual(tag(core, 'orders', TOPIC, { topic: TOPIC, refusal: text }), {
      problem: 'InvalidParameterValue',
      text,
    })
    equal(core.state.fed.size, 0)
  })

  it('does not go with a queue that is spread over shards', () => {
    const core = new Core({ now: BEGIN_AT })
    const refused = create(core, 'orders', { 'pabal:source': TOPIC, 'pabal:shards': '2' }, FOUND)
    ok(isProblem(refused) && refused.problem === 'InvalidParameterValue')
    create(core, 'orders', { 'pabal:source': TOPIC }, FOUND)
    const tags = { 'pabal:shards': '2' }
    const spread = core.submit<'tagQueue'>({ kind: 'tagQueue', queue: 'orders', tags }, BEGIN_AT)
    ok(isProblem(spread))
  })

  it('begins anew when it is changed, and not when it is told again or others change', () => {
    const core = new Core({ now: BEGIN_AT })
    create(core, 'orders', { 'pabal:source': TOPIC }, FOUND)
    const queue = core.state.queuesByName.get('orders')!
    feed(core, 'orders', 0, 0, 4, BEGIN_AT)
    tag(core, 'orders', TOPIC)
    core.submit<'tagQueue'>({ kind: 'tagQueue', queue: 'orders', tags: { team: 'shop' } }, BEGIN_AT)
    core.roll()
    equal(queue.places.get(0)?.next, 4)
    tag(core, 'orders', `${TOPIC}@latest`)
    equal(queue.places.size, 0)
    core.submit<'untagQueue'>({ kind: 'untagQueue', queue: 'orders', keys: ['pabal:source'] }, BEGIN_AT)
    equal(core.state.fed.size, 0)
    deepEqual(dump(core.recovered()), dump(core.state))
  })

  it('ends with its queue', () => {
    const core = new Core({ now: BEGIN_AT })
    create(core, 'orders', { 'pabal:source': TOPIC }, FOUND)
    const { fedRevision } = core.state
    core.submit<'deleteQueue'>({ kind: 'deleteQueue', queue: 'orders' }, BEGIN_AT)
    equal(core.state.fed.size, 0)
    ok(core.state.fedRevision > fedRevision)
  })

  it(`is for ${SOURCES_MAX} queues of a shard, and no more`, () => {
    const core = new Core({ now: BEGIN_AT })
    for (let made = 0; made < SOURCES_MAX; made += 1) {
      create(core, `orders-${made}`, { 'pabal:source': TOPIC }, FOUND)
    }
    const refused = create(core, 'orders', { 'pabal:source': TOPIC }, FOUND)
    ok(isProblem(refused) && refused.problem === 'OverLimit')
    ok(!isProblem(tag(core, 'orders-0', `${TOPIC}@latest`)), 'who has one may change it')
  })
})

it('a message from a topic waits for the delay of its queue, and outlives nothing that others do not', () => {
  const core = new Core({ now: BEGIN_AT })
  const attributes = { DelaySeconds: '5', MessageRetentionPeriod: '3600' }
  const tags = { 'pabal:source': TOPIC }
  core.submit<'createQueue'>({ kind: 'createQueue', name: 'late', attributes, tags, source: FOUND }, BEGIN_AT)
  feed(core, 'late', 0, 0, 1, BEGIN_AT)
  deepEqual(bodies(core, 'late', BEGIN_AT + 4000), [])
  deepEqual(bodies(core, 'late', BEGIN_AT + 5000), ['0/0'])
  deepEqual(bodies(core, 'late', BEGIN_AT + 2 * HOUR_MS), [])
})
