/** A log that hands everything on to another one. Whoever wants to see or to change something of it overrides that. */

import type { Log, Segment, Visit } from '../../src/log/log.ts'

export class PassingLog implements Log {
  readonly #log: Log

  constructor(log: Log) {
    this.#log = log
  }

  get start(): number {
    return this.#log.start
  }

  get durable(): number {
    return this.#log.durable
  }

  get end(): number {
    return this.#log.end
  }

  get stagedBytes(): number {
    return this.#log.stagedBytes
  }

  get newestStart(): number {
    return this.#log.newestStart
  }

  get full(): boolean {
    return this.#log.full
  }

  append(head: Uint8Array, body?: Uint8Array): number {
    return this.#log.append(head, body)
  }

  flush(): Promise<void> {
    return this.#log.flush()
  }

  replay(from: number, visit: Visit, before?: number): Promise<void> {
    return this.#log.replay(from, visit, before)
  }

  readAt(position: number, length: number): Uint8Array | Promise<Uint8Array> {
    return this.#log.readAt(position, length)
  }

  segments(): readonly Segment[] {
    return this.#log.segments()
  }

  roll(): void {
    this.#log.roll()
  }

  trim(before: number): Promise<void> {
    return this.#log.trim(before)
  }

  maintain(stays?: (segment: Segment) => boolean): Promise<void> {
    return this.#log.maintain(stays)
  }

  close(): Promise<void> {
    return this.#log.close()
  }
}
