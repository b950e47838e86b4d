/**
 * Random lives of a shard on a simulated disk: sends, receives and deletes at once, time that passes, and at any
 * operation of the disk a power cut, a killed process or an error. Whatever was acknowledged holds afterwards, and
 * the log, moved and trimmed meanwhile, says what memory says. A failure prints its seed.
 */

import { ok } from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { openFileLog } from '../../src/log/file-log.ts'
import type { Delivered } from '../../src/queue/command.ts'
import { isProblem } from '../../src/queue/problem.ts'
import { manualClock } from '../../src/runtime/manual-clock.ts'
import { Unavailable } from '../../src/shard/unavailable.ts'
import { Ledger } from '../crash/ledger.ts'
import { BEGIN_AT, bodyOf, openScene, rest, type Scene } from '../support/shard-scene.ts'
import { diskError, SimDisk } from '../support/sim-disk.ts'
import { countingRandom, SIM_DIRECTORY } from '../support/sim-log.ts'
import { SimProcess } from '../support/sim-process.ts'

const RUNS = Number(process.env['PABAL_RUNS'] ?? 25)
const SEGMENT_BYTES_MAX = 1500
const WORKS_MAX = 8
const STARTS_MAX = 10
const PADDING = 'x'.repeat(50)
const LEASE = { VisibilityTimeout: '60' }

const group = fc.constantFrom('a', 'b', 'standard')
const work = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('send' as const), group }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('consume' as const),
      fifo: fc.boolean(),
      max: fc.integer({ min: 1, max: 10 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('look' as const) }) },
)
const strike = fc.record({
  kind: fc.constantFrom('crash' as const, 'kill' as const, 'error' as const),
  at: fc.nat(25),
  seed: fc.integer(),
})
const step = fc.record({
  /** All at once. */
  works: fc.array(work, { minLength: 1, maxLength: WORKS_MAX }),
  strike: fc.option(strike, { freq: 3, nil: undefined }),
  passSeconds: fc.constantFrom(0, 0, 0, 1, 61, 400),
})

type Work = typeof work extends fc.Arbitrary<infer Value> ? Value : never
type Strike = typeof strike extends fc.Arbitrary<infer Value> ? Value : never
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

class Life {
  readonly #disk = new SimDisk()
  readonly #clock = manualClock(BEGIN_AT)
  readonly #ledger = new Ledger()
  readonly #numbers = new Map<string, number>()
  #process = new SimProcess(this.#disk)
  #scene: Scene | undefined

  async step({ works, strike, passSeconds }: Step): Promise<void> {
    if (strike !== undefined) this.#arm(strike)
    await this.#survive(async (scene) => {
      await Promise.all(works.map((work) => this.#work(scene, work)))
      if (passSeconds > 0) await scene.clock.advance(passSeconds * 1000)
    })
  }

  /** Nothing strikes any more: what is left is what must be left. */
  async end(): Promise<void> {
    this.#disk.before = () => {}
    const scene = await this.#open()
    await scene.clock.advance('2m')
    await rest()
    await scene.assertRecoverable({ turns: false })
    const found = [...(await this.#drain(scene, 'orders')), ...(await this.#drain(scene, 'orders.fifo'))]
    this.#ledger.settle(found)
    await scene.assertRecoverable({ turns: false })
    await scene.shard.close()
  }

  /** At the n-th operation from now on, also while a log is being opened. */
  #arm({ kind, at, seed }: Strike): void {
    let left = at
    this.#disk.before = ({ path }) => {
      if (left-- > 0) return
      this.#disk.before = () => {}
      if (kind === 'error') {
        // Where it is a read, the receives that wait for it have counted, and others got what was left of them.
        this.#ledger.receivesInDoubt += WORKS_MAX
        throw diskError('EIO', path)
      }
      this.#process.die(kind === 'crash' ? seed : undefined)
    }
  }

