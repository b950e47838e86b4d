/**
 * Recovery's short way for runs of sent messages (queue/sent-runs.ts) beside the long one, event by event: whatever a
 * life left in the log, and however its records are cut into runs, both come to the same state.
 */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Visit } from '../../src/log/log.ts'
import { SEQ } from '../../src/queue/message-table.ts'
import { isProblem } from '../../src/queue/problem.ts'
import type { State } from '../../src/queue/state.ts'
import { type ReadableLog, recover } from '../../src/shard/recovery.ts'
import { Core } from '../support/core.ts'
import { dump, liveSlots } from '../support/dump.ts'
import { assertSound } from '../support/sound.ts'

const BEGIN_AT = 1_800_000_000_000
/** Numbers beyond a page of the index, so that runs cross from one to the next. */
const FILL = 600

const queue = fc.constantFrom('a', 'a', 'a', 'b', 'c.fifo')
const pauseMs = fc.constantFrom(0, 0, 0, 0, 1, 3, 1000, 400_000)
const send = fc.record({
  do: fc.constant('send' as const),
  queue,
  entries: fc.array(
    fc.record({
      priority: fc.constantFrom(0, 0, 0, 0, 0, 5),
      delay: fc.constantFrom(0, 0, 0, 0, 0, 1, 60),
      group: fc.constantFrom(undefined, undefined, undefined, undefined, 'x', 'y'),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  pauseMs,
})
const receive = fc.record({
  do: fc.constant('receive' as const),
  queue,
  max: fc.integer({ min: 1, max: 10 }),
  visibility: fc.constantFrom(0, 1, 30),
  after: fc.constantFrom('delete' as const, 'undo' as const, 'keep' as const),
  pauseMs,
})
const rare = fc.record({
  do: fc.constantFrom('purge' as const, 'drop' as const, 'expire' as const, 'roll' as const, 'trim' as const),
  queue,
  pauseMs,
})
const some = fc.record({
  do: fc.constantFrom('relocate' as const, 'fill' as const),
  which: fc.nat(30),
  pauseMs,
})
const life = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: send },
    { weight: 3, arbitrary: receive },
    { weight: 1, arbitrary: rare },
    { weight: 1, arbitrary: some },
  ),
  { maxLength: 60, size: 'max' },
)
type Step = typeof life extends fc.Arbitrary<(infer One)[]> ? One : never

class Life {
  readonly core = new Core({ now: BEGIN_AT })
  #now = BEGIN_AT

  constructor(steps: readonly Step[]) {
    for (const name of ['a', 'b', 'c.fifo']) this.#create(name)
    for (const step of steps) {
      this.#now += step.pauseMs
      this.#step(step)
    }
  }

