/**
 * Several owners on one modelled partition, each free to believe that it is the one, with segments that roll and are
 * trimmed and appends that go wrong in every way. Each works as a shard does: opens, folds what it finds, decides
 * on that state, puts a head at the beginning of every segment, and opens again after a flush that failed.
 */

import { equal, ok } from 'node:assert/strict'
import { it } from 'node:test'
import { crc32c } from '@platformatic/kafka'
import fc from 'fast-check'
import { type KafkaLog, openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import { BEGINNING, checkChain, decode, encode, evolve, HEAD, type Read, read, type State } from './chain.ts'
import { type Fate, ModelledPartition } from './modelled-partition.ts'

const OWNERS = 3
const SEGMENT_BYTES_MAX = 2000

class Owner {
  readonly #model: ModelledPartition
  readonly #node: string
  readonly #world: World
  #log: KafkaLog | undefined
  #state = BEGINNING
  #newestStart = 0
  #staged: { readonly name: string; readonly position: number; readonly length: number }[] = []
  /** A flush whose answer is held back. */
  flushing: Promise<void> | undefined

  constructor(model: ModelledPartition, node: string, world: World) {
    this.#model = model
    this.#node = node
    this.#world = world
  }

  async open(): Promise<void> {
    await this.#close()
    const partition = this.#model.view()
    const claimant = { node: this.#node, address: '' }
    // A claim may go wrong as any append may.
    const opening = openKafkaLog({ partition, claimant, crc32c, segmentBytesMax: SEGMENT_BYTES_MAX })
    const [opened] = await Promise.allSettled([opening])
    if (opened.status === 'rejected') return
    this.#log = opened.value
    this.#state = this.#world.check(await read(opened.value))
    this.#newestStart = opened.value.newestStart
    if (opened.value.newestStart === opened.value.end) this.#append(HEAD)
  }

  put(records: number): void {
    for (let count = 0; count < records && this.#log !== undefined; count++)
      this.#append(this.#world.newName())
  }

  /** Begins a flush; whoever waits for it waits in {@link flushing}. */
  flush(): void {
    const log = this.#log
    if (log === undefined || this.flushing !== undefined) return
    const staged = this.#staged
    this.#staged = []
    const flushed = log.flush()
    if (log.newestStart !== this.#newestStart) {
      this.#newestStart = log.newestStart
      this.#append(HEAD)
    }
    const settled = flushed.then(
      () => this.#world.acknowledge(staged.map(({ name }) => name)),
      () => {
        this.#log = undefined
      },
    )
    this.flushing = settled.then(() => {
      this.flushing = undefined
    })
  }

  roll(): void {
    const log = this.#log
    if (log === undefined) return
    log.roll()
    if (log.newestStart === this.#newestStart) return
    this.#newestStart = log.newestStart
    this.#append(HEAD)
  }

  /** Only once everything is durable, as a shard does: what a trimmed segment began with must be there again. */
  async trim(segments: number): Promise<void> {
    const log = this.#log
    if (log === undefined || log.stagedBytes > 0) return
    const before = log.segments()[segments]?.start ?? log.durable
    await log.trim(Math.min(before, log.durable))
  }

  /** What it reads by position is what it wrote. */
  async readBack(): Promise<void> {
    const log = this.#log
    if (log === undefined) return
    for (const { name, position, length } of this.#staged) {
      const record: Uint8Array = await log.readAt(position, length)
      equal(decode(Buffer.from(record).toString('latin1')).name, name)
    }
  }

  async #close(): Promise<void> {
    this.#staged = []
    const log = this.#log
    this.#log = undefined
    await log?.close()
  }

  #append(name: string): void {
    const record = encode(name, this.#state)
    const position = this.#log!.append(record)
    if (name === HEAD) return
    this.#state = evolve(this.#state, name)
    this.#staged.push({ name, position, length: record.length })
  }
}

class World {
  readonly model = new ModelledPartition()
  readonly owners = Array.from({ length: OWNERS }, (_, index) => new Owner(this.model, `n${index}`, this))
  /** In the order in which they were acknowledged. */
  readonly acknowledged: string[] = []
  #names = 0

  newName(): string {
    return `r${this.#names++}`
  }

  acknowledge(names: readonly string[]): void {
    this.acknowledged.push(...names)
  }

  /** The state that the records make. What was acknowledged after the first of them that is left must be there. */
  check(records: readonly Read[]): State {
    const { state, seen } = checkChain(records)
    const there = new Set(seen)
    const first = this.acknowledged.findIndex((name) => there.has(name))
    if (first < 0) return state
    for (const name of this.acknowledged.slice(first)) ok(there.has(name), `${name} is lost`)
    return state
  }
}

type Step =
  | { readonly kind: 'open' | 'flush' | 'roll' | 'readBack'; readonly owner: number }
  | { readonly kind: 'put'; readonly owner: number; readonly records: number }
  | { readonly kind: 'trim'; readonly owner: number; readonly segments: number }
  | { readonly kind: 'fate'; readonly fate: Fate }
  | { readonly kind: 'release' }

const owner = fc.nat(OWNERS - 1)
const fate = fc.constantFrom<Fate>('lost', 'unanswered', 'late', 'held', 'twice', 'repeated')
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('open' as const), owner }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('flush' as const), owner }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('roll' as const), owner }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('readBack' as const), owner }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      owner,
      records: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('trim' as const),
      owner,
      segments: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('fate' as const), fate }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const) }) },
)

async function take(world: World, one: Step): Promise<void> {
  if (one.kind === 'fate') return world.model.fate(one.fate)
  if (one.kind === 'release') return world.model.release()
  const who = world.owners[one.owner]!
  // Its answer is held back: it can do nothing until then.
  if (who.flushing !== undefined && one.kind !== 'put') return
  if (one.kind === 'put') return who.put(one.records)
  if (one.kind === 'trim') return who.trim(one.segments)
  return who[one.kind]()
}

/** Lets what can settle do so; what is held back stays so. */
async function turns(): Promise<void> {
  for (let count = 0; count < 20; count++) await Promise.resolve()
}

it('several owners of one partition lose nothing, double nothing, and decide on nothing but the truth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 200, size: 'max' }), async (steps) => {
      const world = new World()
      for (const one of steps) {
        const taken = take(world, one)
        // An open whose claim is held back is waited for after its release.
        if (one.kind === 'open') {
          await turns()
          world.model.release()
        }
        await taken
        await turns()
      }
      world.model.release()
      await Promise.all(world.owners.map(({ flushing }) => flushing))
      world.model.forgetFates()
      await world.owners[0]!.open()
    }),
    { numRuns: 40 },
  )
})
