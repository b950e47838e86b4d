/**
 * The machine's disk, and how many bytes were written to it between one sync and the next: so that a bare loop can
 * write the same bytes in the same batches.
 */

import { type Disk, type DiskFile, systemDisk } from '../../broker/src/runtime/disk.ts'

export class RecordingDisk implements Disk {
  #batches: number[] = []
  #bytes = 0

  /** Bytes of each batch since this was last asked. */
  take(): readonly number[] {
    const batches = this.#batches
    this.#batches = []
    return batches
  }

  readonly list = systemDisk.list
  readonly remove = systemDisk.remove
  readonly makeDirectory = systemDisk.makeDirectory
  readonly syncDirectory = systemDisk.syncDirectory
  readonly freeBytes = systemDisk.freeBytes
  readonly lock = systemDisk.lock

  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    const file = await systemDisk.open(path, mode)
    return {
      path: file.path,
      size: () => file.size(),
      read: (buffer, offset, length, position) => file.read(buffer, offset, length, position),
      write: (buffer, offset, length, position) => {
        this.#bytes += length
        return file.write(buffer, offset, length, position)
      },
      sync: () => {
        if (this.#bytes > 0) this.#batches.push(this.#bytes)
        this.#bytes = 0
        return file.sync()
      },
      writeThrough: (buffer, offset, length, position) => {
        this.#batches.push(length)
        return file.writeThrough(buffer, offset, length, position)
      },
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    }
  }
}