  #step(step: Step): void {
    switch (step.do) {
      case 'send':
        return this.#send(step.queue, step.entries)
      case 'receive':
        return this.#receive(step)
      case 'purge':
        this.core.submit({ kind: 'purgeQueue', queue: step.queue }, this.#now)
        return
      case 'drop':
        this.core.submit({ kind: 'deleteQueue', queue: step.queue }, this.#now)
        return this.#create(step.queue)
      case 'expire':
        return this.core.expire(this.#now)
      case 'roll':
        return this.core.roll()
      case 'trim':
        this.core.trim(this.#now)
        return
      case 'relocate':
        return this.#relocate(step.which)
      case 'fill':
        for (let sent = 0; sent < FILL; sent += 10) this.#send('a', Array(10).fill(PLAIN))
    }
  }

  #create(name: string): void {
    const fifo: Record<string, string> = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {}
    const attributes = { ...fifo, MessageRetentionPeriod: '600' }
    ok(!isProblem(this.core.submit({ kind: 'createQueue', name, attributes, tags: {} }, this.#now)))
  }

  #send(name: string, entries: Extract<Step, { do: 'send' }>['entries']): void {
    const fifo = name.endsWith('.fifo')
    const outgoing = entries.map(({ priority, delay, group }, index) => ({
      content: Buffer.alloc(index, 1),
      size: index,
      ...(fifo ? { group: group ?? 'z', dedupId: `${this.core.state.nextSeq + index}` } : { priority }),
      ...(fifo || group === undefined ? {} : { group }),
      ...(fifo || delay === 0 ? {} : { delaySeconds: delay }),
    }))
    this.core.submit({ kind: 'send', queue: name, entries: outgoing, batch: true }, this.#now)
  }

  #receive({ queue, max, visibility, after }: Extract<Step, { do: 'receive' }>): void {
    const answer = this.core.submit({ kind: 'receive', queue, max, visibilitySeconds: visibility }, this.#now)
    ok(!isProblem(answer))
    const receipts = answer.taken.map(({ receipt }) => receipt)
    if (after === 'delete') this.core.submit({ kind: 'delete', queue, receipts }, this.#now)
    if (after === 'undo') this.core.submit({ kind: 'undoReceive', queue, receipts }, this.#now)
  }

  #relocate(which: number): void {
    const slots = liveSlots(this.core.state)
    const slot = slots[which % Math.max(slots.length, 1)]
    if (slot !== undefined) this.core.relocate(this.core.state.messages.number(slot, SEQ), this.#now)
  }
}

const PLAIN = { priority: 0, delay: 0, group: undefined }

/** The log of a core, shown one record after the other, or in runs of these lengths. */
function logOf(core: Core, lengths?: readonly number[]): ReadableLog {
  const { starts, records } = core.stored()
  return {
    start: starts[0]!,
    segments: () => starts.map((start, index) => ({ start, end: starts[index + 1] ?? start + 1, bytes: 1 })),
    replay: async (_from, visit) => {
      if (lengths === undefined) showEach(records, visit)
      else showRuns(cut([...records], starts, lengths), visit)
    },
  }
}

function showEach(records: ReadonlyMap<number, Buffer>, visit: Visit): void {
  for (const [position, record] of records) visit(position, record, 0, record.length)
}

type Entry = readonly [position: number, record: Buffer]

/** Runs of these lengths in turn, none beyond its segment. */
function cut(entries: readonly Entry[], starts: readonly number[], lengths: readonly number[]): Entry[][] {
  const runs: Entry[][] = []
  for (const entry of entries) {
    const last = runs.at(-1)
    const full = last === undefined || last.length >= lengths[runs.length % lengths.length]!
    if (full || starts.includes(entry[0])) runs.push([entry])
    else last.push(entry)
  }
  return runs
}

/** What no core has ever written: sent messages whose numbers and times go up and down. */
function disordered(
  sends: readonly { readonly seq: number; readonly at: number; readonly priority: number }[],
): Core {
  const { core } = new Life([])
  const queueId = core.state.queuesByName.get('a')!.id
  const message = {
    queueId,
    dueAt: 0,
    group: undefined,
    dedupId: undefined,
    content: Buffer.alloc(9),
  }
  core.act(BEGIN_AT, (_state, _now, emit) => {
    for (const { seq, at, priority } of sends) {
      emit({ kind: 'sent', seq, at: BEGIN_AT + at, priority, ...message })
    }
  })
  return core
}

/** Each run's records lie in one buffer as far from each other as in the log. */
function showRuns(runs: readonly (readonly Entry[])[], visit: Visit): void {
  for (const run of runs) {
    const base = run[0]![0]
    const [last, record] = run.at(-1)!
    const buffer = Buffer.alloc(last - base + record.length, 0xff)
    for (const [position, bytes] of run) bytes.copy(buffer, position - base)
    const place = ([position, { length }]: Entry): number[] => [position - base, length, position - base]
    const places = Int32Array.from(run.flatMap(place))
    visit.run!({ buffer, base, places, count: run.length, headsOnly: false })
  }
}

function assertSame(inRuns: State, each: State): void {
  assertSound(inRuns)
  equal(inRuns.now, each.now)
  deepEqual(namesOf(inRuns.woken), namesOf(each.woken))
  deepEqual(dump(inRuns), dump(each))
}

function namesOf(queues: readonly { readonly name: string }[]): readonly string[] {
  return queues.map(({ name }) => name).sort()
}

describe('a run of sent messages', () => {
  it('comes to the state that its events come to, one after the other', async () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(life, lengths, async (steps, lengths) => {
        const { core } = new Life(steps)
        const each = await recover(logOf(core))
        const inRuns = await recover(logOf(core, lengths))
        deepEqual(inRuns.closedAt, each.closedAt)
        assertSame(inRuns.state, each.state)
      }),
      { numRuns: 150 },
    )
  })

  it('does so where numbers and times are out of order', async () => {
    const sends = fc.uniqueArray(
      fc.record({ seq: fc.integer({ min: 1, max: 3000 }), at: fc.nat(5), priority: fc.constantFrom(0, 5) }),
      {
        selector: ({ seq }) => seq,
      },
    )
    await fc.assert(
      fc.asyncProperty(sends, async (sends) => {
        const core = disordered(sends)
        assertSame((await recover(logOf(core, [20]))).state, (await recover(logOf(core))).state)
      }),
      { numRuns: 50 },
    )
  })
})
