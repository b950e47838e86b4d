/**
 * Opens a log's directory: checks that the segments follow each other, finishes what a crash interrupted (a trim, a
 * new segment, the last block), and leaves a last segment that can be written on.
 *
 * What is read here is made durable before anybody acts on it. The last block may have been written and never
 * synced: its process was killed before, or a sync failed and the system, as Linux does, then called the pages
 * clean, so that a later sync succeeds without writing. Therefore the last block is written once more, the same
 * bytes to the same place, and synced: nothing before it can be in that state, because a block is written only after
 * the one before it was synced. If this sync fails too, opening fails.
 */

import { join } from 'node:path'
import type { DiskFile } from '../runtime/disk.ts'
import type { Random } from '../runtime/random.ts'
import { readSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader, segmentName } from './frame.ts'
import { LogDamage } from './log.ts'
import { type LogNames, markStart, readNames, removeMark } from './log-directory.ts'
import { SegmentFile, type SegmentFiles } from './segment-file.ts'
import { findTail, type Tail } from './tail.ts'

/** What a crash left at the end and opening cut off: bytes that nobody was told were safe. */
export interface Recovered {
  readonly file: string
  readonly offset: number
  readonly bytesCut: number
}

export interface OpenedSegments {
  /** Oldest first, at least one. */
  readonly segments: SegmentFile[]
  /** There was nothing before. */
  readonly fresh: boolean
  readonly recovered: Recovered | undefined
}

export async function openSegments(files: SegmentFiles, random: Random): Promise<OpenedSegments> {
  const { disk, directory } = files
  const names = await readNames(disk, directory)
  if (names.bases.length === 0) return createFirst(files, names, random)
  // What an unfinished run did to names must not be undone by a crash after it was built upon: a mark of where the log
  // begins that vanishes, when what lay before it has been removed, leaves a log without its first segment.
  await disk.syncDirectory(directory)
  const bases = await finishTrim(files, names)
  const recovered: { cut?: Recovered } = {}
  const segments: SegmentFile[] = []
  for (const [index, base] of bases.entries()) {
    const next = bases[index + 1]
    segments.push(
      next === undefined
        ? await openLast(files, base, random, recovered)
        : await openSealed(files, base, next),
    )
  }
  return { segments, fresh: false, recovered: recovered.cut }
}

export function drawSalt(random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32LE(0)
}

async function createFirst(files: SegmentFiles, names: LogNames, random: Random): Promise<OpenedSegments> {
  const { disk, directory } = files
  const start = names.starts.at(-1)
  if (start !== undefined) throw new LogDamage(directory, 0, `the segment ${segmentName(start)} is missing`)
  const segment = new SegmentFile(files, { base: 0, salt: drawSalt(random) }, false)
  await segment.ensure()
  await markStart(disk, directory, 0)
  return { segments: [segment], fresh: true, recovered: undefined }
}

/** Removes what a trim had already given up. Returns the bases of the segments that remain. */
async function finishTrim(files: SegmentFiles, names: LogNames): Promise<readonly number[]> {
  const { disk, directory } = files
  const start = names.starts.at(-1) ?? 0
  if (!names.bases.includes(start)) {
    throw new LogDamage(directory, 0, `the segment ${segmentName(start)} is missing`)
  }
  for (const base of names.bases.filter((base) => base < start)) await disk.remove(segmentPath(files, base))
  for (const mark of names.starts.slice(0, -1)) await removeMark(disk, directory, mark)
  if (names.starts.length === 0) await markStart(disk, directory, start)
  return names.bases.filter((base) => base >= start)
}

/** It must reach to the next one's base. Its blocks are checked when they are replayed. */
async function openSealed(files: SegmentFiles, base: number, next: number): Promise<SegmentFile> {
  const file = await files.disk.open(segmentPath(files, base), 'read')
  try {
    const segment = new SegmentFile(files, await readHeader(file, base), true)
    const size = await file.size()
    if (base + size < next)
      throw new LogDamage(segment.path, size, `it ends before ${segmentName(next)} begins`)
    segment.end = next
    return segment
  } finally {
    await file.close()
  }
}

async function openLast(
  files: SegmentFiles,
  base: number,
  random: Random,
  recovered: { cut?: Recovered },
): Promise<SegmentFile> {
  const path = segmentPath(files, base)
  const file = await files.disk.open(path, 'write')
  try {
    const size = await file.size()
    // The header is synced before the first block is written, so a torn one has nothing behind it.
    if (size <= SEGMENT_HEADER_BYTES && !(await hasHeader(file, base))) {
      if (size > 0) recovered.cut = { file: path, offset: 0, bytesCut: size }
      const segment = new SegmentFile(files, { base, salt: drawSalt(random) }, false)
      await segment.ensure()
      return segment
    }
    const segment = new SegmentFile(files, await readHeader(file, base), true)
    const tail = await findTail(file, segment.header)
    if (tail.torn > 0) {
      recovered.cut = { file: path, offset: tail.end, bytesCut: tail.torn }
      await file.truncate(tail.end)
    }
    await settle(file, tail)
    segment.end = base + tail.end
    return segment
  } finally {
    await file.close()
  }
}

/** Writes the last block again and syncs it, so that what was read is durable. */
async function settle(file: DiskFile, { lastBlock, end }: Tail): Promise<void> {
  const bytes = Buffer.allocUnsafe(end - lastBlock)
  await file.read(bytes, 0, bytes.length, lastBlock)
  await file.write(bytes, 0, bytes.length, lastBlock)
  await file.sync()
}

async function hasHeader(file: DiskFile, base: number): Promise<boolean> {
  try {
    await readHeader(file, base)
    return true
  } catch (error) {
    if (error instanceof LogDamage) return false
    throw error
  }
}

async function readHeader(file: DiskFile, base: number): Promise<SegmentHeader> {
  const bytes = Buffer.alloc(SEGMENT_HEADER_BYTES)
  const filled = await file.read(bytes, 0, bytes.length, 0)
  return readSegmentHeader(bytes.subarray(0, filled), file.path, base)
}

function segmentPath(files: SegmentFiles, base: number): string {
  return join(files.directory, segmentName(base))
}
