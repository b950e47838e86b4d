/** From messages taken in the core to messages as they are delivered: their records are read from the log. */

import type { Log } from '../log/log.ts'
import type { Delivered } from '../queue/command.ts'
import { decodeMessage } from '../queue/event-codec.ts'
import type { Taken } from '../queue/receive.ts'

/**
 * At once where every record is in memory. A record that cannot be read is left out and told to `onDamage`: its
 * message stays in flight and comes again; the others must not be held back by it, but on a FIFO queue those that
 * come after it are. Rejects where none is left.
 */
export function deliver(
  log: Log,
  taken: readonly Taken[],
  onDamage: (seq: number, error: unknown) => void,
): readonly Delivered[] | Promise<readonly Delivered[]> {
  const records = taken.map(({ position, length }) => log.readAt(position, length))
  if (records.every((record) => record instanceof Uint8Array)) {
    return taken.map((message, index) => delivered(message, records[index] as Uint8Array))
  }
  return deliverLater(taken, records, onDamage)
}

async function deliverLater(
  taken: readonly Taken[],
  records: readonly (Uint8Array | Promise<Uint8Array>)[],
  onDamage: (seq: number, error: unknown) => void,
): Promise<readonly Delivered[]> {
  const read = await Promise.allSettled(records)
  const messages: Delivered[] = []
  for (const [index, result] of read.entries()) {
    if (result.status === 'fulfilled') {
      messages.push(delivered(taken[index]!, result.value))
      continue
    }
    onDamage(taken[index]!.seq, result.reason)
    // What lies behind it in its group must not overtake it.
    if (taken[index]!.fifo) break
  }
  const failed = read.find((result) => result.status === 'rejected')
  if (messages.length === 0 && failed !== undefined) throw failed.reason
  return messages
}

function delivered(taken: Taken, record: Uint8Array): Delivered {
  const stored = decodeMessage(asBuffer(record))
  const { group, dedupId, content } = stored
  const { seq, fifo, receipt, sentAt, receiveCount, firstReceivedAt, deadLetterSource } = taken
  return {
    messageId: stored.messageId ?? taken.messageId,
    seq,
    fifo,
    receipt,
    content,
    group,
    dedupId,
    sentAt,
    receiveCount,
    firstReceivedAt,
    deadLetterSource,
  }
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
