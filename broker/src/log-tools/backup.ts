/**
 * Copies a data directory, also one that a broker is writing: no lock is taken and the broker is not asked.
 *
 * It is sound because of what the log is. A segment behind the newest never changes, so it can be copied at leisure;
 * of the newest whatever blocks are whole are copied, up to the first that is not, and any such beginning of a log is
 * a log (what a crash at that moment would have left). Everything acknowledged before the backup began was durable by
 * then, so it lies in a whole block of the segments listed first. A trim takes away a prefix only, and only after
 * what lived in it was appended again: where a segment is gone before it was copied, the backup lists anew and goes
 * on from the new beginning, whose end has what was moved. The mark of the beginning is written last.
 *
 * Every block of the copy is read back and checked before the backup counts.
 */

import { join } from 'node:path'
import { aligned, readSegmentHeader, SEGMENT_HEADER_BYTES, segmentName } from '../log/frame.ts'
import { LogDamage } from '../log/log.ts'
import { markStart, readNames } from '../log/log-directory.ts'
import { closing, copyBytes } from '../log/mend.ts'
import { scanBlocks } from '../log/scan.ts'
import { findTail } from '../log/tail.ts'
import type { Disk } from '../runtime/disk.ts'

/** A broker that trims faster than this many listings can follow is not being copied but chased. */
const LISTINGS_MAX = 100

export interface Backup {
  readonly segments: number
  readonly bytes: number
}

/** Into an empty directory that is there. Rejects with LogDamage where the log, or the copy, does not read back. */
export async function backup(disk: Disk, from: string, to: string): Promise<Backup> {
  const copied = new Map<number, number>()
  for (let listing = 1; listing <= LISTINGS_MAX; listing++) {
    const { bases, starts } = await readNames(disk, from)
    const start = starts.at(-1) ?? 0
    const wanted = bases.filter((base) => base >= start)
    try {
      if (wanted[0] !== start) throw new LogDamage(from, 0, `the segment ${segmentName(start)} is missing`)
      await copySegments(disk, from, to, wanted, copied)
      return await finish(disk, to, start, copied)
    } catch (error) {
      // A listing is not one moment: beside a trim it may show a segment that is gone, or not show one that is not.
      const trimmed = isMissing(error) || error instanceof LogDamage
      if (!trimmed || !(await isTrimmed(disk, from, start))) throw error
    }
  }
  throw new Error(`${from} changes faster than it can be copied`)
}

/** Whether the log has another beginning by now. */
async function isTrimmed(disk: Disk, directory: string, start: number): Promise<boolean> {
  const { starts } = await readNames(disk, directory)
  return (starts.at(-1) ?? 0) !== start
}

async function copySegments(
  disk: Disk,
  from: string,
  to: string,
  bases: readonly number[],
  copied: Map<number, number>,
): Promise<void> {
  for (const [index, base] of bases.entries()) {
    const next = bases[index + 1]
    // One that was the newest in an earlier listing has to be copied to its end.
    if (next !== undefined && copied.get(base) === next - base) continue
    const bytes = await copySegment(disk, from, to, base, next)
    if (bytes > 0) copied.set(base, bytes)
  }
}

/** Returns how many bytes; none where the newest segment has no header yet. */
async function copySegment(
  disk: Disk,
  from: string,
  to: string,
  base: number,
  next: number | undefined,
): Promise<number> {
  await using source = closing(await disk.open(join(from, segmentName(base)), 'read'))
  const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
  const filled = await source.file.read(header, 0, header.length, 0)
  if (next === undefined && filled < SEGMENT_HEADER_BYTES) return 0
  const read = readSegmentHeader(header.subarray(0, filled), source.file.path, base)
  const bytes = next === undefined ? await wholeBytes(() => findTail(source.file, read)) : next - base
  await using target = closing(await disk.open(join(to, segmentName(base)), 'create'))
  await copyBytes(source.file, target.file, bytes).catch((error: unknown) => {
    throw error instanceof RangeError ? new LogDamage(source.file.path, bytes, error.message) : error
  })
  const end = await scanBlocks(target.file, read, SEGMENT_HEADER_BYTES, bytes, () => {})
  if (end < aligned(bytes)) {
    throw new LogDamage(source.file.path, end, 'no block is here, or it fails its checksum')
  }
  return bytes
}

/**
 * How far the newest segment's blocks are whole. A block that was half written when it was looked at, and whole when
 * the next one was, looks like damage: then it is looked at again, for as long as that gets further.
 */
async function wholeBytes(find: () => Promise<{ readonly end: number }>): Promise<number> {
  let reached = -1
  for (;;) {
    try {
      return (await find()).end
    } catch (error) {
      if (!(error instanceof LogDamage) || error.offset <= reached) throw error
      reached = error.offset
    }
  }
}

async function finish(
  disk: Disk,
  to: string,
  start: number,
  copied: ReadonlyMap<number, number>,
): Promise<Backup> {
  let bytes = 0
  for (const [base, size] of copied) {
    if (base < start) await disk.remove(join(to, segmentName(base)))
    else bytes += size
  }
  await markStart(disk, to, start)
  return { segments: [...copied.keys()].filter((base) => base >= start).length, bytes }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}
