/**
 * The only door to files. Small on purpose: a log needs whole writes at a position, a sync that means it, and a
 * directory. Everything rejects with Node's error and its `code` (`ENOSPC`, `EIO`, `ENOENT`, …); nothing is retried
 * here. A test hands in a simulated disk that loses what was not synced.
 *
 * A file's bytes are safe after `sync`, its name only after `syncDirectory` of the directory it stands in.
 */

import { type FileHandle, mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { lockDirectory } from './directory-lock.ts'

export interface Disk {
  /** `create` makes an empty file or empties the one there is; the others need it to exist. */
  open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile>
  /** Names, unsorted. */
  list(directory: string): Promise<string[]>
  /** Takes the name away; who has the file open may go on using it. Rejects with ENOENT if it is not there. */
  remove(path: string): Promise<void>
  /** With all its parents, durably; does nothing if it is there. */
  makeDirectory(path: string): Promise<void>
  /** Makes the names in the directory, and their absence, durable. */
  syncDirectory(path: string): Promise<void>
  /** What an ordinary process may still write where this directory lies. */
  freeBytes(directory: string): Promise<number>
  /** Refuses with {@link DirectoryInUse} while another holds it, in this process or another. */
  lock(directory: string): Promise<DirectoryLock>
}

export interface DiskFile {
  readonly path: string
  size(): Promise<number>
  /** Fills `buffer` from `offset` with `length` bytes from `position`; returns fewer only at the end of the file. */
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>
  /** Writes all of it or rejects; after a rejection any part of it may have been written. */
  write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<void>
  /** The bytes and the size are durable when this resolves. After a rejection, none of what it was for can be relied on. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}

export interface DirectoryLock {
  release(): Promise<void>
}

const OPEN_FLAGS = { create: 'w+', write: 'r+', read: 'r' } as const

/** The machine's disk. */
export const systemDisk: Disk = {
  open: async (path, mode) => new SystemFile(path, await open(path, OPEN_FLAGS[mode])),
  list: (directory) => readdir(directory),
  remove: (path) => rm(path),
  makeDirectory,
  syncDirectory,
  freeBytes: async (directory) => {
    const { bavail, bsize, blocks } = await statfs(directory)
    // File systems without a size of their own (some overlays) report no blocks at all.
    return blocks === 0 ? Number.POSITIVE_INFINITY : bavail * bsize
  },
  lock: (directory) => lockDirectory(directory),
}

async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true })
  if (first === undefined) return
  // Every directory made is a name in the one above it.
  for (let made = resolve(path); ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made === resolve(first)) return
  }
}

async function syncDirectory(path: string): Promise<void> {
  // Windows cannot open a directory and has no need to: NTFS journals names.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

class SystemFile implements DiskFile {
  readonly path: string
  readonly #handle: FileHandle

  constructor(path: string, handle: FileHandle) {
    this.path = path
    this.#handle = handle
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#handle.read(buffer, offset + done, length - done, position + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }

  async write(buffer: Uint8Array, offset: number, length: number, position: number): Promise<void> {
    let done = 0
    // A short write is how a filling disk announces itself; the next one gets the error.
    while (done < length) {
      const { bytesWritten } = await this.#handle.write(buffer, offset + done, length - done, position + done)
      done += bytesWritten
    }
  }

  sync(): Promise<void> {
    return this.#handle.datasync()
  }

  truncate(size: number): Promise<void> {
    return this.#handle.truncate(size)
  }

  close(): Promise<void> {
    return this.#handle.close()
  }
}
