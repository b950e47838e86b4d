/**
 * A request of the library whose answer is taken as it came. The library rejects an answer as a whole when one of
 * its partitions has an error; for us the others count, and the one with the error is told by its code.
 */

import type { Reader, Writer } from '@platformatic/kafka'
import type { Api } from './kafka-node.ts'
import type { Library } from './library.ts'

export interface Protocol<Arguments extends unknown[], Answer> {
  readonly createRequest: (...args: Arguments) => Writer
  readonly parseResponse: (correlationId: number, key: number, version: number, reader: Reader) => Answer
  readonly api: { readonly key: number; readonly version: number }
}

export function lenient<Arguments extends unknown[], Answer>(
  library: Library,
  { createRequest, parseResponse, api }: Protocol<Arguments, Answer>,
): Api<Arguments, Answer> {
  return library.createAPI<Arguments, Answer>(
    api.key,
    api.version,
    createRequest,
    (id, key, version, reader) => {
      try {
        return parseResponse(id, key, version, reader as Reader)
      } catch (error) {
        if (error instanceof library.ResponseError) return error['response'] as Answer
        throw error
      }
    },
  )
}
