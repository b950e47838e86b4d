/** Visits the records of one segment, every block checked; ends with LogDamage at the first thing that is none. */

import { SEGMENT_HEADER_BYTES } from './frame.ts'
import { LogDamage, type Visit } from './log.ts'
import { FrameRuns, type ScanBuffers, scanBlocks, type VisitBlock, visitRecords } from './scan.ts'
import type { SegmentFile } from './segment-file.ts'

/** From position `from` to `before`; `end` is the position after its last block. */
export async function replaySegment(
  segment: SegmentFile,
  from: number,
  end: number,
  before: number,
  visit: Visit,
  buffers?: ScanBuffers,
): Promise<void> {
  const limit = end - segment.header.base
  const visitBetween: Visit = (position, buffer, offset, length) => {
    if (position >= from && position < before) visit(position, buffer, offset, length)
  }
  const visitWhole = wholeBlockVisitor(visit)
  const stop = await segment.use((file) =>
    scanBlocks(
      file,
      segment.header,
      SEGMENT_HEADER_BYTES,
      limit,
      (buffer, start, blockEnd, position) => {
        // Nothing is checked for a record of its own unless the block is one in which the replay begins or ends.
        const cut = position < from || position + blockEnd - start > before
        if (cut) visitRecords(buffer, start, blockEnd, position, visitBetween)
        else visitWhole(buffer, start, blockEnd, position)
      },
      buffers,
    ),
  )
  if (stop < limit) throw new LogDamage(segment.path, stop, 'no block is here, or it fails its checksum')
}

function wholeBlockVisitor(visit: Visit): VisitBlock {
  if (visit.run === undefined) {
    return (buffer, start, end, position) => visitRecords(buffer, start, end, position, visit)
  }
  const runs = new FrameRuns(visit.run)
  return (buffer, start, end, position) => runs.visit(buffer, start, end, position)
}
