/** The broker without a port: storage, a shard, and the one function through which everything is asked of it. */

import { openFileLog } from './log/file-log.ts'
import type { Log } from './log/log.ts'
import { memoryLog, memoryStore } from './log/memory-log.ts'
import type { Submit } from './queue/command.ts'
import type { Clock } from './runtime/clock.ts'
import { type Disk, systemDisk } from './runtime/disk.ts'
import type { Logger } from './runtime/logger.ts'
import type { Random } from './runtime/random.ts'
import { type EndOfTurn, endOfTurn } from './runtime/turn.ts'
import { openShard, type Shard } from './shard/shard.ts'

export type Storage =
  | { readonly storage: 'memory' }
  /** Where the log's files are; made if it is not there. */
  | { readonly directory: string; readonly disk?: Disk }

export type BrokerOptions = Storage & {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Enforce SQS's two 60-second waits. */
  readonly awsWaits: boolean
  readonly endOfTurn?: EndOfTurn
}

export class Broker {
  readonly #shard: Shard
  readonly submit: Submit

  constructor(shard: Shard) {
    this.#shard = shard
    this.submit = shard.submit
  }

  /** False while storage is being recovered, and once the broker closes: nothing can be asked of it then. */
  get healthy(): boolean {
    return this.#shard.healthy
  }

  /** Resolves when nothing is under way but long polls. */
  settled(): Promise<void> {
    return this.#shard.settled()
  }

  /** Answers long polls, makes everything durable, and gives the storage free. */
  close(): Promise<void> {
    return this.#shard.close()
  }
}

/** Rejects with the error of the storage: DirectoryInUse, LogDamage, or the disk's. */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { clock, random, log, awsWaits } = options
  const openLog = opener(options)
  return new Broker(
    await openShard({ openLog, clock, random, log, awsWaits, endOfTurn: options.endOfTurn ?? endOfTurn }),
  )
}

function opener(options: BrokerOptions): () => Promise<Log> {
  if ('storage' in options) {
    const store = memoryStore()
    return () => Promise.resolve(memoryLog({ store }))
  }
  const { disk = systemDisk, directory, random } = options
  return () => openFileLog({ directory, disk, random })
}
