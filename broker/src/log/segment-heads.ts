/**
 * The heads file beside a closed segment (heads.ts): written when it pays, read at a start instead of the segment,
 * and gone with it. Nothing depends on it, so it is not waited for, not repaired and not backed up.
 */

import { join } from 'node:path'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import { isOutOfSpace } from '../runtime/out-of-space.ts'
import type { SegmentHeader } from './frame.ts'
import { HEADS_HEADER_BYTES, HeadFrames, type HeadsHeader, HeadsWriter, readHeadsHeader } from './heads.ts'
import type { Visit } from './log.ts'
import { replaySegment } from './replay-segment.ts'
import { type ScanBuffers, scan } from './scan.ts'
import type { SegmentFile } from './segment-file.ts'

/** How many bytes from a record's beginning a start looks at: of at least this much the heads file is made. */
export type HeadBytes = (buffer: Buffer, offset: number, length: number) => number

/** A heads file that is larger than this part of its segment gains nothing. */
const PART_MAX = 0.5
/** It is made in memory. */
const BYTES_MAX = 64 * 1024 * 1024

const NAME = /^(\d{20})\.heads$/

export class SegmentHeads {
  readonly #disk: Disk
  readonly #directory: string
  readonly #headBytes: HeadBytes
  /** Bases of the segments that have one, and of those for which none is written any more. */
  readonly #there = new Set<number>()
  readonly #unwanted = new Set<number>()
  #writing: Promise<void> = Promise.resolve()

  constructor(disk: Disk, directory: string, headBytes: HeadBytes) {
    this.#disk = disk
    this.#directory = directory
    this.#headBytes = headBytes
  }

  /** Finds those of these segments; removes what a crash left of others. */
  async find(segments: readonly SegmentFile[]): Promise<void> {
    const bases = new Set(segments.map(({ header }) => header.base))
    for (const name of await this.#disk.list(this.#directory)) {
      const base = headsBase(name)
      if (base === undefined) continue
      if (bases.has(base)) this.#there.add(base)
      else await this.#disk.remove(join(this.#directory, name))
    }
  }

  /**
   * Writes the files of those of these closed segments for which it pays, one after the other, while there is room on
   * the disk. Rejects with LogDamage, or the disk's error; a segment for which it failed is not tried again.
   */
  async prepare(segments: readonly SegmentFile[], stays: (index: number) => boolean): Promise<void> {
    for (const [index, segment] of segments.entries()) {
      const { base } = segment.header
      if (this.#there.has(base) || this.#unwanted.has(base) || !stays(index)) continue
      // What is appended needs it more.
      if ((await this.#disk.freeBytes(this.#directory)) < segment.end - base) return
      this.#unwanted.add(base)
      const bytes = await this.#headsOf(segment)
      if (bytes === undefined || segment.retired) continue
      this.#writing = this.#write(base, bytes).catch((error: unknown) => {
        if (!isOutOfSpace(error)) throw error
      })
      await this.#writing
    }
  }

  /**
   * Shows the heads of the segment's records, from its first one on. Returns the position up to which all were shown:
   * the segment's end, or where the rest has to be read from the segment.
   */
  async replay(segment: SegmentFile, visit: Visit, buffers: ScanBuffers): Promise<number> {
    const { base } = segment.header
    if (!this.#there.has(base)) return base
    const reached = await this.#show(segment, visit, buffers)
    if (reached < segment.end) this.#there.delete(base)
    return reached
  }

  /** The segment is gone. */
  async remove({ header: { base } }: SegmentFile): Promise<void> {
    await Promise.allSettled([this.#writing])
    this.#unwanted.delete(base)
    if (this.#there.delete(base)) await this.#disk.remove(this.#path(base))
  }

  async #headsOf(segment: SegmentFile): Promise<Buffer | undefined> {
    const { header, end } = segment
    const writer = new HeadsWriter(Math.min(Math.floor((end - header.base) * PART_MAX), BYTES_MAX))
    const headBytes = this.#headBytes
    await replaySegment(segment, 0, end, end, (position, buffer, offset, length) =>
      writer.add(position - header.base, buffer, offset, length, headBytes(buffer, offset, length)),
    )
    return writer.finish(header, end - header.base)
  }

  async #write(base: number, bytes: Buffer): Promise<void> {
    const file = await this.#disk.open(this.#path(base), 'create')
    try {
      await file.write(bytes, 0, bytes.length, 0)
      await file.sync()
      this.#there.add(base)
    } finally {
      await file.close()
      // Half of one is of no use, and may hold the disk's last bytes.
      if (!this.#there.has(base)) await this.#disk.remove(this.#path(base))
    }
  }

  async #show(segment: SegmentFile, visit: Visit, buffers: ScanBuffers): Promise<number> {
    const { base } = segment.header
    const file = await this.#disk.open(this.#path(base), 'read')
    try {
      const header = await readHeader(file, segment.header)
      if (header === undefined || base + header.covered > segment.end) return base
      const frames = new HeadFrames(base, header.bytes, visit)
      const stop = await scan(file, HEADS_HEADER_BYTES, header.bytes, frames, buffers)
      return stop === header.bytes ? base + header.covered : frames.reached
    } finally {
      await file.close()
    }
  }

  #path(base: number): string {
    return join(this.#directory, headsName(base))
  }
}

export function headsName(base: number): string {
  return `${String(base).padStart(20, '0')}.heads`
}

function headsBase(name: string): number | undefined {
  const digits = NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

async function readHeader(file: DiskFile, header: SegmentHeader): Promise<HeadsHeader | undefined> {
  const bytes = Buffer.alloc(HEADS_HEADER_BYTES)
  const filled = await file.read(bytes, 0, bytes.length, 0)
  return readHeadsHeader(bytes.subarray(0, filled), header)
}
