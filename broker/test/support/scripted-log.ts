/**
 * A log in memory that does what a test tells it: holds a flush until it is let go, fails one, refuses an append,
 * says that it is full. Without orders it is the memory log.
 */

import type { Log } from '../../src/log/log.ts'
import { type MemoryStore, memoryLog } from '../../src/log/memory-log.ts'
import { PassingLog } from './passing-log.ts'

/** Orders, which outlive the log: it may be opened again. */
export class Script {
  full = false
  /** Added to what is really staged. */
  stagedBytesMore = 0
  appendError: Error | undefined
  /** Asked for every record that is read; the others come a little later then, as from a disk. */
  readError: ((position: number) => Error | undefined) | undefined
  openError: Error | undefined
  /** Opening waits for it. */
  openGate: Promise<void> | undefined
  flushes = 0
  opens = 0
  closes = 0
  #flushError: Error | undefined
  #gate: Promise<void> | undefined
  #open: () => void = () => {}

  /** Flushes that begin from now on wait for {@link release}. */
  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  release(): void {
    this.#gate = undefined
    this.#open()
  }

  /** The next flush fails, and nothing of it survives. */
  breakFlush(error = new Error('the disk is gone')): void {
    this.#flushError = error
  }

  /** What a flush does before it is one. */
  async flushing(): Promise<void> {
    this.flushes += 1
    const error = this.#flushError
    this.#flushError = undefined
    if (this.#gate !== undefined) await this.#gate
    if (error !== undefined) throw error
  }
}

export function scriptedLog(script: Script, store: MemoryStore, segmentBytesMax?: number): Log {
  script.opens += 1
  return new ScriptedLog(
    script,
    memoryLog({ store, ...(segmentBytesMax === undefined ? {} : { segmentBytesMax }) }),
  )
}

class ScriptedLog extends PassingLog {
  readonly #script: Script
  #flushing: Promise<void> | undefined

  constructor(script: Script, log: Log) {
    super(log)
    this.#script = script
  }

  override get stagedBytes(): number {
    return super.stagedBytes + this.#script.stagedBytesMore
  }

  override get full(): boolean {
    return this.#script.full
  }

  override append(head: Uint8Array, body?: Uint8Array): number {
    if (this.#script.appendError !== undefined) throw this.#script.appendError
    return super.append(head, body)
  }

  override async flush(): Promise<void> {
    if (this.#flushing !== undefined) throw new Error('a flush of this log is already running')
    this.#flushing = this.#script.flushing().then(() => super.flush())
    try {
      await this.#flushing
    } finally {
      this.#flushing = undefined
    }
  }

  override readAt(position: number, length: number): Uint8Array | Promise<Uint8Array> {
    const { readError } = this.#script
    return readError === undefined
      ? super.readAt(position, length)
      : this.#readLater(position, length, readError)
  }

  async #readLater(
    position: number,
    length: number,
    readError: (position: number) => Error | undefined,
  ): Promise<Uint8Array> {
    const error = readError(position)
    if (error !== undefined) throw error
    return super.readAt(position, length)
  }

  override async close(): Promise<void> {
    this.#script.closes += 1
    await Promise.allSettled([this.#flushing])
    await super.close()
  }
}
