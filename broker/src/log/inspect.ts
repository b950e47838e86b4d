/**
 * Looks at every byte of a log's directory and says all that is wrong with it; changes nothing. Opening a log stops
 * at the first damage; this goes on behind it, at the next place where a whole block begins (frame.ts says how such
 * a place is known), and within a block whose header is whole it tells the damaged frames from the others.
 *
 * A block that is cut short at the very end of the log is no damage: it is what a crash leaves, and the next start
 * cuts it off.
 */

import { join } from 'node:path'
import type { Disk, DiskFile } from '../runtime/disk.ts'
import {
  aligned,
  BLOCK_HEADER_BYTES,
  blockBytes,
  FRAME_HEADER_BYTES,
  findSalt,
  frameEndAt,
  frameIsWhole,
  framesAreWhole,
  readSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  segmentName,
} from './frame.ts'
import { visitFrame } from './frame-records.ts'
import { LogDamage } from './log.ts'
import { readNames } from './log-directory.ts'

/** Bytes of a segment that do not read back, and what a repair has to make anew (mend.ts). */
export interface Damage {
  readonly file: string
  /** From where to where in the file. */
  readonly offset: number
  readonly end: number
  readonly what: string
  readonly repair: 'header' | 'segment' | 'block' | 'start'
  /** The block it lies in, by offsets in the file: where `repair` is `block`. */
  readonly block?: { readonly offset: number; readonly end: number }
  /** The damaged bytes, for whoever wants to guess what they were. */
  readonly bytes: Buffer
}

export interface InspectedSegment {
  readonly path: string
  readonly base: number
  /** Undefined where neither the header nor any block says it. */
  readonly header: SegmentHeader | undefined
  /** The offset after its last whole block. */
  readonly end: number
  readonly records: number
  readonly damages: readonly Damage[]
}

export interface Inspection {
  readonly segments: readonly InspectedSegment[]
  /** Missing segments and the like; those of the segments are theirs. */
  readonly damages: readonly Damage[]
  /** What a crash left at the end, which the next start cuts off. */
  readonly torn: { readonly file: string; readonly offset: number; readonly bytes: number } | undefined
}

const NO_BLOCK = 'no block begins here'

/** Sees every record that is whole, also those behind a damage. `segment` counts from 0. */
export type VisitWhole = (
  segment: number,
  position: number,
  buffer: Buffer,
  offset: number,
  length: number,
) => void

/** Rejects with an Error for another format version. Holds one segment in memory at a time. */
export async function inspectLog(disk: Disk, directory: string, visit: VisitWhole): Promise<Inspection> {
  const names = await readNames(disk, directory)
  const start = names.starts.at(-1) ?? 0
  const bases = names.bases.filter((base) => base >= start)
  const damages: Damage[] = []
  if (bases[0] !== start) damages.push(missing(directory, start, bases[0] ?? start, 'start'))
  const segments: InspectedSegment[] = []
  let torn: Inspection['torn']
  for (const [index, base] of bases.entries()) {
    const next = bases[index + 1]
    const bytes = await readFile(disk, join(directory, segmentName(base)))
    const scan = new SegmentScan(join(directory, segmentName(base)), base, next, bytes, (...record) =>
      visit(index, ...record),
    )
    segments.push(scan.run())
    torn = scan.torn
  }
  return { segments, damages, torn }
}

async function readFile(disk: Disk, path: string): Promise<Buffer> {
  const file: DiskFile = await disk.open(path, 'read')
  try {
    const bytes = Buffer.allocUnsafeSlow(await file.size())
    return bytes.subarray(0, await file.read(bytes, 0, bytes.length, 0))
  } finally {
    await file.close()
  }
}

function missing(directory: string, base: number, next: number, repair: 'start'): Damage {
  const file = join(directory, segmentName(base))
  return { file, offset: 0, end: next - base, what: 'the file is missing', repair, bytes: Buffer.alloc(0) }
}

class SegmentScan {
  torn: Inspection['torn']
  readonly #path: string
  readonly #base: number
  /** Undefined for the last segment: it ends where its blocks do. */
  readonly #next: number | undefined
  readonly #size: number
  readonly #bytes: Buffer
  readonly #visit: (position: number, buffer: Buffer, offset: number, length: number) => void
  readonly #damages: Damage[] = []
  #records = 0

  constructor(
    path: string,
    base: number,
    next: number | undefined,
    bytes: Buffer,
    visit: (position: number, buffer: Buffer, offset: number, length: number) => void,
  ) {
    this.#path = path
    this.#base = base
    this.#next = next
    this.#size = bytes.length
    // What a file is too short by reads as zeros.
    const short = next === undefined ? 0 : Math.max(0, next - base - bytes.length)
    this.#bytes = short === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(short)])
    this.#visit = visit
  }

  run(): InspectedSegment {
    const header = this.#header()
    const end = header === undefined ? this.#nothing() : this.#blocks(header)
    return {
      path: this.#path,
      base: this.#base,
      header,
      end,
      records: this.#records,
      damages: this.#damages,
    }
  }

