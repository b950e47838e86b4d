/**
 * The end of a log that was not closed. A flush writes its block only after the block before it was synced, so a
 * crash can tear the last block and nothing else. This finds where the whole blocks end, and tells a torn last block
 * (what a crash leaves) from damage (anything else, such as a whole block after one that is not).
 */

import type { DiskFile } from '../runtime/disk.ts'
import {
  BLOCK_HEADER_BYTES,
  blockBytes,
  framesAreWhole,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
} from './frame.ts'
import { LogDamage } from './log.ts'
import { SCAN_CHUNK_BYTES, scanBlocks } from './scan.ts'

export interface Tail {
  /** Offset in the file of the last whole block; the file's header where there is none. */
  readonly lastBlock: number
  /** Offset after the last whole block. */
  readonly end: number
  /** How many bytes of a torn block follow it, zeros at their end not counted. */
  readonly torn: number
}

export async function findTail(file: DiskFile, header: SegmentHeader): Promise<Tail> {
  const size = await file.size()
  let lastBlock = 0
  const end = await scanBlocks(
    file,
    header,
    SEGMENT_HEADER_BYTES,
    size,
    (_buffer, _start, _end, position) => {
      lastBlock = position - header.base
    },
  )
  return { lastBlock, end, torn: await measureTorn(file, header, end, size) }
}

/** Looks at every place from `end` on where a block might begin. Throws LogDamage if one does. */
async function measureTorn(
  file: DiskFile,
  header: SegmentHeader,
  end: number,
  size: number,
): Promise<number> {
  const chunk = Buffer.allocUnsafe(SCAN_CHUNK_BYTES)
  let dirty = end
  for (let offset = end; offset < size; offset += chunk.length - BLOCK_HEADER_BYTES) {
    const filled = await file.read(chunk, 0, Math.min(chunk.length, size - offset), offset)
    const last = lastNonZero(chunk, filled)
    if (last < 0) continue
    dirty = Math.max(dirty, offset + last + 1)
    await refuseBlocks(file, header, chunk.subarray(0, filled), offset, end, size)
  }
  return dirty - end
}

async function refuseBlocks(
  file: DiskFile,
  header: SegmentHeader,
  chunk: Buffer,
  offset: number,
  end: number,
  size: number,
): Promise<void> {
  for (let at = 0; at + BLOCK_HEADER_BYTES <= chunk.length; at += 8) {
    if (offset + at === end) continue
    const bytes = blockBytes(chunk, at, header.base + offset + at, header.salt)
    if (bytes === 0 || offset + at + bytes > size) continue
    if (await isBlock(file, offset + at, bytes)) {
      throw new LogDamage(
        file.path,
        end,
        `a block fails its checksum, and a whole one follows at ${offset + at}`,
      )
    }
  }
}

async function isBlock(file: DiskFile, offset: number, bytes: number): Promise<boolean> {
  const block = Buffer.allocUnsafe(bytes)
  const filled = await file.read(block, 0, bytes, offset)
  return filled === bytes && framesAreWhole(block, 0, bytes)
}

function lastNonZero(buffer: Buffer, length: number): number {
  let at = length - 1
  while (at >= 0 && buffer[at] === 0) at--
  return at
}
