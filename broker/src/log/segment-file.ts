/**
 * One segment on the disk: its place in the log, its file, and the file handle that readers and the writer share.
 * Handles are opened when first needed and closed when too many stand idle. A segment that is removed while
 * somebody reads it goes on being read: its name is gone, its handle is closed by the last reader.
 */

import { join } from 'node:path'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import {
  FIRST_RECORD_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
  writeSegmentHeader,
} from './frame.ts'

/** At most this many files stay open with nobody reading them. */
export const IDLE_FILES_MAX = 32

export class SegmentFile {
  readonly header: SegmentHeader
  readonly path: string
  /** The position after its last block, which is the next segment's base. Grows while it is the last. */
  end: number
  /** Up to this offset the file's space was allocated ahead (write-block.ts). */
  allocated = 0
  readonly #files: SegmentFiles
  #opened: Promise<DiskFile> | undefined
  #users = 0
  #created: Promise<void> | undefined
  /** Nobody will use it any more; the last who does closes the file. */
  #isRetired = false

  constructor(files: SegmentFiles, header: SegmentHeader, created: boolean) {
    this.header = header
    this.path = join(files.directory, segmentName(header.base))
    this.end = header.base + SEGMENT_HEADER_BYTES
    this.#files = files
    this.#created = created ? Promise.resolve() : undefined
  }

  get firstRecord(): number {
    return this.header.base + FIRST_RECORD_BYTES
  }

  get hasBlocks(): boolean {
    return this.end > this.header.base + SEGMENT_HEADER_BYTES
  }

  get retired(): boolean {
    return this.#isRetired
  }

  get idle(): boolean {
    return this.#users === 0
  }

  /** Makes the file under its name, header and all, durably, if that has not been done. */
  async ensure(): Promise<void> {
    this.#created ??= this.#create()
    try {
      await this.#created
    } catch (error) {
      this.#created = undefined
      throw error
    }
  }

  async use<Result>(run: (file: DiskFile) => Promise<Result>): Promise<Result> {
    this.#users++
    try {
      return await run(await this.#open())
    } finally {
      this.#users--
      if (this.idle) await (this.#isRetired ? this.closeIdle() : this.#files.rest(this))
    }
  }

  /** Returns the space that was allocated ahead and is not needed, the segment being complete. */
  async giveBack(): Promise<void> {
    const bytes = this.end - this.header.base
    if (this.allocated <= bytes || this.#isRetired) return
    this.allocated = 0
    await this.use((file) => file.truncate(bytes))
  }

  /** Takes the file's name away. Whoever reads it may finish. */
  async remove(): Promise<void> {
    this.#isRetired = true
    // A reader that is about to open the file must have it before its name goes.
    await Promise.allSettled([this.#opened])
    await this.#files.disk.remove(this.path)
    await this.retire()
  }

  async retire(): Promise<void> {
    this.#isRetired = true
    if (this.idle) await this.closeIdle()
  }

  async closeIdle(): Promise<void> {
    const opened = this.#opened
    this.#opened = undefined
    this.#files.forget(this)
    if (opened !== undefined) await (await opened).close()
  }

  async #create(): Promise<void> {
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    writeSegmentHeader(bytes, 0, this.header)
    await this.closeIdle()
    this.#opened = this.#files.disk.open(this.path, 'create')
    await this.use(async (file) => {
      await file.write(bytes, 0, bytes.length, 0)
      await file.sync()
    })
    await this.#files.disk.syncDirectory(this.#files.directory)
  }

  async #open(): Promise<DiskFile> {
    this.#opened ??= this.#files.disk.open(this.path, this.#files.mode)
    try {
      return await this.#opened
    } catch (error) {
      this.#opened = undefined
      throw error
    }
  }
}

/** What the segments of one log share: where they lie, and which of their files stand idle, longest first. */
export class SegmentFiles {
  readonly disk: Disk
  readonly directory: string
  readonly mode: 'write' | 'read'
  readonly #idle = new Set<SegmentFile>()

  constructor(disk: Disk, directory: string, mode: 'write' | 'read' = 'write') {
    this.disk = disk
    this.directory = directory
    this.mode = mode
  }

  async rest(segment: SegmentFile): Promise<void> {
    this.#idle.delete(segment)
    this.#idle.add(segment)
    if (this.#idle.size <= IDLE_FILES_MAX) return
    for (const candidate of this.#idle) {
      this.#idle.delete(candidate)
      if (candidate.idle) return candidate.closeIdle()
    }
  }

  /** Closes what stands idle. */
  async close(): Promise<void> {
    for (const segment of [...this.#idle]) await segment.closeIdle()
  }

  forget(segment: SegmentFile): void {
    this.#idle.delete(segment)
  }
}
