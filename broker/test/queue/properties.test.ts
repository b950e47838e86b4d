/**
 * Random lives of several queues, on the core and on the model of arrays and sorts: the same deliveries in the same
 * order, the same refusals, the same counts; a sound state after every step; and a log from which the state can be
 * made again, whole or trimmed. A failure prints its seed and the shortest such life; PABAL_RUNS makes more of them.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RECEIVE_COUNT, SEQ, SOURCE } from '../../src/queue/message-table.ts'
import { isProblem, type Problem } from '../../src/queue/problem.ts'
import { Core } from '../support/core.ts'
import { dump, liveSlots } from '../support/dump.ts'
import { Model, type ModelQueue, type NewQueue } from '../support/model.ts'
import { assertSound } from '../support/sound.ts'

const RUNS = Number(process.env['PABAL_RUNS'] ?? 150)
const BEGIN_AT = 1_800_000_000_000

const PLAIN = { groupScope: false, delayMs: 0, retentionMs: 345_600_000, dead: undefined, discard: false }
const QUEUES: readonly NewQueue[] = [
  { ...PLAIN, name: 'last', fifo: false, retentionMs: 1_000_000 },
  { ...PLAIN, name: 'dead', fifo: false, dead: { target: 'last', max: 2 } },
  { ...PLAIN, name: 'orders', fifo: false, dead: { target: 'dead', max: 2 } },
  { ...PLAIN, name: 'burnt', fifo: false, dead: { target: 'dead', max: 1 }, discard: true, delayMs: 5000 },
  { ...PLAIN, name: 'brief', fifo: false, retentionMs: 60_000 },
  { ...PLAIN, name: 'dead.fifo', fifo: true, retentionMs: 600_000 },
  { ...PLAIN, name: 'orders.fifo', fifo: true, dead: { target: 'dead.fifo', max: 2 } },
  { ...PLAIN, name: 'groups.fifo', fifo: true, groupScope: true, delayMs: 4000, retentionMs: 60_000 },
]

const queueName = fc.constantFrom(...QUEUES.map(({ name }) => name))
const seconds = fc.constantFrom(0, 1, 2, 5, 30, 70, 600)

const command = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      queue: queueName,
      group: fc.constantFrom(undefined, 'a', 'b', 'c'),
      dedupId: fc.nat(12).map(String),
      delay: fc.constantFrom(undefined, undefined, 0, 3, 60, 600),
      priority: fc.constantFrom(0, 0, 0, 1, 5, 9),
    }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      queue: queueName,
      max: fc.integer({ min: 1, max: 10 }),
      visibility: seconds,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('delete' as const, 'undo' as const),
      handle: fc.nat(20),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('change' as const), handle: fc.nat(20), visibility: seconds }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.nat(400) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('purge' as const, 'drop' as const), queue: queueName }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delay' as const), queue: queueName, seconds: fc.nat(6) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('redrive' as const),
      queue: fc.constantFrom('dead', 'dead.fifo', 'last'),
      back: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('relocate' as const), which: fc.nat(30) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom('roll' as const, 'roll' as const, 'trim' as const, 'expire' as const),
    }),
  },
)

type Life = typeof command extends fc.Arbitrary<infer Step> ? Step : never

interface Handle {
  readonly queue: string
  readonly id: number
  readonly count: number
  readonly receipt: string
}

/** The core and the model, side by side. */
class Pair {
  readonly core = new Core({ now: BEGIN_AT })
  readonly model = new Model(BEGIN_AT)
  #now = BEGIN_AT
  #handles: Handle[] = []
  #tasks = 0
  #trimmed = false

  constructor() {
    for (const queue of QUEUES) this.#create(queue)
  }

