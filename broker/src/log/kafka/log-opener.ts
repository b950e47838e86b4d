/**
 * Opens the log of one partition, and opens it again after it broke: what a shard is handed. Before every claim but
 * the first it asks whether it may claim. Without anybody to ask (a cluster's membership), it leaves the partition to
 * whoever claimed it last, so that two brokers on one partition do not take it from each other for ever.
 */

import { Follower } from './follower.ts'
import { type KafkaLog, type KafkaLogOptions, openKafkaLog } from './kafka-log.ts'
import { OutOfRange } from './partition.ts'

/** Rejects where the partition shall not be claimed again. `broken` is the log that failed. */
export type MayClaim = (broken: KafkaLog) => Promise<void>

export interface LogOpenerOptions extends Omit<KafkaLogOptions, 'follower' | 'durableBefore'> {
  readonly mayClaim?: MayClaim
}

export function kafkaLogOpener(options: LogOpenerOptions): () => Promise<KafkaLog> {
  const { mayClaim = (broken) => refuseWhereTaken(options, broken) } = options
  let last: KafkaLog | undefined
  return async () => {
    if (last !== undefined) await mayClaim(last)
    const durableBefore = last?.written ?? 0
    last = await openKafkaLog({ ...options, durableBefore })
    return last
  }
}

/** Reads on from the last claim of ours, and rejects with TakenOver if a later one is somebody else's. */
async function refuseWhereTaken(options: LogOpenerOptions, { claim }: KafkaLog): Promise<void> {
  const { partition, crc32c, claimant } = options
  const follower = new Follower(partition, crc32c, claim)
  try {
    await follower.readTo((await partition.offsets()).end)
  } catch (error) {
    // Our claim was trimmed: that only an owner does.
    if (error instanceof OutOfRange) throw new TakenOver(partition.name, 'another broker')
    throw error
  }
  const found = follower.claim
  if (found === undefined || found.node === claimant.node) return
  throw new TakenOver(partition.name, `${found.node} at ${found.address}`)
}

/** Another broker has claimed the partition after us, and is its owner. */
export class TakenOver extends Error {
  constructor(partition: string, by: string) {
    super(`the log on ${partition} was taken over by ${by}`)
    this.name = 'TakenOver'
  }
}
