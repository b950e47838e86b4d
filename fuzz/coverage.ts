/**
 * Which parts of the broker's source have run, as V8 counts them: the feedback that makes the fuzzer keep an input.
 * Counting costs a call to the inspector, about a millisecond, so it is asked for once in a batch.
 */

import { type Profiler, Session } from 'node:inspector/promises'

export class Coverage {
  readonly #session = new Session()
  readonly #known = new Set<string>()

  async begin(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  /** The blocks that have run since the last call and are not known. */
  async take(): Promise<Set<string>> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    const scripts = result.filter(({ url }) => url.includes('/broker/src/'))
    return new Set(scripts.flatMap(blocksThatRan).filter((block) => !this.#known.has(block)))
  }

  know(blocks: Iterable<string>): void {
    for (const block of blocks) this.#known.add(block)
  }

  get blocks(): number {
    return this.#known.size
  }

  end(): void {
    this.#session.disconnect()
  }
}

function blocksThatRan({ url, functions }: Profiler.ScriptCoverage): string[] {
  const ranges = functions.flatMap(({ ranges }) => ranges).filter(({ count }) => count > 0)
  return ranges.map(({ startOffset, endOffset }) => `${url}:${startOffset}:${endOffset}`)
}
