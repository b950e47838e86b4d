/** Visits the records of one segment, every block checked; ends with LogDamage at the first thing that is none. */

import { SEGMENT_HEADER_BYTES } from './frame.ts'
import { LogDamage, type Visit } from './log.ts'
import { scanBlocks, visitRecords } from './scan.ts'
import type { SegmentFile } from './segment-file.ts'

/** From position `from` to `before`; `end` is the position after its last block. */
export async function replaySegment(
  segment: SegmentFile,
  from: number,
  end: number,
  before: number,
  visit: Visit,
): Promise<void> {
  const limit = end - segment.header.base
  const visitBetween: Visit = (position, buffer, offset, length) => {
    if (position >= from && position < before) visit(position, buffer, offset, length)
  }
  const stop = await segment.use((file) =>
    scanBlocks(file, segment.header, SEGMENT_HEADER_BYTES, limit, (buffer, start, blockEnd, position) => {
      // Nothing is checked for a record of its own unless the block is one in which the replay begins or ends.
      const cut = position < from || position + blockEnd - start > before
      visitRecords(buffer, start, blockEnd, position, cut ? visitBetween : visit)
    }),
  )
  if (stop < limit) throw new LogDamage(segment.path, stop, 'no block is here, or it fails its checksum')
}
