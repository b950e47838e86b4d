/**
 * A disk in memory for tests and for the simulator: deterministic, one thread, no timers. It knows which bytes and
 * which names were synced. `crash` keeps those, and of everything since an arbitrary part drawn from a seed: writes
 * torn and reordered by sector, sizes old or new, names there or gone.
 *
 * `before` is asked ahead of every operation: it may throw (the operation fails), or return a promise (the operation
 * waits). A failed sync does what Linux does: the pages keep their bytes and are called clean, so that a later good
 * sync does not write them; only writing them again does.
 */

import { dirname } from 'node:path'
import { DirectoryInUse } from '../../src/runtime/directory-lock.ts'
import type { DirectoryLock, Disk, DiskFile } from '../../src/runtime/disk.ts'

export const SECTOR_BYTES = 512

export type OperationKind =
  | 'open'
  | 'read'
  | 'write'
  | 'sync'
  | 'truncate'
  | 'remove'
  | 'list'
  | 'syncDirectory'
  | 'makeDirectory'

export interface Operation {
  readonly kind: OperationKind
  readonly path: string
}

export interface SimDiskOptions {
  /** Bytes that all files together may have. */
  readonly capacityBytes?: number
}

/** What a file has been through since the bytes that are certain. */
type Change = {
  /** `pending`: not synced. `lost`: a sync of it failed. `synced`: after a lost one, so it cannot be folded yet. */
  state: 'pending' | 'lost' | 'synced'
  readonly at: number
  /** Written at `at`; undefined: truncated to `at`. */
  readonly bytes: Buffer | undefined
  readonly sizeBefore: number
  /** What stood there before. */
  readonly before: Buffer
}

class Inode {
  content: Buffer = Buffer.alloc(0)
  size = 0
  changes: Change[] = []

  get bytes(): Buffer {
    return this.content.subarray(0, this.size)
  }

  copy(): Inode {
    const copy = new Inode()
    copy.content = Buffer.from(this.bytes)
    copy.size = this.size
    copy.changes = this.changes.map((change) => ({ ...change }))
    return copy
  }

  resize(size: number): void {
    if (size > this.content.length) {
      const content = Buffer.alloc(Math.max(size, 2 * this.content.length))
      this.bytes.copy(content)
      this.content = content
    }
    if (size < this.size) this.content.fill(0, size, this.size)
    this.size = size
  }

  write(at: number, bytes: Buffer): void {
    const sizeBefore = this.size
    const before = Buffer.from(this.bytes.subarray(at, at + bytes.length))
    this.resize(Math.max(this.size, at + bytes.length))
    bytes.copy(this.content, at)
    this.changes.push({ state: 'pending', at, bytes, sizeBefore, before })
  }

  truncate(size: number): void {
    const before = Buffer.from(this.bytes.subarray(Math.min(size, this.size)))
    this.changes.push({ state: 'pending', at: size, bytes: undefined, sizeBefore: this.size, before })
    this.resize(size)
  }

  /** The first `count` changes have reached the disk, but for those that a failed sync lost. */
  synced(count: number): void {
    for (const change of this.changes.slice(0, count)) if (change.state === 'pending') change.state = 'synced'
    this.#dropRewritten()
    const first = this.changes.findIndex(({ state }) => state !== 'synced')
    this.changes.splice(0, first < 0 ? this.changes.length : first)
  }

  lose(count: number): void {
    for (const change of this.changes.slice(0, count)) if (change.state === 'pending') change.state = 'lost'
  }

