/**
 * Fuzzes one target in a thread of its own, guided by coverage. Before every input it writes it where the thread that
 * watches sees it (worker's `shared`), so that an input that never ends, or ends the process, is known.
 */

import { parentPort, workerData } from 'node:worker_threads'
import { Dice } from '../sim/dice.ts'
import { readCorpus } from './corpus.ts'
import { Coverage } from './coverage.ts'
import { mutate } from './mutate.ts'
import type { Target } from './target.ts'
import { TARGETS } from './targets.ts'
import { type Orders, Watched } from './watched.ts'

const BATCH = 50

class Fuzzer {
  readonly #target: Target
  readonly #dice: Dice
  readonly #watched: Watched
  readonly #coverage = new Coverage()
  readonly #pool: Buffer[] = []
  /** Found here, and worth keeping. */
  readonly #found: Buffer[] = []
  #runs = 0

  constructor(target: Target, { seed, shared }: Orders) {
    this.#target = target
    this.#dice = new Dice(seed)
    this.#watched = new Watched(shared)
  }

  async fuzz(untilAt: number): Promise<{ runs: number; blocks: number; found: readonly Buffer[] }> {
    this.#pool.push(...(await this.#target.seeds()), ...(await readCorpus(this.#target.name)))
    await this.#coverage.begin()
    for (const input of this.#pool) await this.#run(input)
    this.#coverage.know(await this.#coverage.take())
    while (performance.now() < untilAt) await this.#batch()
    await this.#target.close?.()
    this.#coverage.end()
    return { runs: this.#runs, blocks: this.#coverage.blocks, found: this.#found }
  }

  /** Only if a batch ran something new is it asked which of its inputs did, by running them once more. */
  async #batch(): Promise<void> {
    const inputs = Array.from({ length: BATCH }, () => this.#next())
    for (const input of inputs) await this.#run(input)
    const fresh = await this.#coverage.take()
    for (const input of fresh.size === 0 ? [] : inputs) {
      await this.#run(input)
      const reached = [...(await this.#coverage.take())].filter((block) => fresh.delete(block))
      this.#coverage.know(reached)
      if (reached.length === 0) continue
      this.#pool.push(input)
      this.#found.push(input)
    }
    // What only the state of that moment made run.
    this.#coverage.know(fresh)
  }

  #next(): Buffer {
    return mutate(this.#dice.pick(this.#pool), this.#dice.pick(this.#pool), this.#target.words, this.#dice)
  }

  async #run(input: Buffer): Promise<void> {
    this.#watched.show(input)
    this.#runs += 1
    await this.#target.run(input)
  }
}

const orders = workerData as Orders
const target = TARGETS.find(({ name }) => name === orders.target)!
try {
  const report = await new Fuzzer(target, orders).fuzz(performance.now() + orders.seconds * 1000)
  parentPort?.postMessage({ report })
} catch (error) {
  parentPort?.postMessage({ finding: error instanceof Error ? error.stack : String(error) })
}
