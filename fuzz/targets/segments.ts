/**
 * A segment file of any bytes: the log opens it and reads back the same whichever way it is asked, or says that it is
 * damaged. Checksums would stop nearly every mutation at once, so the first byte of an input says whether they are
 * made right again: then also lies that a checksum vouches for are told.
 */

import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type FileLog, openFileLog } from '../../broker/src/log/file-log.ts'
import {
  BLOCK_HEADER_BYTES,
  FRAME_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  segmentName,
} from '../../broker/src/log/frame.ts'
import { LogDamage } from '../../broker/src/log/log.ts'
import { SimDisk } from '../../broker/test/support/sim-disk.ts'
import { Dice } from '../../sim/dice.ts'
import { must, type Target } from '../target.ts'

const DIRECTORY = '/log'
const RECORDS = [1, 0, 40, 300, 33_000]

export const segments: Target = {
  name: 'segments',
  seeds,
  words: ['PABALLOG', '\0\0\0\0', '\xff\xff\xff\xff'],
  run,
}

async function seeds(): Promise<Buffer[]> {
  const disk = new SimDisk()
  const log = await open(disk)
  for (const bytes of RECORDS) {
    log.append(Buffer.alloc(bytes, 'r'))
    log.append(Buffer.from('head'), Buffer.alloc(Math.min(bytes, 300), 'b'))
    if (bytes !== 40) await log.flush()
  }
  await log.close()
  const file = disk.contents(join(DIRECTORY, segmentName(0)))
  return [...[400, 900, file.length].map((length) => file.subarray(0, length))].flatMap((bytes) =>
    [0, 1].map((flag) => Buffer.concat([Buffer.from([flag]), bytes])),
  )
}

async function run(input: Buffer): Promise<void> {
  const bytes = Buffer.from(input.subarray(1))
  if ((input[0] ?? 0) & 1) sealAll(bytes)
  const disk = new SimDisk()
  await disk.makeDirectory(DIRECTORY)
  disk.place(join(DIRECTORY, segmentName(0)), bytes)
  try {
    const before = await readAll(disk)
    const after = await readAll(disk)
    must(after.length === before.length, `${before.length} records, and ${after.length} when opened again`)
  } catch (error) {
    if (!isDamage(error)) throw error
  }
}

/** Every record by replay, each compared with what reading it alone gives; then one more is appended and read. */
async function readAll(disk: SimDisk): Promise<Buffer[]> {
  const log = await open(disk)
  try {
    const records: { position: number; bytes: Buffer }[] = []
    await log.replay(log.start, (position, buffer, offset, length) => {
      records.push({ position, bytes: Buffer.from(buffer.subarray(offset, offset + length)) })
    })
    for (const { position, bytes } of records) {
      const alone = await log.readAt(position, bytes.length)
      must(bytes.equals(alone), `the record at ${position} reads differently alone`)
    }
    return records.map(({ bytes }) => bytes)
  } finally {
    await log.close()
  }
}

function isDamage(error: unknown): boolean {
  return error instanceof LogDamage || (error instanceof Error && error.message.includes('format version'))
}

function open(disk: SimDisk): Promise<FileLog> {
  const random = new Dice(1).random()
  return openFileLog({
    directory: DIRECTORY,
    disk,
    random,
    cacheBytesMax: 1024,
    reserveBytes: 0,
    allocateBytes: 0,
  })
}

/** Makes right every checksum and every block's position that the lengths lead to. */
function sealAll(file: Buffer): void {
  if (file.length < SEGMENT_HEADER_BYTES) return
  file.writeUInt32LE(crc32(file.subarray(0, 28)), 28)
  const salt = file.readUInt32LE(12)
  for (let at = SEGMENT_HEADER_BYTES; at + BLOCK_HEADER_BYTES <= file.length; ) {
    const length = file.readUInt32LE(at + 4)
    file.writeUInt32LE((at ^ salt) >>> 0, at + 8)
    file.writeUInt32LE(0, at + 12)
    file.writeUInt32LE(crc32(file.subarray(at + 4, at + BLOCK_HEADER_BYTES)), at)
    const end = Math.min(file.length, at + BLOCK_HEADER_BYTES + length)
    sealFrames(file, at + BLOCK_HEADER_BYTES, end)
    at = end
  }
}

function sealFrames(file: Buffer, from: number, to: number): void {
  for (let at = from; at + FRAME_HEADER_BYTES <= to; ) {
    const end = Math.min(to, at + FRAME_HEADER_BYTES + file.readUInt32LE(at + 4))
    file.writeUInt32LE(crc32(file.subarray(at + 4, end)), at)
    at = end
  }
}
