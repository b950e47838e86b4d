/** Visits the records of one segment, every frame checked; ends with LogDamage at the first thing that is none. */

import { FrameRuns, visitFrame } from './frame-records.ts'
import { LogDamage, type Visit } from './log.ts'
import type { ScanBuffers } from './scan.ts'
import { scanFrames } from './scan-frames.ts'
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
  const runs = visit.run === undefined ? undefined : new FrameRuns(visit.run)
  const show = (buffer: Buffer, start: number, frameEnd: number, position: number): void => {
    const shift = position - start
    // Nothing is checked for a record of its own unless the replay begins or ends in this frame.
    if (position < from || shift + frameEnd > before) visitFrame(buffer, start, frameEnd, shift, visitBetween)
    else if (runs === undefined) visitFrame(buffer, start, frameEnd, shift, visit)
    else runs.visit(buffer, start, frameEnd, shift)
  }
  const stop = await segment.use((file) => scanFrames(file, segment.header, limit, show, buffers))
  if (stop < limit) throw new LogDamage(segment.path, stop, 'no block is here, or it fails its checksum')
}
