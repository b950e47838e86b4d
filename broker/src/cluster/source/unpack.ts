/**
 * Unpacks what a batch of Kafka holds in compressed form, and never to more than a limit: whoever may write to a topic
 * may write a megabyte that becomes a thousand.
 *
 * The client library unpacks without a limit, and its snappy and LZ4 (WebAssembly) keep memory for good whenever they
 * come upon bytes that are none; so these two are done here.
 */

import { constants, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { unpackLz4 } from './lz4.ts'
import { unpackSnappy } from './snappy.ts'
import { UnpacksTooFar } from './unpacks-too-far.ts'

/** By which number a batch says how it is compressed. */
export const NOT_PACKED = 0
const GZIP = 1
const SNAPPY = 2
const LZ4 = 3
const ZSTD = 4
/** Zstandard keeps so much of what it has unpacked, as a power of two; Kafka's clients ask for 2 MiB (21). */
const ZSTD_WINDOW_LOG_MAX = 25
const TOO_FAR = new Set(['ERR_BUFFER_TOO_LARGE', 'ZSTD_error_frameParameter_windowTooLarge'])

/** Throws {@link UnpacksTooFar}, or another error where it cannot be unpacked. */
export function unpack(codec: number, packed: Buffer, bytesMax: number): Buffer {
  try {
    switch (codec) {
      case GZIP:
        return gunzipSync(packed, { maxOutputLength: bytesMax })
      case SNAPPY:
        return unpackSnappy(packed, bytesMax)
      case LZ4:
        return unpackLz4(packed, bytesMax)
      case ZSTD: {
        const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX }
        return zstdDecompressSync(packed, { maxOutputLength: bytesMax, params })
      }
      default:
        throw new RangeError(`no way of compressing is known as ${codec}`)
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && TOO_FAR.has(String(error.code)))
      throw new UnpacksTooFar(bytesMax)
    throw error
  }
}
