/** Why a broker believes that the shard is its own, and how sure it is. */

import type { Shard } from '../../broker/src/shard/shard.ts'
import type { Process } from '../process.ts'
import type { Scheduler } from '../scheduler.ts'

export interface Tenure {
  /** Open and its own, as far as it knows. */
  readonly shard: Shard | undefined
  /** Whether it may give an answer that rests on no record of its own. */
  readonly sure: boolean
  begin(): void
  /** As by SIGTERM; resolves when the shard is closed. */
  end(): Promise<void>
}

const OPEN_AGAIN_US = 500_000

export interface BoldTenureParts {
  readonly process: Process
  readonly scheduler: Scheduler
  readonly open: () => Promise<Shard>
  readonly isSure: () => boolean
  /** Told of a failure to open. */
  readonly failed: (error: unknown) => void
}

/** It opens the shard when it starts, whoever may have it. */
export class BoldTenure implements Tenure {
  shard: Shard | undefined
  readonly #parts: BoldTenureParts

  constructor(parts: BoldTenureParts) {
    this.#parts = parts
  }

  get sure(): boolean {
    return this.#parts.isSure()
  }

  begin(): void {
    void this.#open()
  }

  async end(): Promise<void> {
    await this.shard?.close()
  }

  async #open(): Promise<void> {
    const { open, failed, scheduler, process } = this.#parts
    try {
      this.shard = await open()
    } catch (error) {
      failed(error)
      scheduler.after(OPEN_AGAIN_US, () => process.reach(() => void this.#open()))
    }
  }
}
