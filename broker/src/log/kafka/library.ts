/**
 * The Kafka client library, loaded when the first log on Kafka is opened and not before: a broker on files does not pay
 * for it. Only its low end is used (connections, requests, responses); what repeats, waits and decides is ours.
 */

import type { Crc32c } from './record-batch.ts'

export type Library = typeof import('@platformatic/kafka')

export function loadLibrary(): Promise<Library> {
  return import('@platformatic/kafka')
}

/**
 * The library's checksum, handed its bytes in such a way that it does not copy them first: that was four times the
 * work of the checksum itself.
 */
export function checksumOf({ crc32c, Writer }: Library): Crc32c {
  return (bytes) => crc32c(Writer.create().append(asBuffer(bytes)).dynamicBuffer)
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
