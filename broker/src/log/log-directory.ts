/**
 * A log's directory: which segments it holds and where the log begins. The beginning is a file's name, so that a
 * lost first segment is noticed and an interrupted trim is finished:
 *
 *     00000000000000131072.start        everything before is trimmed; empty
 *     00000000000000131072.log          a segment (frame.ts)
 *     00000000000067240000.log
 *     00000000000000131072.heads        of a segment that is closed, without the bodies (heads.ts)
 *     reserve                           space kept back (reserve.ts)
 *
 * A trim first writes the new mark, durably, and then removes segments: a crash between leaves too much, never a gap.
 */

import { join } from 'node:path'
import type { Disk } from '../runtime/disk.ts'
import { segmentBase } from './frame.ts'

const START_NAME = /^(\d{20})\.start$/

export interface LogNames {
  /** The segments' bases, rising. */
  readonly bases: readonly number[]
  /** The marks of where the log begins, rising; the last one counts. */
  readonly starts: readonly number[]
}

export async function readNames(disk: Disk, directory: string): Promise<LogNames> {
  const names = await disk.list(directory)
  return {
    bases: sorted(names.map(segmentBase)),
    starts: sorted(names.map((name) => parseStart(name))),
  }
}

/** Puts down, durably, that the log begins at `start`. */
export async function markStart(disk: Disk, directory: string, start: number): Promise<void> {
  const file = await disk.open(startPath(directory, start), 'create')
  await file.close()
  await disk.syncDirectory(directory)
}

export async function removeMark(disk: Disk, directory: string, start: number): Promise<void> {
  await disk.remove(startPath(directory, start))
}

function startPath(directory: string, start: number): string {
  return join(directory, `${String(start).padStart(20, '0')}.start`)
}

function parseStart(name: string): number | undefined {
  const digits = START_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

function sorted(numbers: readonly (number | undefined)[]): number[] {
  return numbers.filter((number) => number !== undefined).sort((a, b) => a - b)
}
