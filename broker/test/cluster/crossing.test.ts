/**
 * Messages that change shards, in random lives: batches that arrive, that arrive unanswered, that come again late; queues
 * that refuse, are deleted and made again; logs that are cut. Nothing is lost, nothing is doubled or comes back, and
 * each log gives its state back.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Answers, ArriveCommand, Traveller } from '../../src/queue/command.ts'
import { type Departure, decideDeparted, decideReturned } from '../../src/queue/departures.ts'
import { NAMES_WITH_ARRIVALS_MAX } from '../../src/queue/limits.ts'
import { FIRST_RECEIVED, LENGTH, POSITION, RECEIVE_COUNT, SENT_AT } from '../../src/queue/message-table.ts'
import { isProblem } from '../../src/queue/problem.ts'
import { Core } from '../support/core.ts'
import { dump } from '../support/dump.ts'
import { assertSound } from '../support/sound.ts'

const BEGIN_AT = 1_800_000_000_000
const RUNS = Number(process.env['PABAL_RUNS'] ?? 40)
const KINDS = ['orders', 'orders.fifo'] as const
type Kind = (typeof KINDS)[number]

const dead = (kind: Kind): string => (kind === 'orders' ? 'dead' : 'dead.fifo')

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), kind: fc.constantFrom(...KINDS) }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('receive' as const), kind: fc.constantFrom(...KINDS) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('carry' as const),
      kind: fc.constantFrom(...KINDS),
      max: fc.integer({ min: 1, max: 5 }),
      answered: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('again' as const), which: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('refuse' as const), on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('remove' as const, 'make' as const),
      kind: fc.constantFrom(...KINDS),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('redrive' as const), kind: fc.constantFrom(...KINDS) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('roll' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('trim' as const) }) },
)

const TRAVELLER: Traveller = {
  number: 0,
  fifo: false,
  source: 'orders',
  redrive: false,
  messageId: '11111111-1111-4111-8111-111111111111',
  sentAt: BEGIN_AT,
  receiveCount: 2,
  firstReceivedAt: BEGIN_AT,
  priority: 0,
  group: undefined,
  dedupId: undefined,
  content: Buffer.from('0'),
}

const fifoOf = (kind: Kind): Record<string, string> =>
  kind === 'orders.fifo' ? { FifoQueue: 'true', ContentBasedDeduplication: 'true' } : {}

/** The source's shard and the target's, and whoever carries between them. */
class Life {
  readonly source = new Core({ now: BEGIN_AT })
  readonly target = new Core({ now: BEGIN_AT })
  readonly #late: ArriveCommand[] = []
  #now = BEGIN_AT
  #sent = 0
  /** What was sent and is not gone with a queue. */
  readonly #alive = new Set<string>()

