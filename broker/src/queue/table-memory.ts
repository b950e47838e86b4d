/**
 * Memory for the message table, of which the garbage collector is told only when there may be some to find. V8 counts
 * every ArrayBuffer as a reason to collect, and looked through the whole heap for each 28 MB of table: a quarter of
 * the time to start with ten million messages. It does not count SharedArrayBuffers, which are the same memory else.
 *
 * But a table that was dropped, because its shard failed and is read from the log again, must go before the new one
 * is large. So where tables were made before, an empty buffer is dropped as often as V8 would have counted.
 */

const TOLD_EVERY_BYTES = 64 * 1024 * 1024

/** Of all tables there ever were; and of those since the collector was told last. */
let takenBytes = 0
let untoldBytes = 0

export class TableMemory {
  #bytes = 0

  /** Zeros. Nothing is resident of what is never written. */
  take(bytes: number): SharedArrayBuffer {
    this.#bytes += bytes
    takenBytes += bytes
    untoldBytes += bytes
    if (untoldBytes >= TOLD_EVERY_BYTES && takenBytes - this.#bytes >= TOLD_EVERY_BYTES) tellCollector()
    return new SharedArrayBuffer(bytes)
  }
}

/** The system gives a buffer that is never written no memory, but V8 counts it. */
function tellCollector(): void {
  new ArrayBuffer(TOLD_EVERY_BYTES)
  untoldBytes = 0
}
