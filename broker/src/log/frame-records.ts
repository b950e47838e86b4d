/** The records in a whole frame: shown one by one, or all at once to a visitor that takes runs. */

import { FRAME_BYTES_MAX, FRAME_HEADER_BYTES, RECORD_HEADER_BYTES, readRecordLength } from './frame.ts'
import type { RecordRun, Visit } from './log.ts'

/** More than a frame can hold: a record begins less than this behind its frame, and has a header. */
export const RUN_RECORDS_MAX = FRAME_BYTES_MAX / RECORD_HEADER_BYTES

/** Visits the records of a frame; `shift` makes positions of places in `buffer`. Returns how many there were. */
export function visitFrame(buffer: Buffer, frame: number, end: number, shift: number, visit: Visit): number {
  let records = 0
  for (let at = frame + FRAME_HEADER_BYTES; at < end; records++) {
    const length = readRecordLength(buffer, at)
    visit(shift + at, buffer, at + RECORD_HEADER_BYTES, length)
    at += RECORD_HEADER_BYTES + length
  }
  return records
}

export type WritableRun = { -readonly [Field in keyof RecordRun]: RecordRun[Field] }

/** Shows the records of each frame at once: a call a record was a fifth of the time to start. */
export class FrameRuns {
  readonly #show: NonNullable<Visit['run']>
  readonly #run: WritableRun = {
    buffer: Buffer.alloc(0),
    base: 0,
    places: new Int32Array(RUN_RECORDS_MAX * 3),
    count: 0,
    headsOnly: false,
  }

  constructor(show: NonNullable<Visit['run']>) {
    this.#show = show
  }

  /** As {@link visitFrame}. */
  visit(buffer: Buffer, frame: number, end: number, shift: number): void {
    const run = this.#run
    run.buffer = buffer
    run.base = shift - RECORD_HEADER_BYTES
    run.count = findRecords(buffer, frame, end, run.places)
    this.#show(run)
  }
}

/** Writes where each record of a frame is, and how long. Returns how many there are. */
function findRecords(buffer: Buffer, frame: number, end: number, places: Int32Array): number {
  let at = frame + FRAME_HEADER_BYTES
  let count = 0
  for (; at < end; count += 1) {
    const length = readRecordLength(buffer, at)
    places[3 * count] = at + RECORD_HEADER_BYTES
    places[3 * count + 1] = length
    places[3 * count + 2] = at + RECORD_HEADER_BYTES
    at += RECORD_HEADER_BYTES + length
  }
  return count
}