  /** A lost write is made good by a later one over the same bytes that was synced. */
  #dropRewritten(): void {
    for (const [index, change] of this.changes.entries()) {
      if (change.state !== 'lost' || change.bytes === undefined) continue
      const end = change.at + change.bytes.length
      const good = this.changes
        .slice(index + 1)
        .some(
          ({ state, at, bytes }) =>
            state === 'synced' && bytes !== undefined && at <= change.at && at + bytes.length >= end,
        )
      if (good) change.state = 'synced'
    }
  }

  crash(draw: Draw): void {
    for (const change of this.changes.toReversed()) {
      this.resize(change.sizeBefore)
      change.before.copy(this.content, Math.min(change.at, change.sizeBefore))
    }
    for (const change of this.changes) {
      if (change.bytes === undefined) {
        if (change.state === 'synced' || draw.keeps()) this.resize(change.at)
      } else if (change.state === 'synced') this.#put(change.at, change.bytes)
      else this.#putSectors(change.at, change.bytes, draw)
    }
    this.changes = []
  }

  #putSectors(at: number, bytes: Buffer, draw: Draw): void {
    for (let from = 0; from < bytes.length; ) {
      const to = Math.min(bytes.length, from + SECTOR_BYTES - ((at + from) % SECTOR_BYTES))
      if (draw.keeps()) this.#put(at + from, bytes.subarray(from, to))
      from = to
    }
  }

  #put(at: number, bytes: Buffer): void {
    this.resize(Math.max(this.size, at + bytes.length))
    bytes.copy(this.content, at)
  }
}

/** One crash's dice: from "nothing unsynced survives" to "all of it does". */
class Draw {
  #state: number
  readonly #share: number

  constructor(seed: number) {
    this.#state = seed | 0
    const kind = this.next()
    this.#share = kind < 0.15 ? 0 : kind > 0.85 ? 1 : this.next()
  }

  /** Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  keeps(): boolean {
    return this.next() < this.#share
  }
}

export class SimDisk implements Disk {
  /** Faults and delays; see the top of the file. */
  before: (operation: Operation) => Promise<void> | undefined = () => undefined
  capacityBytes: number
  /** How often each kind of operation was done. */
  readonly counts = new Map<OperationKind, number>()
  /** Files opened and not closed since the last crash. */
  openFiles = 0
  readonly #directories = new Set<string>(['.', '/'])
  #files = new Map<string, Inode>()
  /** The names as they are known to survive, and those whose directory has not been synced since. */
  #durable = new Map<string, Inode>()
  #unsynced = new Set<string>()
  readonly #locks = new Set<string>()
  /** Counts crashes: a file opened before one is of no use after it. */
  #life = 0

  constructor(options: SimDiskOptions = {}) {
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY
  }

  async open(path: string, mode: 'create' | 'write' | 'read'): Promise<DiskFile> {
    await this.#begin('open', path)
    let inode = this.#files.get(path)
    if (inode === undefined && mode !== 'create') throw diskError('ENOENT', path)
    if (inode === undefined) {
      inode = new Inode()
      this.#files.set(path, inode)
      this.#unsynced.add(path)
    } else if (mode === 'create') inode.truncate(0)
    return this.#handle(path, inode)
  }

