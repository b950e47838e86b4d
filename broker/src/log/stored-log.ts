/**
 * A log's directory for who only looks: nothing in it is changed, not even what a crash left at its end, which is
 * passed over. Whoever looks holds the directory's lock, or looks at files that nobody writes.
 */

import { join } from 'node:path'
import type { Disk } from '../runtime/disk.ts'
import { ColdReads } from './cold-reads.ts'
import { FORMAT_VERSION, readSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from './frame.ts'
import { LogDamage, type Segment, type Visit } from './log.ts'
import { readNames } from './log-directory.ts'
import { replaySegment } from './replay-segment.ts'
import { SegmentFile, SegmentFiles } from './segment-file.ts'
import { findTail } from './tail.ts'

/** Rejects with LogDamage, with the disk's error, or with an Error for another format version. */
export async function openStoredLog(disk: Disk, directory: string): Promise<StoredLog> {
  const files = new SegmentFiles(disk, directory, 'read')
  const { bases: all, starts } = await readNames(disk, directory)
  const start = starts.at(-1) ?? 0
  const bases = all.filter((base) => base >= start)
  if (bases[0] !== start) throw new LogDamage(directory, 0, `the segment ${segmentName(start)} is missing`)
  const segments: SegmentFile[] = []
  for (const [index, base] of bases.entries()) {
    const segment = await openSegment(files, base, bases[index + 1])
    if (segment !== undefined) segments.push(segment)
  }
  return new StoredLog(files, segments)
}

export class StoredLog implements AsyncDisposable {
  readonly formatVersion = FORMAT_VERSION
  readonly #files: SegmentFiles
  readonly #segments: readonly SegmentFile[]
  readonly #coldReads = new ColdReads()

  constructor(files: SegmentFiles, segments: readonly SegmentFile[]) {
    this.#files = files
    this.#segments = segments
  }

  get start(): number {
    return this.#segments[0]?.firstRecord ?? 0
  }

  get end(): number {
    return this.#segments.at(-1)?.end ?? 0
  }

  segments(): readonly (Segment & { readonly path: string })[] {
    return this.#segments.map((segment, index) => ({
      path: segment.path,
      start: segment.firstRecord,
      end: this.#segments[index + 1]?.firstRecord ?? segment.end,
      bytes: segment.end - segment.header.base,
    }))
  }

  async replay(from: number, visit: Visit): Promise<void> {
    for (const segment of this.#segments) {
      if (segment.end > from) await replaySegment(segment, from, segment.end, Number.POSITIVE_INFINITY, visit)
    }
  }

  readAt(position: number, length: number): Buffer | Promise<Buffer> {
    const segment = this.#segments.findLast(({ firstRecord }) => firstRecord <= position)
    if (segment === undefined) throw new RangeError(`position ${position} is not in the log`)
    const { base } = segment.header
    return this.#coldReads.read({ segment, offset: position - base, length, limit: segment.end - base })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#files.close()
  }
}

/** Undefined where a crash left a last segment without a header. */
async function openSegment(
  files: SegmentFiles,
  base: number,
  next: number | undefined,
): Promise<SegmentFile | undefined> {
  const path = join(files.directory, segmentName(base))
  const file = await files.disk.open(path, 'read')
  try {
    const size = await file.size()
    const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
    const filled = await file.read(bytes, 0, bytes.length, 0)
    if (next === undefined && size <= SEGMENT_HEADER_BYTES && !isHeader(bytes, path, base)) return undefined
    const segment = new SegmentFile(files, readSegmentHeader(bytes.subarray(0, filled), path, base), true)
    if (next !== undefined && base + size < next) {
      throw new LogDamage(path, size, `it ends before ${segmentName(next)} begins`)
    }
    segment.end = next ?? base + (await findTail(file, segment.header)).end
    return segment
  } finally {
    await file.close()
  }
}

function isHeader(bytes: Buffer, path: string, base: number): boolean {
  try {
    readSegmentHeader(bytes, path, base)
    return true
  } catch (error) {
    if (error instanceof LogDamage) return false
    throw error
  }
}
