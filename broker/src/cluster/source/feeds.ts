/** The feeds of one shard: one for each of its queues that has a source, begun and ended as tags come and go. */

import type { Queue } from '../../queue/queue.ts'
import { SOURCE_TAG } from '../../queue/source.ts'
import type { State } from '../../queue/state.ts'
import type { Feeder } from '../../shard/shard.ts'
import { type FeedOptions, SourceFeed } from './source-feed.ts'

export class Feeds implements Feeder {
  readonly #options: FeedOptions
  readonly #running = new Map<Queue, SourceFeed>()
  readonly #ending = new Set<Promise<void>>()
  #state: State | undefined
  #revision = 0
  #stopped = false

  constructor(options: FeedOptions) {
    this.#options = options
  }

  /** Cheap where nothing has changed. */
  look(state: State): void {
    if (this.#stopped || (state === this.#state && state.fedRevision === this.#revision)) return
    this.#state = state
    this.#revision = state.fedRevision
    for (const [queue, { text }] of this.#running) {
      if (!state.fed.has(queue) || queue.definition.tags[SOURCE_TAG] !== text) this.#end(queue)
    }
    for (const queue of state.fed) {
      if (!this.#running.has(queue)) this.#running.set(queue, new SourceFeed(this.#options, state, queue))
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const queue of [...this.#running.keys()]) this.#end(queue)
    await Promise.all(this.#ending)
  }

  #end(queue: Queue): void {
    const feed = this.#running.get(queue)!
    this.#running.delete(queue)
    feed.stop()
    const ending = feed.ended.finally(() => this.#ending.delete(ending))
    this.#ending.add(ending)
  }
}
