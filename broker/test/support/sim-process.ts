/**
 * A process's view of a simulated disk, so that it can die alone: from then on nothing that it asks for is done,
 * while the next process uses the same disk. Without it a test's dead process would go on creating files.
 */

import type { DirectoryLock, Disk, DiskFile } from '../../src/runtime/disk.ts'
import { diskError, type SimDisk } from './sim-disk.ts'

export class SimProcess implements Disk {
  readonly #disk: SimDisk
  #dead = false

  constructor(disk: SimDisk) {
    this.#disk = disk
  }

  get dead(): boolean {
    return this.#dead
  }

  /** The process dies; with a seed the power goes too, and what was not synced survives as the seed says. */
  die(seed?: number): void {
    this.#dead = true
    if (seed === undefined) this.#disk.kill()
    else this.#disk.crash(seed)
  }

  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    return this.#alive(path).open(path, mode)
  }

  async list(directory: string): Promise<string[]> {
    return this.#alive(directory).list(directory)
  }

  async remove(path: string): Promise<void> {
    return this.#alive(path).remove(path)
  }

  async makeDirectory(path: string): Promise<void> {
    return this.#alive(path).makeDirectory(path)
  }

  async syncDirectory(path: string): Promise<void> {
    return this.#alive(path).syncDirectory(path)
  }

  async freeBytes(directory: string): Promise<number> {
    return this.#alive(directory).freeBytes()
  }

  async lock(directory: string): Promise<DirectoryLock> {
    return this.#alive(directory).lock(directory)
  }

  #alive(path: string): SimDisk {
    if (this.#dead) throw diskError('EBADF', path)
    return this.#disk
  }
}
