/** The disk without a broker: writes that are made durable one by one, and files read and checksummed. */

import { closeSync, openSync, readdirSync, readSync, writeFileSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

const READ_BYTES = 1024 * 1024

/** Milliseconds that each write of a block and its fdatasync took; `reserved`: where the file's space is there already. */
export async function syncTimes(
  directory: string,
  bytes: number,
  times: number,
  reserved: boolean,
): Promise<readonly number[]> {
  await using file = await open(join(directory, `sync-${bytes}-${reserved}`), 'w')
  if (reserved) await reserve(file, bytes * times)
  const block = Buffer.alloc(bytes, 1)
  const taken: number[] = []
  for (let index = 0; index < times; index += 1) taken.push(await syncTime(file, block, index * bytes))
  return taken
}

/** Milliseconds that one write of a block and its fdatasync took. */
export async function syncTime(file: FileHandle, block: Buffer, position: number): Promise<number> {
  const startedAt = performance.now()
  await file.write(block, 0, block.length, position)
  await file.datasync()
  return performance.now() - startedAt
}

async function reserve(file: FileHandle, bytes: number): Promise<void> {
  const zeros = Buffer.alloc(READ_BYTES)
  for (let at = 0; at < bytes; at += zeros.length) await file.write(zeros, 0, zeros.length, at)
  await file.sync()
}

export function writeFiles(directory: string, bytes: number): void {
  const block = Buffer.alloc(64 * 2 ** 20, 7)
  for (let at = 0; at < bytes; at += block.length) writeFileSync(join(directory, `${at}.log`), block)
}

/** Reads the log files of a directory, a mebibyte at a time. */
export function readAndChecksum(directory: string): { readonly bytes: number; readonly seconds: number } {
  const buffer = Buffer.allocUnsafe(READ_BYTES)
  const startedAt = performance.now()
  let bytes = 0
  for (const name of readdirSync(directory).filter((each) => each.endsWith('.log'))) {
    const file = openSync(join(directory, name), 'r')
    for (let sum = 0; ; ) {
      const length = readSync(file, buffer)
      if (length === 0) break
      sum = crc32(buffer.subarray(0, length), sum)
      bytes += length
    }
    closeSync(file)
  }
  return { bytes, seconds: (performance.now() - startedAt) / 1000 }
}
