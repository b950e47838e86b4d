/**
 * Makes a damaged log one that opens: what does not read back is replaced by bytes that say nothing, at the same
 * places, so that all the rest stays where it is. Records are dropped, never invented. Which, the caller has said
 * before (inspect.ts); a file is copied beside itself, as `….log.damaged`, before a byte of it is changed.
 *
 *     │ block header │ whole frame │ … │ empty frame │ … │ 0–7 zeros │      as long as it was, without its damage
 *
 * A crash on the way leaves a log that is still damaged, and can be repaired again.
 */

import { join } from 'node:path'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import type { Random } from '../runtime/random.ts'
import {
  BLOCK_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  frameEndAt,
  SEGMENT_HEADER_BYTES,
  sealFrames,
  writeBlockHeader,
  writeFrameLength,
  writeSegmentHeader,
} from './frame.ts'
import type { Damage, InspectedSegment, Inspection } from './inspect.ts'
import { markStart } from './log-directory.ts'
import { drawSalt } from './open-segments.ts'
import { headsName } from './segment-heads.ts'

const COPY_BYTES = 4 * 1024 * 1024

/** Returns the copies it made, in the order of the segments. */
export async function mendLog(
  disk: Disk,
  directory: string,
  inspection: Inspection,
  random: Random,
): Promise<readonly string[]> {
  const copies: string[] = []
  const names = await disk.list(directory)
  for (const segment of inspection.segments) {
    if (segment.damages.length === 0) continue
    // They say what the segment said. Gone for good when the copy is there, before a byte of the segment is changed.
    if (names.includes(headsName(segment.base))) await disk.remove(join(directory, headsName(segment.base)))
    copies.push(await copyAside(disk, directory, segment.path))
    await mendSegment(disk, segment, random)
  }
  const first = inspection.segments[0]
  if (inspection.damages.some(({ repair }) => repair === 'start') && first !== undefined) {
    await markStart(disk, directory, first.base)
  }
  await disk.syncDirectory(directory)
  return copies
}

/** An earlier repair's copy is not overwritten. */
async function copyAside(disk: Disk, directory: string, path: string): Promise<string> {
  const names = new Set((await disk.list(directory)).map((name) => `${directory}/${name}`))
  let copy = `${path}.damaged`
  for (let count = 2; names.has(copy); count++) copy = `${path}.damaged-${count}`
  await copyFile(disk, path, copy)
  await disk.syncDirectory(directory)
  return copy
}

async function copyFile(disk: Disk, from: string, to: string): Promise<void> {
  await using source = closing(await disk.open(from, 'read'))
  await using target = closing(await disk.open(to, 'create'))
  await copyBytes(source.file, target.file, await source.file.size())
}

/** The first `bytes` of a file into another, durably. Rejects with a RangeError where the file is shorter. */
export async function copyBytes(source: DiskFile, target: DiskFile, bytes: number): Promise<void> {
  const chunk = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, bytes))
  for (let at = 0; at < bytes; ) {
    const read = await source.read(chunk, 0, Math.min(chunk.length, bytes - at), at)
    if (read === 0) throw new RangeError(`${source.path} has only ${at} of ${bytes} bytes`)
    await target.write(chunk, 0, read, at)
    at += read
  }
  await target.sync()
}

export function closing(file: DiskFile): AsyncDisposable & { readonly file: DiskFile } {
  return { file, [Symbol.asyncDispose]: () => file.close() }
}

async function mendSegment(disk: Disk, segment: InspectedSegment, random: Random): Promise<void> {
  await using opened = closing(await disk.open(segment.path, 'write'))
  const { file } = opened
  const { base } = segment
  const salt = segment.header?.salt ?? drawSalt(random)
  if (segment.damages.some(({ repair }) => repair === 'header' || repair === 'segment')) {
    const header = Buffer.alloc(SEGMENT_HEADER_BYTES)
    writeSegmentHeader(header, 0, { base, salt })
    await file.write(header, 0, header.length, 0)
  }
  for (const [offset, damages] of damagedBlocks(segment.damages)) {
    const end = damages[0]!.block!.end
    const block = await mendedBlock(file, offset, end, damages)
    writeBlockHeader(block, 0, block.length, base + offset, salt)
    await file.write(block, 0, block.length, offset)
  }
  await file.sync()
}

/** To the buffer's end, but for the less than 8 bytes that are no room for one. */
function writeEmptyFrames(block: Buffer, from: number): void {
  let at = from
  for (; at + FRAME_HEADER_BYTES <= block.length; at += FRAME_HEADER_BYTES) {
    writeFrameLength(block, at, at + FRAME_HEADER_BYTES)
  }
  sealFrames(block, from, at)
}

function damagedBlocks(damages: readonly Damage[]): ReadonlyMap<number, readonly Damage[]> {
  const inFrames = damages.filter(({ block }) => block !== undefined)
  return Map.groupBy(inFrames, ({ block }) => block!.offset)
}

async function mendedBlock(
  file: DiskFile,
  offset: number,
  end: number,
  damages: readonly Damage[],
): Promise<Buffer> {
  const old = Buffer.alloc(end - offset)
  await file.read(old, 0, old.length, offset)
  const mended = Buffer.alloc(old.length)
  let to = BLOCK_HEADER_BYTES
  for (let at = BLOCK_HEADER_BYTES; old.length - at >= FRAME_HEADER_BYTES; ) {
    const damage = damages.find((damage) => damage.offset - offset === at)
    const next = damage === undefined ? frameEndAt(old, at) : damage.end - offset
    if (damage === undefined) to += old.copy(mended, to, at, next)
    at = next
  }
  writeEmptyFrames(mended, to)
  return mended
}
