/** File logs on a simulated disk, for tests: small, with salts that are the same in every run. */

import { type FileLog, type FileLogOptions, openFileLog } from '../../src/log/file-log.ts'
import type { Disk } from '../../src/runtime/disk.ts'
import type { Random } from '../../src/runtime/random.ts'

export const SIM_DIRECTORY = 'data'

export function openSimLog(disk: Disk, options: Partial<FileLogOptions> = {}): Promise<FileLog> {
  return openFileLog({
    directory: SIM_DIRECTORY,
    disk,
    random: countingRandom(),
    cacheBytesMax: 64 * 1024,
    reserveBytes: 0,
    allocateBytes: 0,
    ...options,
  })
}

/** Not random at all. */
export function countingRandom(): Random {
  let next = 1
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => (next = (next * 167 + 13) & 0xff)),
    uuid: () => {
      throw new Error('a log needs no UUID')
    },
  }
}

export function segmentPath(base: number): string {
  return `${SIM_DIRECTORY}/${String(base).padStart(20, '0')}.log`
}
