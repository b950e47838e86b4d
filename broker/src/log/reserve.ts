/**
 * Space kept back for the day the disk is full: a file of real bytes, given up when a write finds no room, so that
 * receives and deletes go on while sends are refused. Taken back when there is room for twice as much, in small
 * steps, and given up again at once if a write needs it meanwhile.
 */

import { join } from 'node:path'
import type { Disk } from '../runtime/disk.ts'
import { isOutOfSpace } from '../runtime/out-of-space.ts'
import type { Random } from '../runtime/random.ts'

export const RESERVE_NAME = 'reserve'
const STEP_BYTES = 1024 * 1024

export class Reserve {
  readonly #disk: Disk
  readonly #directory: string
  readonly #path: string
  readonly #bytes: number
  readonly #random: Random
  #state: 'missing' | 'growing' | 'kept' = 'missing'
  #growing: Promise<void> = Promise.resolve()
  #spending: Promise<void> = Promise.resolve()
  #spends = 0
  /** Asks whatever is growing to stop. */
  #stopping = false

  constructor(disk: Disk, directory: string, bytes: number, random: Random) {
    this.#disk = disk
    this.#directory = directory
    this.#path = join(directory, RESERVE_NAME)
    this.#bytes = bytes
    this.#random = random
  }

  get kept(): boolean {
    return this.#state === 'kept' || this.#bytes === 0
  }

  /** Finds what an earlier run left, or takes it anew. */
  async open(): Promise<void> {
    if (await this.#find()) this.#state = 'kept'
    else await this.take()
  }

  /** Takes the space, if there is enough of it. Does nothing while it is kept. */
  async take(): Promise<void> {
    const free = await this.#disk.freeBytes(this.#directory)
    if (this.#state !== 'missing' || this.kept || free < 2 * this.#bytes) return
    this.#state = 'growing'
    this.#growing = this.#grow()
    await this.#growing
  }

  /** How often it was given up. */
  get spends(): number {
    return this.#spends
  }

  /**
   * Gives the space up for a write that was begun when `spends` was as given, unless another write's need has done
   * so since. False when there was none to give.
   */
  async spend(spends: number): Promise<boolean> {
    if (spends === this.#spends) {
      if (this.#state === 'missing') return false
      this.#spends++
      this.#spending = this.#giveUp()
    }
    await this.#spending
    return true
  }

  async #giveUp(): Promise<void> {
    if (this.#state === 'growing') {
      // It removes what it has.
      this.#stopping = true
      await Promise.allSettled([this.#growing])
    } else await this.#remove()
  }

  async #find(): Promise<boolean> {
    const names = await this.#disk.list(this.#directory)
    if (!names.includes(RESERVE_NAME)) return false
    const file = await this.#disk.open(this.#path, 'read')
    try {
      return (await file.size()) >= this.#bytes
    } finally {
      await file.close()
    }
  }

  async #grow(): Promise<void> {
    this.#stopping = false
    try {
      await this.#write()
    } catch (error) {
      this.#stopping = true
      if (!isOutOfSpace(error)) throw error
    } finally {
      if (this.#stopping) await this.#remove()
      else this.#state = 'kept'
    }
  }

  async #write(): Promise<void> {
    // Chance, not zeros: a file system that compresses would keep nothing back for zeros.
    const step = this.#random.bytes(Math.min(STEP_BYTES, this.#bytes))
    const file = await this.#disk.open(this.#path, 'create')
    try {
      for (let at = 0; at < this.#bytes && !this.#stopping; at += step.length) {
        await file.write(step, 0, Math.min(step.length, this.#bytes - at), at)
      }
      await file.sync()
    } finally {
      await file.close()
    }
  }

  async #remove(): Promise<void> {
    try {
      const names = await this.#disk.list(this.#directory)
      if (!names.includes(RESERVE_NAME)) return
      await this.#disk.remove(this.#path)
      // Some file systems hand out freed blocks only once the removal is durable.
      await this.#disk.syncDirectory(this.#directory)
    } finally {
      this.#state = 'missing'
    }
  }
}