  step(step: Life): void {
    this.model.pass(this.#now)
    switch (step.do) {
      case 'send':
        return this.#send(step)
      case 'receive':
        return this.#receive(step)
      case 'delete':
        return this.#withHandle(step.handle, (handle, queue) => {
          const receipts = [handle.receipt]
          const answer = this.core.submit({ kind: 'delete', queue: handle.queue, receipts }, this.#now)
          equal(firstOf(answer) === undefined, this.model.delete(queue, handle.id, handle.count))
        })
      case 'undo':
        return this.#withHandle(step.handle, (handle, queue) => {
          const receipts = [handle.receipt]
          this.core.submit({ kind: 'undoReceive', queue: handle.queue, receipts }, this.#now)
          this.model.undo(queue, handle.id, handle.count)
        })
      case 'change':
        return this.#withHandle(step.handle, (handle, queue) => {
          const entries = [{ receipt: handle.receipt, visibilitySeconds: step.visibility }]
          const answer = this.core.submit(
            { kind: 'changeVisibility', queue: handle.queue, entries },
            this.#now,
          )
          const changed = this.model.change(queue, handle.id, handle.count, step.visibility * 1000)
          equal(firstOf(answer) === undefined, changed)
        })
      case 'pass':
        this.#now += step.seconds * 1000
        return
      case 'purge':
        this.core.submit({ kind: 'purgeQueue', queue: step.queue }, this.#now)
        return this.model.purge(this.#queue(step.queue))
      case 'drop':
        return this.#drop(step.queue)
      case 'delay':
        return this.#delay(step.queue, step.seconds)
      case 'redrive':
        return this.#redrive(step.queue, step.back)
      case 'relocate':
        return this.#relocate(step.which)
      case 'roll':
        return this.core.roll()
      case 'trim':
        // Segments stay for the five minutes of deduplication.
        this.#now += 300_000
        this.#trimmed = this.core.trim(this.#now) || this.#trimmed
        return
      case 'expire':
        this.core.expire(this.#now)
        for (const queue of this.model.queues) this.model.expire(queue)
    }
  }

  /** The same counts in every queue, the same messages, and a state that is sound. */
  check(): void {
    this.core.state.advance(this.#now)
    this.model.pass(this.#now)
    for (const queue of this.model.queues) {
      const { visible, inFlight, delayed } = this.core.state.queuesByName.get(queue.name)!
      deepEqual([visible, inFlight, delayed], this.model.counts(queue), queue.name)
    }
    const { messages, index, sources } = this.core.state
    equal(messages.size, this.model.messages.length)
    for (const { id, count, source, queue } of this.model.messages) {
      const slot = index.get(id)
      ok(slot !== 0)
      equal(this.core.state.queueOf(slot).name, queue.name)
      deepEqual(
        [messages.int(slot, RECEIVE_COUNT), sources.get(messages.other(slot, SOURCE))],
        [count, source],
      )
    }
    assertSound(this.core.state)
  }

  /** The log tells the same story. */
  checkLog(): void {
    const recovered = this.core.recovered()
    recovered.advance(this.#now)
    this.core.state.advance(this.#now)
    assertSound(recovered)
    const turns = !this.#trimmed
    deepEqual(dump(recovered, { turns }), dump(this.core.state, { turns }))
  }

  #create(queue: NewQueue): void {
    const attributes: Record<string, string> = {
      DelaySeconds: String(queue.delayMs / 1000),
      MessageRetentionPeriod: String(queue.retentionMs / 1000),
    }
    if (queue.fifo) {
      attributes['FifoQueue'] = 'true'
      attributes['DeduplicationScope'] = queue.groupScope ? 'messageGroup' : 'queue'
    }
    if (queue.dead !== undefined) {
      const { target, max } = queue.dead
      const deadLetterTargetArn = `arn:aws:sqs:us-east-1:000000000000:${target}`
      attributes['RedrivePolicy'] = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: max })
    }
    const tags: Record<string, string> = queue.discard ? { 'pabal:on-exhausted': 'discard' } : {}
    const answer = this.core.submit({ kind: 'createQueue', name: queue.name, attributes, tags }, this.#now)
    ok(!isProblem(answer), JSON.stringify(answer))
    this.model.create(queue)
  }

  #queue(name: string): ModelQueue {
    const queue = this.model.find(name)!
    this.model.expire(queue)
    return queue
  }

  #send({ queue, group, dedupId, delay, priority }: Extract<Life, { do: 'send' }>): void {
    const { fifo } = QUEUES.find(({ name }) => name === queue)!
    const entry = {
      content: Buffer.from('body'),
      size: 4,
      ...(fifo ? { group: group ?? 'd', dedupId } : { priority, ...(group === undefined ? {} : { group }) }),
      ...(fifo || delay === undefined ? {} : { delaySeconds: delay }),
    }
    const answer = this.core.submit({ kind: 'send', queue, entries: [entry], batch: false }, this.#now)
    ok(!isProblem(answer))
    const result = answer.results[0]!
    ok(!isProblem(result))
    const id = this.model.send(this.#queue(queue), {
      group: fifo ? (group ?? 'd') : group,
      dedupId,
      delayMs: fifo || delay === undefined ? undefined : delay * 1000,
      priority: fifo ? 0 : priority,
    })
    equal(result.seq, id)
  }

  #receive({ queue, max, visibility }: Extract<Life, { do: 'receive' }>): void {
    const answer = this.core.submit({ kind: 'receive', queue, max, visibilitySeconds: visibility }, this.#now)
    ok(!isProblem(answer))
    const expected = this.model.receive(this.#queue(queue), max, visibility * 1000)
    deepEqual(
      answer.taken.map(({ seq, receiveCount, deadLetterSource }) => [seq, receiveCount, deadLetterSource]),
      expected.map(({ id, count, source }) => [id, count, source]),
    )
    for (const { seq, receiveCount, receipt } of answer.taken) {
      this.#handles.unshift({ queue, id: seq, count: receiveCount, receipt })
    }
  }

  /** Handles old and new, of messages that live and of others. */
  #withHandle(which: number, run: (handle: Handle, queue: ModelQueue) => void): void {
    const handle = this.#handles[which]
    if (handle !== undefined) run(handle, this.#queue(handle.queue))
  }

  /** Deletes a queue and makes it again, with nothing in it. */
  #drop(name: string): void {
    const isTarget = QUEUES.some(({ dead }) => dead?.target === name)
    if (isTarget) return
    this.core.submit({ kind: 'deleteQueue', queue: name }, this.#now)
    this.model.drop(this.#queue(name))
    this.#create(QUEUES.find((queue) => queue.name === name)!)
    // Their handles are no handles any more.
    this.#handles = this.#handles.filter(({ queue }) => queue !== name)
  }

  #delay(name: string, delay: number): void {
    const attributes = { DelaySeconds: String(delay) }
    this.core.submit({ kind: 'setAttributes', queue: name, attributes }, this.#now)
    this.#queue(name).delayMs = delay * 1000
  }

  #redrive(source: string, back: boolean): void {
    const fifo = source.endsWith('.fifo')
    const destination = back ? undefined : fifo ? 'groups.fifo' : 'brief'
    this.#tasks += 1
    const task = { sourceArn: source, taskId: `${this.#tasks}` }
    const to = destination === undefined ? {} : { destination, destinationArn: destination }
    const answer = this.core.submit({ kind: 'startMoveTask', source, ...task, ...to }, this.#now)
    ok(!isProblem(answer), JSON.stringify(answer))
    const queue = this.#queue(source)
    for (let moving = true; moving; ) moving = this.core.moveOne(source, this.#now).kind === 'move'
    this.model.redrive(queue, destination)
  }

  #relocate(which: number): void {
    const { messages } = this.core.state
    const seqs = liveSlots(this.core.state).map((slot) => messages.number(slot, SEQ))
    const seq = seqs[which % Math.max(seqs.length, 1)]
    if (seq !== undefined) this.core.relocate(seq, this.#now)
  }
}

function firstOf(
  answer: { readonly results: readonly (Problem | undefined)[] } | Problem,
): Problem | undefined {
  return isProblem(answer) ? answer : answer.results[0]
}

describe('random lives of queues', () => {
  it('are the same on the core, on the model, and in the log', () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 120, size: 'max' }), (life) => {
        const pair = new Pair()
        for (const [index, step] of life.entries()) {
          pair.step(step)
          pair.check()
          if (index % 10 === 9) pair.checkLog()
        }
        pair.checkLog()
      }),
      { numRuns: RUNS },
    )
  })
})
