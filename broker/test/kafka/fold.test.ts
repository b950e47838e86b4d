/** Which records count, by themselves: the rules of fold.ts on histories, and on random ones with several owners. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Current, counts, foldRecord, landedAsMeant, type Marks } from '../../src/log/kafka/fold.ts'

interface Written extends Marks {
  readonly name: string
  /** The hash of the state that it was decided on. */
  readonly on: string
}

function claim(): Written {
  return { kind: 'claim', claim: 0, at: 0, name: '', on: '' }
}

function record(name: string, under: number, at: number, on = ''): Written {
  return { kind: 'record', claim: under, at, name, on }
}

/** The records that count, in order, among those before `end`. */
function counting(log: readonly Written[], end = log.length): readonly Written[] {
  let current: Current
  return log.slice(0, end).filter((marks, offset) => {
    const does = counts(current, marks, offset)
    current = foldRecord(current, marks, offset)
    return does
  })
}

function names(log: readonly Written[]): string {
  return counting(log)
    .map(({ name }) => name)
    .join(' ')
}

describe('a record counts where its writer meant it to lie', () => {
  const histories: readonly [string, readonly Written[], string][] = [
    ['behind its claim, one after the other', [claim(), record('x', 0, 1), record('y', 0, 2)], 'x y'],
    ['not without a claim', [record('x', 0, 0)], ''],
    ['not under an older claim (H1)', [claim(), claim(), record('x', 0, 1), record('y', 1, 2)], ''],
    [
      'not when it comes after what was decided without it (H2)',
      [claim(), record('y', 0, 1), record('x', 0, 1)],
      'y',
    ],
    [
      'under a second claim of the same owner (H3)',
      [claim(), claim(), record('y', 1, 2), record('x', 0, 1)],
      'y',
    ],
    ['once, however often it was sent (H4)', [claim(), record('x', 0, 1), record('x', 0, 1)], 'x'],
    [
      'not where a foreign claim took the place of the one before it (H6)',
      [claim(), claim(), record('y', 0, 2)],
      '',
    ],
    [
      'again after the next claim',
      [claim(), record('x', 9, 9), record('y', 0, 2), claim(), record('z', 3, 4)],
      'z',
    ],
    [
      'not behind what somebody else wrote',
      [claim(), { ...record('', 0, 1), kind: 'foreign' }, record('y', 0, 2)],
      '',
    ],
  ]
  for (const [what, log, expected] of histories) it(what, () => equal(names(log), expected))

  it('is told as a success only at the offset expected', () => {
    ok(landedAsMeant(7, 7))
    ok(!landedAsMeant(7, 8))
  })
})

/** One owner, who follows the owner's rule and keeps nothing but what the rule allows. */
interface Owner {
  claim: number | undefined
  next: number
  state: string[]
}

type Step =
  | { readonly kind: 'recover'; readonly owner: number; readonly fate: Fate }
  | { readonly kind: 'append'; readonly owner: number; readonly fate: Fate; readonly records: number }
  | { readonly kind: 'land' }

type Fate = 'lands' | 'lost' | 'unanswered' | 'late' | 'repeated'

const OWNERS = 3
const fate = fc.constantFrom<Fate>('lands', 'lands', 'lands', 'lost', 'unanswered', 'late', 'repeated')
const owner = fc.nat(OWNERS - 1)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('recover' as const), owner, fate }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      owner,
      fate,
      records: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('land' as const) }) },
)

class World {
  readonly log: Written[] = []
  readonly acknowledged: string[] = []
  readonly owners: Owner[] = Array.from({ length: OWNERS }, () => ({ claim: undefined, next: 0, state: [] }))
  readonly #late: Written[][] = []
  #names = 0

  run(steps: readonly Step[], answersAnything = false): void {
    for (const one of steps) {
      if (one.kind === 'land') this.log.push(...(this.#late.shift() ?? []))
      else if (one.kind === 'recover') this.#recover(this.owners[one.owner]!, one.fate)
      else this.#append(this.owners[one.owner]!, one, answersAnything)
    }
  }

  #recover(who: Owner, fate: Fate): void {
    who.claim = undefined
    const offset = this.#write([claim()], fate)
    if (offset === undefined) return
    who.claim = offset
    who.next = offset + 1
    who.state = counting(this.log, offset + 1).map(({ name }) => name)
  }

  #append(who: Owner, { fate, records }: { fate: Fate; records: number }, answersAnything: boolean): void {
    if (who.claim === undefined) return
    const state = [...who.state]
    const batch = Array.from({ length: records }, (_, index) => {
      const written = record(`r${this.#names++}`, who.claim!, who.next + index, state.join())
      state.push(written.name)
      return written
    })
    const offset = this.#write(batch, fate)
    if (offset === undefined || !(answersAnything || landedAsMeant(who.next, offset))) {
      who.claim = undefined
      return
    }
    who.state = state
    who.next += records
    this.acknowledged.push(...batch.map(({ name }) => name))
  }

  /** The offset answered; undefined for an error. */
  #write(batch: Written[], fate: Fate): number | undefined {
    if (fate === 'lost') return undefined
    if (fate === 'late') {
      this.#late.push(batch)
      return undefined
    }
    this.log.push(...batch)
    if (fate === 'repeated') this.log.push(...batch)
    return fate === 'unanswered' ? undefined : this.log.length - batch.length
  }
}

describe('with several owners, each of whom may believe that it is the one', () => {
  it('nothing acknowledged is lost or doubled, and nothing counts that was decided on another state', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const world = new World()
        world.run(steps)
        const counted = counting(world.log)
        const seen = counted.map(({ name }) => name)
        equal(new Set(seen).size, seen.length)
        for (const name of world.acknowledged) ok(seen.includes(name), `${name} is lost`)
        deepEqual(
          counted.map(({ on }) => on),
          seen.map((_, index) => seen.slice(0, index).join()),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('is not safe where an owner answers without comparing offsets: the check above can fail', () => {
    const found = fc.check(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const world = new World()
        world.run(steps, true)
        const seen = new Set(counting(world.log).map(({ name }) => name))
        return world.acknowledged.every((name) => seen.has(name))
      }),
      { numRuns: 500 },
    )
    ok(found.failed)
  })
})