  #header(): SegmentHeader | undefined {
    try {
      return readSegmentHeader(this.#bytes.subarray(0, SEGMENT_HEADER_BYTES), this.#path, this.#base)
    } catch (error) {
      if (!(error instanceof LogDamage)) throw error
      return this.#guessHeader(error.message.slice(error.message.indexOf(': ') + 2))
    }
  }

  /** The salt is in every block as well. */
  #guessHeader(what: string): SegmentHeader | undefined {
    const salt = findSalt(this.#bytes, this.#base)
    if (salt === undefined && this.#next === undefined && this.#bytes.length <= SEGMENT_HEADER_BYTES) {
      this.torn = { file: this.#path, offset: 0, bytes: this.#bytes.length }
      return undefined
    }
    const repair = salt === undefined ? 'segment' : 'header'
    this.#damage(0, SEGMENT_HEADER_BYTES, what, repair)
    if (salt === undefined && this.#next !== undefined) {
      const end = this.#limit
      const block = { offset: SEGMENT_HEADER_BYTES, end }
      this.#damage(SEGMENT_HEADER_BYTES, SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES, NO_BLOCK, 'block', block)
      this.#damage(SEGMENT_HEADER_BYTES + BLOCK_HEADER_BYTES, end, NO_BLOCK, 'block', block)
    }
    return salt === undefined ? undefined : { base: this.#base, salt }
  }

  #nothing(): number {
    return SEGMENT_HEADER_BYTES
  }

  get #limit(): number {
    return this.#next === undefined ? this.#bytes.length : this.#next - this.#base
  }

  #blocks(header: SegmentHeader): number {
    const limit = this.#limit
    let at = SEGMENT_HEADER_BYTES
    while (at < limit) {
      const bytes = this.#blockAt(header, at, limit)
      if (bytes > 0) {
        this.#frames(at, at + bytes)
        at += bytes
        continue
      }
      const next = this.#findBlock(header, at + BLOCK_HEADER_BYTES, limit)
      if (next === undefined && this.#next === undefined) return this.#tear(at)
      this.#withoutHeader(at, next ?? limit)
      at = next ?? limit
    }
    return at
  }

  /** What follows the last block: zeros written ahead, or a block that was cut short. */
  #tear(end: number): number {
    let last = this.#bytes.length
    while (last > end && this.#bytes[last - 1] === 0) last--
    if (last > end) this.torn = { file: this.#path, offset: end, bytes: last - end }
    return end
  }

  #blockAt(header: SegmentHeader, at: number, limit: number): number {
    const bytes = this.#headerAt(header, at, limit)
    if (bytes === 0 || this.#next !== undefined) return bytes
    if (framesAreWhole(this.#bytes, at, at + bytes)) return bytes
    // The last block of the log: torn, unless more follows.
    return this.#findBlock(header, at + bytes, limit) === undefined ? 0 : bytes
  }

  /** Up to the next block this may be one whose header alone is lost: its frames are looked for. */
  #withoutHeader(at: number, end: number): void {
    const what = at < this.#size ? NO_BLOCK : 'the file ends here'
    this.#damage(at, at + BLOCK_HEADER_BYTES, what, 'block', { offset: at, end })
    this.#frames(at, end)
  }

  #headerAt(header: SegmentHeader, at: number, limit: number): number {
    if (at + BLOCK_HEADER_BYTES > this.#bytes.length) return 0
    const bytes = blockBytes(this.#bytes, at, this.#base + at, header.salt)
    return at + bytes > Math.min(limit, this.#bytes.length) ? 0 : bytes
  }

  #findBlock(header: SegmentHeader, from: number, limit: number): number | undefined {
    for (let at = from; at + BLOCK_HEADER_BYTES <= this.#bytes.length; at += 8) {
      if (this.#headerAt(header, at, limit) > 0) return at
    }
    return undefined
  }

  #frames(start: number, end: number): void {
    const block = { offset: start, end }
    let at = start + BLOCK_HEADER_BYTES
    while (end - at >= FRAME_HEADER_BYTES) {
      const frameEnd = frameEndAt(this.#bytes, at)
      const whole = frameEnd <= end && frameIsWhole(this.#bytes, at, frameEnd)
      if (whole) this.#records += visitFrame(this.#bytes, at, frameEnd, this.#base, this.#visit)
      // Where not even the next frame is found by the damaged one's length, the rest of the block goes with it.
      const next = whole || this.#frameFollows(frameEnd, end) ? frameEnd : end
      if (!whole) this.#damage(at, next, 'the records here fail their checksum', 'block', block)
      at = next
    }
    if (this.#bytes.subarray(at, end).some((byte) => byte !== 0)) {
      this.#damage(at, end, 'zeros should be here', 'block', block)
    }
  }

  #frameFollows(at: number, end: number): boolean {
    if (at > end) return false
    if (end - at < FRAME_HEADER_BYTES) return end === aligned(at)
    const next = frameEndAt(this.#bytes, at)
    return next <= end && frameIsWhole(this.#bytes, at, next)
  }

  #damage(
    offset: number,
    end: number,
    what: string,
    repair: Damage['repair'],
    block?: Damage['block'],
  ): void {
    const bytes = this.#bytes.subarray(offset, end)
    const damage = { file: this.#path, offset, end, what, repair, bytes: Buffer.from(bytes) }
    this.#damages.push(block === undefined ? damage : { ...damage, block })
  }
}