  constructor() {
    for (const kind of KINDS) {
      const fifo = kind === 'orders.fifo'
      const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${dead(kind)}`
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 })
      const attributes = { ...fifoOf(kind), RedrivePolicy, VisibilityTimeout: '0' }
      const elsewhere = { name: dead(kind), fifo, redriveAllowPolicy: undefined }
      const made = this.source.submit<'createQueue'>(
        { kind: 'createQueue', name: kind, attributes, tags: {}, elsewhere },
        BEGIN_AT,
      )
      ok(!isProblem(made))
      this.make(kind)
    }
    this.source.state.elsewhere = () => true
  }

  send(queue: Kind): void {
    const body = String(this.#sent)
    const entry = { content: Buffer.from(body), size: 1, contentHash: body, group: `g${this.#sent % 3}` }
    this.#sent += 1
    this.#alive.add(body)
    this.source.submit<'send'>({ kind: 'send', queue, entries: [entry], batch: false }, this.#now)
  }

  receive(queue: Kind): void {
    this.source.submit<'receive'>({ kind: 'receive', queue, max: 2 }, this.#now)
  }

  carry(kind: Kind, max: number, answered: boolean): void {
    const batch = this.source.state.departures.next(dead(kind), max)
    const travellers = batch.map((departure) => this.#traveller(departure))
    const command = { kind: 'arrive', queue: dead(kind), from: 7, travellers } as const
    this.#late.push(command)
    const answer = this.target.submit<'arrive'>(command, this.#now)
    ok(!isProblem(answer))
    if (!answered) return
    const arrived = batch.filter(({ number }) => number <= answer.upTo)
    const refused = answer.refused === undefined ? [] : batch.slice(arrived.length, arrived.length + 1)
    this.source.act(this.#now, (state, now, emit) => {
      decideDeparted(state, arrived, now, emit)
      decideReturned(state, refused, now, emit)
    })
  }

  /** A batch of somebody who was taken for dead comes late, when the source has long gone on. */
  again(which: number): void {
    const command = this.#late.at(-1 - which)
    if (command !== undefined) this.target.submit<'arrive'>(command, this.#now)
  }

  refuse(on: boolean): void {
    const attributes = { RedriveAllowPolicy: on ? '{"redrivePermission":"denyAll"}' : '' }
    for (const kind of KINDS) {
      this.target.submit<'setAttributes'>({ kind: 'setAttributes', queue: dead(kind), attributes }, this.#now)
    }
  }

  /** Messages that are in a queue go with it, and do not come back with their repeats. */
  remove(kind: Kind): void {
    if (!this.target.state.queuesByName.has(dead(kind))) return
    for (const body of bodiesIn(this.target, dead(kind))) this.#alive.delete(body)
    this.target.submit<'deleteQueue'>({ kind: 'deleteQueue', queue: dead(kind) }, this.#now)
  }

  make(kind: Kind): void {
    this.target.submit<'createQueue'>(
      { kind: 'createQueue', name: dead(kind), attributes: fifoOf(kind), tags: {} },
      this.#now,
    )
  }

  /** A move task takes one message: to the same place, as a new message. */
  redrive(kind: Kind): void {
    this.source.submit<'startMoveTask'>(
      {
        kind: 'startMoveTask',
        source: kind,
        sourceArn: kind,
        destination: dead(kind),
        destinationArn: dead(kind),
        taskId: `task-${this.#now}`,
        hasSourcesElsewhere: true,
        elsewhere: { name: dead(kind), fifo: kind === 'orders.fifo', redriveAllowPolicy: undefined },
      },
      this.#now,
    )
    this.source.moveOne(kind, this.#now)
  }

  roll(): void {
    this.source.roll()
    this.target.roll()
  }

  trim(): void {
    this.#now += 301_000
    this.source.trim(this.#now)
    this.target.trim(this.#now)
  }

  pass(): void {
    this.#now += 1
  }

  /** Everything that still lives, wherever it is; what is carried and unanswered counts where it is going. */
  everything(): readonly string[] {
    const bodies: string[] = []
    for (const kind of KINDS) {
      for (const departure of this.source.state.departures.next(dead(kind), 1000)) {
        if (!this.#hasArrived(departure)) bodies.push(bodyAt(this.source, departure.seq))
      }
      bodies.push(...bodiesIn(this.source, kind), ...bodiesIn(this.target, dead(kind)))
    }
    return bodies.sort()
  }

  #hasArrived({ target, number }: Departure): boolean {
    const { queuesByName, arrivals } = this.target.state
    const known = (queuesByName.get(target)?.arrivals ?? arrivals.of(target))?.get(7)
    return known !== undefined && number <= known.arrived && number !== known.refused
  }

  check(): void {
    for (const { arrivals } of this.target.state.queues.values()) {
      ok(
        [...arrivals.keys()].every((from) => from === 7),
        'what is merely moved within the log came from nowhere',
      )
    }
    deepEqual(this.everything(), [...this.#alive].sort())
    for (const { state, recovered } of [this.source, this.target].map((core) => ({
      state: core.state,
      recovered: core.recovered(),
    }))) {
      assertSound(state)
      state.advance(this.#now)
      recovered.advance(this.#now)
      deepEqual(dump(recovered, { turns: false }), dump(state, { turns: false }))
    }
  }

  #traveller(departure: Departure): Traveller {
    const { messages, index } = this.source.state
    const { seq, number, source, redrive } = departure
    const slot = index.get(seq)
    const stored = this.source.read(messages.number(slot, POSITION))
    const sentAt = messages.number(slot, SENT_AT)
    return {
      number,
      fifo: source.endsWith('.fifo'),
      source,
      redrive,
      messageId: this.source.state.messageId(seq),
      sentAt,
      receiveCount: messages.int(slot, RECEIVE_COUNT),
      firstReceivedAt: sentAt + messages.other(slot, FIRST_RECEIVED),
      priority: stored.priority,
      group: stored.group,
      dedupId: stored.dedupId,
      content: stored.content,
    }
  }
}

function bodyAt(core: Core, seq: number): string {
  const { messages, index } = core.state
  ok(messages.int(index.get(seq), LENGTH) > 0)
  return Buffer.from(core.read(messages.number(index.get(seq), POSITION)).content).toString()
}

function bodiesIn(core: Core, queue: string): readonly string[] {
  if (!core.state.queuesByName.has(queue)) return []
  const view = dump(core.state)['queues'] as readonly {
    definition: { name: string }
    messages: { seq: number }[]
  }[]
  const { messages } = view.find(({ definition }) => definition.name === queue)!
  return messages.map(({ seq }) => bodyAt(core, seq))
}

describe('messages that change shards', () => {
  it('stay where they are when they were refused and an older command comes late', () => {
    const life = new Life()
    life.send('orders')
    life.receive('orders')
    life.pass()
    life.receive('orders')
    life.refuse(true)
    life.carry('orders', 1, true)
    deepEqual(bodiesIn(life.source, 'orders'), ['0'])
    life.refuse(false)
    life.again(0)
    deepEqual(bodiesIn(life.target, 'dead'), [])
    life.check()
  })

  it('are neither lost nor doubled, whatever happens on the way', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const life = new Life()
        for (const each of steps) {
          life.pass()
          switch (each.do) {
            case 'carry':
              life.carry(each.kind, each.max, each.answered)
              break
            case 'again':
              life.again(each.which)
              break
            case 'refuse':
              life.refuse(each.on)
              break
            case 'roll':
            case 'trim':
              life[each.do]()
              break
            default:
              life[each.do](each.kind)
          }
          life.check()
        }
      }),
      { numRuns: RUNS },
    )
  })

  it('do not come to a queue that is made after they came to one of its name that was deleted', () => {
    const life = new Life()
    life.send('orders')
    life.receive('orders')
    life.pass()
    life.receive('orders')
    life.carry('orders', 1, false)
    life.remove('orders')
    life.carry('orders', 1, true)
    equal(life.source.state.departures.size, 0)
    life.make('orders')
    life.again(0)
    deepEqual(bodiesIn(life.target, 'dead'), [])
    life.check()
  })

  it('stay where they are also when more names were refused than are remembered', () => {
    const target = new Core({ now: BEGIN_AT })
    const names = Array.from({ length: NAMES_WITH_ARRIVALS_MAX + 2 }, (_, index) => `q${index}`)
    const arrive = (name: string, number: number): Answers['arrive'] => {
      const answer = target.submit<'arrive'>(
        { kind: 'arrive', queue: name, from: 7, travellers: [{ ...TRAVELLER, number }] },
        BEGIN_AT,
      )
      ok(!isProblem(answer))
      return answer
    }
    for (const [index, name] of names.entries()) {
      deepEqual(arrive(name, index + 1), { upTo: 0, refused: { problem: 'QueueDoesNotExist' } })
    }
    equal([...target.state.arrivals.names()].length, NAMES_WITH_ARRIVALS_MAX)
    target.roll()
    deepEqual(dump(target.recovered()), dump(target.state))
    target.submit<'createQueue'>({ kind: 'createQueue', name: 'q0', attributes: {}, tags: {} }, BEGIN_AT)
    ok(arrive('q0', 1).refused !== undefined)
    // Nothing is known of it, and its number is not above those that were forgotten: it is sent back, and may come again.
    ok(arrive('q0', 2).refused !== undefined)
    deepEqual(arrive('q0', 20_000), { upTo: 20_000, refused: undefined })
  })

  it('arrive in the order in which they left, group by group', () => {
    const life = new Life()
    for (let count = 0; count < 12; count += 1) life.send('orders.fifo')
    for (let count = 0; count < 30; count += 1) life.receive('orders.fifo')
    while (life.source.state.departures.size > 0) life.carry('orders.fifo', 5, true)
    deepEqual(bodiesIn(life.source, 'orders.fifo'), [])
    const bodies = bodiesIn(life.target, 'dead.fifo').map(Number)
    equal(bodies.length, 12)
    for (const group of [0, 1, 2]) {
      const own = bodies.filter((body) => body % 3 === group)
      deepEqual(
        own,
        [...own].sort((a, b) => a - b),
      )
    }
  })
})
