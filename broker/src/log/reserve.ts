/**
 * Space kept back for the day the disk is full: a file of real bytes, given up when a write finds no room, so that
 * receives and deletes go on while sends are refused. Taken back when there is room for twice as much, in small
 * steps, and given up again at once if a write needs it meanwhile.
 */

import { join } from 'node:path'
import type { Disk, DiskFile } from '../runtime/disk.ts'
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
    if (this.#state !== 'missing' || this.kept) return
    if ((await this.#disk.freeBytes(this.#directory)) < 2 * this.#bytes) return
    this.#state = 'growing'
    this.#growing = this.#grow()
    await this.#growing
  }

  /** Gives the space up. False when there was none to give. */
  async spend(): Promise<boolean> {
    if (this.#state === 'missing') return false
    const growing = this.#state === 'growing'
    this.#state = 'missing'
    // It stops, and removes what it has, when it sees the state.
    if (growing) await Promise.allSettled([this.#growing])
    else await this.#remove()
    return true
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
    const file = await this.#disk.open(this.#path, 'create')
    try {
      await this.#fill(file)
    } catch (error) {
      this.#state = 'missing'
      if (!isOutOfSpace(error)) throw error
    } finally {
      await file.close()
    }
    if (this.#state === 'growing') this.#state = 'kept'
    else await this.#remove()
  }

  async #fill(file: DiskFile): Promise<void> {
    // Chance, not zeros: a file system that compresses would keep nothing back for zeros.
    const step = this.#random.bytes(Math.min(STEP_BYTES, this.#bytes))
    for (let at = 0; at < this.#bytes && this.#state === 'growing'; at += step.length) {
      await file.write(step, 0, Math.min(step.length, this.#bytes - at), at)
    }
    await file.sync()
  }

  async #remove(): Promise<void> {
    await this.#disk.remove(this.#path)
    // Some file systems hand out freed blocks only once the removal is durable.
    await this.#disk.syncDirectory(this.#directory)
  }
}