  async list(directory: string): Promise<string[]> {
    await this.#begin('list', directory)
    return [...this.#files.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => path.slice(directory.length + 1))
  }

  async remove(path: string): Promise<void> {
    await this.#begin('remove', path)
    if (!this.#files.delete(path)) throw diskError('ENOENT', path)
    this.#unsynced.add(path)
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#begin('makeDirectory', path)
    this.#directories.add(path)
  }

  async syncDirectory(path: string): Promise<void> {
    const covered = [...this.#unsynced].filter((name) => dirname(name) === path)
    const inodes = covered.map((name) => this.#files.get(name))
    await this.#begin('syncDirectory', path)
    for (const [index, name] of covered.entries()) {
      const inode = inodes[index]
      if (inode === undefined) this.#durable.delete(name)
      else this.#durable.set(name, inode)
      if (this.#files.get(name) === inode) this.#unsynced.delete(name)
    }
  }

  async freeBytes(): Promise<number> {
    return this.capacityBytes - this.usedBytes
  }

  async lock(directory: string): Promise<DirectoryLock> {
    if (this.#locks.has(directory)) throw new DirectoryInUse(directory, undefined)
    this.#locks.add(directory)
    const life = this.#life
    return {
      release: async () => {
        if (life === this.#life) this.#locks.delete(directory)
      },
    }
  }

  get usedBytes(): number {
    let used = 0
    for (const { size } of this.#files.values()) used += size
    return used
  }

  /** Another disk in the same state, with all that is not synced; nobody has anything open on it. */
  fork(): SimDisk {
    const copies = new Map<Inode, Inode>()
    const copyOf = (inode: Inode): Inode => {
      const copy = copies.get(inode) ?? inode.copy()
      copies.set(inode, copy)
      return copy
    }
    const fork = new SimDisk({ capacityBytes: this.capacityBytes })
    for (const name of this.#directories) fork.#directories.add(name)
    for (const [name, inode] of this.#files) fork.#files.set(name, copyOf(inode))
    for (const [name, inode] of this.#durable) fork.#durable.set(name, copyOf(inode))
    for (const name of this.#unsynced) fork.#unsynced.add(name)
    return fork
  }

  /** The power goes: what was synced stays, of the rest what the seed says. Everything open is closed. */
  crash(seed: number): void {
    const draw = new Draw(seed)
    const survivors = new Map(this.#durable)
    for (const name of [...this.#unsynced].sort()) {
      const now = this.#files.get(name)
      if (!draw.keeps()) continue
      if (now === undefined) survivors.delete(name)
      else survivors.set(name, now)
    }
    for (const inode of new Set(survivors.values())) inode.crash(draw)
    this.#files = survivors
    this.#durable = new Map(survivors)
    this.#unsynced.clear()
    this.#endLife()
  }

  /** The process dies, the machine does not: every write stays, synced or not. */
  kill(): void {
    this.#endLife()
  }

  /** Turns bits of a byte that lies still. */
  rot(path: string, offset: number, mask = 0xff): void {
    const inode = this.#files.get(path)!
    inode.content[offset] = inode.content[offset]! ^ mask
  }

  /** A file's bytes as a reader sees them now. */
  contents(path: string): Buffer {
    const inode = this.#files.get(path)
    if (inode === undefined) throw diskError('ENOENT', path)
    return Buffer.from(inode.bytes)
  }

  /** Puts a file there, durably. */
  place(path: string, bytes: Uint8Array): void {
    const inode = new Inode()
    inode.resize(bytes.length)
    inode.content.set(bytes)
    this.#files.set(path, inode)
    this.#durable.set(path, inode)
    this.#unsynced.delete(path)
  }

  paths(): string[] {
    return [...this.#files.keys()].sort()
  }

  #endLife(): void {
    this.#locks.clear()
    this.openFiles = 0
    this.#life++
  }

  async #begin(kind: OperationKind, path: string): Promise<void> {
    const life = this.#life
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    await this.before({ kind, path })
    if (life !== this.#life) throw diskError('EBADF', path)
  }

  #handle(path: string, inode: Inode): DiskFile {
    const life = this.#life
    let open = true
    this.openFiles++
    const begin = async (kind: OperationKind): Promise<void> => {
      if (!open || life !== this.#life) throw diskError('EBADF', path)
      await this.#begin(kind, path)
    }
    const file: DiskFile = {
      path,
      size: async () => inode.size,
      read: async (buffer, offset, length, position) => {
        await begin('read')
        const bytes = inode.bytes.subarray(position, position + length)
        buffer.set(bytes, offset)
        return bytes.length
      },
      write: async (buffer, offset, length, position) => {
        await begin('write')
        // What fits is written, as a real disk does before it says that it is full.
        const grows = Math.max(0, position + length - inode.size)
        const missing = Math.max(0, grows - (this.capacityBytes - this.usedBytes))
        if (length > missing)
          inode.write(position, Buffer.from(buffer.subarray(offset, offset + length - missing)))
        if (missing > 0) throw diskError('ENOSPC', path)
      },
      sync: async () => {
        const count = inode.changes.length
        try {
          await begin('sync')
        } catch (error) {
          if (life === this.#life) inode.lose(count)
          throw error
        }
        inode.synced(count)
      },
      writeThrough: async (buffer, offset, length, position) => {
        await file.write(buffer, offset, length, position)
        await file.sync()
      },
      truncate: async (size) => {
        await begin('truncate')
        inode.truncate(size)
      },
      close: async () => {
        if (open && life === this.#life) this.openFiles--
        open = false
      },
    }
    return file
  }
}

export function diskError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}
