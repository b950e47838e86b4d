/**
 * A shard that is a broker's own because a cluster's beats say so: the real membership and the real ownership, on a
 * modelled topic of beats. Beside the shard that clients use there are others, empty ones, so that there is coming and
 * going.
 */

import { crc32c } from '@platformatic/kafka'
import type { BeatLog } from '../../broker/src/cluster/beat-log.ts'
import { KafkaBeats } from '../../broker/src/cluster/kafka-beats.ts'
import type { Membership } from '../../broker/src/cluster/membership.ts'
import type { Ownership } from '../../broker/src/cluster/ownership.ts'
import type { Partition } from '../../broker/src/log/kafka/partition.ts'
import { RecordStream } from '../../broker/src/log/kafka/record-stream.ts'
import type { Log } from '../../broker/src/log/log.ts'
import { memoryLog } from '../../broker/src/log/memory-log.ts'
import type { Clock } from '../../broker/src/runtime/clock.ts'
import type { Logger } from '../../broker/src/runtime/logger.ts'
import type { Shard } from '../../broker/src/shard/shard.ts'
import type { Dice } from '../dice.ts'
import type { Process } from '../process.ts'
import type { Product } from '../product.ts'
import type { Tenure } from './tenure.ts'

const SHARDS = 12
/** Until an empty one is closed: some have more to flush than others. */
const CLOSING_MS_MAX = 100

export interface MemberTenureParts {
  readonly product: Product
  readonly process: Process
  readonly dice: Dice
  /** A restart is another node at the same address. */
  readonly node: string
  readonly address: string
  readonly beats: Partition
  readonly log: Logger
  readonly openLog: () => Promise<Log>
  readonly openShard: (openLog: () => Promise<Log>) => Promise<Shard>
}

export class MemberTenure implements Tenure {
  readonly #membership: Membership
  readonly #ownership: Ownership

  constructor({ product, process, dice, node, address, beats, log, openLog, openShard }: MemberTenureParts) {
    const { clock } = process
    const hearsRefusals = dice.chance(0.5)
    this.#ownership = new product.Ownership({
      shards: SHARDS,
      membership: () => this.#membership,
      openLog: (shard) => (shard === 0 ? openLog() : Promise.resolve(slowToClose(clock, dice))),
      openShard: (_, open) => openShard(open),
      clock,
      log,
      changed: () => {},
    })
    this.#membership = new product.Membership({
      node,
      address: () => address,
      shards: SHARDS,
      beats: beatsOn(beats, process, log),
      clock,
      log,
      holds: () => this.#ownership.holds(),
      changed: () => {
        if (hearsRefusals) this.#hearRefusals()
        this.#ownership.reconcile()
      },
    })
  }

  /** The others are said to refuse connections, whether they run or not: that may cost moves, and nothing else. */
  #hearRefusals(): void {
    const { members, node } = this.#membership
    for (const other of members.all()) if (other.node !== node) this.#membership.heard(other.node, true)
  }

  get shard(): Shard | undefined {
    return this.#ownership.get(0)
  }

  get sure(): boolean {
    return this.#membership.sure
  }

  begin(): void {
    this.#membership.start()
    // Nothing here has to be read along before shards may be given to it.
    void this.#membership.takePart()
  }

  async end(): Promise<void> {
    await this.#membership.leave()
    await this.#ownership.releaseAll()
    await this.#membership.end()
  }
}

function slowToClose(clock: Clock, dice: Dice): Log {
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      clock.schedule(clock.now() + dice.between(0, CLOSING_MS_MAX), resolve)
    })
  return Object.assign(memoryLog(), { close })
}

function beatsOn(partition: Partition, { clock }: Process, log: Logger): BeatLog {
  return new KafkaBeats(new RecordStream({ partition, crc32c, clock, log }))
}