  async #survive(run: (scene: Scene) => Promise<void>): Promise<void> {
    await run(await this.#open())
    if (!this.#process.dead) return
    await this.#scene?.shard.close()
    this.#scene = undefined
  }

  /** The shard that runs, or one on what the last fall left. */
  async #open(): Promise<Scene> {
    for (let tries = 1; this.#scene === undefined || this.#process.dead; tries += 1) {
      if (this.#process.dead) this.#process = new SimProcess(this.#disk)
      this.#scene = await this.#start().catch((error: unknown) => {
        // What strikes, strikes once.
        if (tries >= STARTS_MAX) throw error
        return undefined
      })
    }
    return this.#scene
  }

  async #start(): Promise<Scene> {
    const disk = this.#process
    const options = {
      directory: SIM_DIRECTORY,
      random: countingRandom(),
      reserveBytes: 0,
      cacheBytesMax: 4096,
    }
    const openLog = () => openFileLog({ ...options, disk, segmentBytesMax: SEGMENT_BYTES_MAX })
    const scene = await openScene({ openLog, clock: this.#clock })
    try {
      await scene.queue('orders', LEASE)
      await scene.queue('orders.fifo', LEASE)
    } catch (error) {
      await scene.shard.close()
      throw error
    }
    return scene
  }

  async #work(scene: Scene, work: Work): Promise<void> {
    try {
      if (work.do === 'send') await this.#send(scene, work.group)
      else if (work.do === 'consume')
        await this.#consume(scene, work.fifo ? 'orders.fifo' : 'orders', work.max)
      else await scene.counts('orders')
    } catch (error) {
      ok(error instanceof Unavailable, error as Error)
    }
  }

  async #send(scene: Scene, name: string): Promise<void> {
    const number = this.#numbers.get(name) ?? 0
    this.#numbers.set(name, number + 1)
    const body = `${name}-${number}`
    this.#ledger.sending(body)
    const fifo = name !== 'standard'
    const entry = {
      content: Buffer.from(body + PADDING),
      size: 100,
      contentHash: body,
      ...(fifo ? { group: name } : {}),
    }
    const queue = fifo ? 'orders.fifo' : 'orders'
    const answer = await scene.submit({ kind: 'send', queue, entries: [entry], batch: false })
    ok(!isProblem(answer))
    const sent = answer.results[0]!
    ok(!isProblem(sent))
    this.#ledger.sent(body, sent.messageId)
  }

  async #consume(scene: Scene, queue: string, max: number): Promise<void> {
    const messages = await this.#receive(scene, queue, max)
    const done = queue === 'orders' ? messages.slice(0, max - 1) : messages
    for (const message of done) this.#ledger.deleting(nameOf(message))
    await scene.delete(queue, done)
    for (const message of done) this.#ledger.deleted(nameOf(message))
  }

  async #receive(scene: Scene, queue: string, max: number): Promise<readonly Delivered[]> {
    try {
      const messages = await scene.receive(queue, { max })
      for (const message of messages) this.#ledger.received(seen(message))
      return messages
    } catch (error) {
      if (error instanceof Unavailable) this.#ledger.receivesInDoubt += 1
      throw error
    }
  }

  async #drain(scene: Scene, queue: string): Promise<readonly string[]> {
    const bodies: string[] = []
    for (;;) {
      const messages = await this.#receive(scene, queue, 10)
      if (messages.length === 0) return bodies
      bodies.push(...messages.map(nameOf))
      await scene.delete(queue, messages)
    }
  }
}

function nameOf(message: Delivered): string {
  return bodyOf(message).slice(0, -PADDING.length)
}

function seen(message: Delivered): Parameters<Ledger['received']>[0] {
  const group = message.group === undefined ? {} : { MessageGroupId: message.group }
  return {
    MessageId: message.messageId,
    Body: nameOf(message),
    ReceiptHandle: message.receipt,
    Attributes: { ApproximateReceiveCount: String(message.receiveCount), ...group },
  }
}

describe('random falls', () => {
  it('lose nothing that was acknowledged, and bring nothing back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), async (steps) => {
        const life = new Life()
        for (const each of steps) await life.step(each)
        await life.end()
      }),
      { numRuns: RUNS },
    )
  })
})
