/** The broker without a port: storage, a shard, and the one function through which everything is asked of it. */

import { openLocalShards } from './cluster/local-shards.ts'
import { openFileLog } from './log/file-log.ts'
import type { Log } from './log/log.ts'
import { memoryLog, memoryStore } from './log/memory-log.ts'
import type { Submit } from './queue/command.ts'
import { headBytes } from './queue/event-codec.ts'
import type { Clock } from './runtime/clock.ts'
import { type Disk, systemDisk } from './runtime/disk.ts'
import type { Logger } from './runtime/logger.ts'
import type { Random } from './runtime/random.ts'
import { type EndOfTurn, endOfTurn } from './runtime/turn.ts'
import { openShard, type Shard } from './shard/shard.ts'

export type Storage =
  | { readonly storage: 'memory' }
  /** Several shards, as in a cluster, but all in this broker and in memory: for tests. */
  | { readonly storage: 'memory'; readonly shards: number }
  /** Where the log's files are; made if it is not there. */
  | { readonly directory: string; readonly disk?: Disk }
  | OtherStorage

export interface OtherStorage {
  /** Opens the log, again after it failed. */
  readonly openLog: () => Promise<Log>
  /** Once the log is closed. */
  readonly closeStorage: () => Promise<void>
}

export type BrokerOptions = Storage & BrokerSettings

export interface BrokerSettings {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Enforce SQS's two 60-second waits. */
  readonly awsWaits: boolean
  readonly endOfTurn?: EndOfTurn
}

/** What stands behind a broker: a shard, or several of them. */
export interface Shards extends Pick<Shard, 'submit' | 'healthy' | 'settled' | 'close'> {
  /** Gives what it holds to other brokers, where there are any; everything is still answered. */
  readonly handOver?: () => Promise<void>
}

export class Broker {
  readonly #shard: Shards
  readonly #closeStorage: () => Promise<void>
  readonly submit: Submit

  constructor(shard: Shards, closeStorage: () => Promise<void> = () => Promise.resolve()) {
    this.#shard = shard
    this.#closeStorage = closeStorage
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

  /** Gives what it holds to other brokers, where there are any; everything is still answered. */
  async handOver(): Promise<void> {
    await this.#shard.handOver?.()
  }

  /** Answers long polls, makes everything durable, and gives the storage free. */
  async close(): Promise<void> {
    await this.#shard.close()
    await this.#closeStorage()
  }
}

/** Rejects with the error of the storage: DirectoryInUse, LogDamage, or the disk's. */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const { clock, random, log, awsWaits } = options
  if ('shards' in options) return new Broker(await openMemoryShards(options, options.shards))
  const openLog = opener(options)
  return new Broker(
    await openShard({ openLog, clock, random, log, awsWaits, endOfTurn: options.endOfTurn ?? endOfTurn }),
    'closeStorage' in options ? options.closeStorage : undefined,
  )
}

function opener(options: BrokerOptions): () => Promise<Log> {
  if ('openLog' in options) return options.openLog
  if ('storage' in options) {
    const store = memoryStore()
    return () => Promise.resolve(memoryLog({ store }))
  }
  const { disk = systemDisk, directory, random } = options
  return () => openFileLog({ directory, disk, random, headBytes })
}

function openMemoryShards(options: BrokerOptions, shards: number): Promise<Shards> {
  const stores = Array.from({ length: shards }, memoryStore)
  const openLog = (shard: number): Promise<Log> => Promise.resolve(memoryLog({ store: stores[shard]! }))
  return openLocalShards({ ...options, endOfTurn: options.endOfTurn ?? endOfTurn, shards, openLog })
}
