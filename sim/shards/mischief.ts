/** What goes wrong between brokers, their partitions and each other, and who takes over from whom. */

import type { Dice } from '../dice.ts'
import type { ModelledKafka } from '../kafka/modelled-kafka.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'
import type { Broker } from './broker.ts'
import type { Client } from './client.ts'
import type { Journal } from './journal.ts'
import { SHARDS } from './layout.ts'
import type { Network } from './network.ts'

const KINDS = {
  'bad weather': 12,
  'leader change': 3,
  'bad network': 20,
  takeover: 10,
  freeze: 4,
  'freeze, then a takeover': 8,
  kill: 5,
  /** A queue that refused is asked again. */
  minute: 6,
  night: 5,
} as const
type Kind = keyof typeof KINDS

export interface MischiefParts {
  readonly brokers: readonly Broker[]
  readonly partitions: readonly ModelledKafka[]
  readonly journals: readonly Journal[]
  readonly network: Network
  readonly clients: readonly Client[]
  readonly scheduler: Scheduler
  readonly dice: Dice
  readonly trace: Trace
}

const MINUTE_US = 60_000_000
const PAUSE_US = [20_000, 2_000_000] as const

export class Mischief {
  readonly counts = new Map<string, number>()
  readonly #parts: MischiefParts
  readonly #weights: Readonly<Record<Kind, number>>
  #nightUntilUs = 0
  #over = false

  constructor(parts: MischiefParts) {
    this.#parts = parts
    this.#weights = parts.dice.swarm<Kind>(KINDS)
  }

  begin(): void {
    const { brokers, dice } = this.#parts
    for (const broker of brokers) broker.start()
    for (const shard of SHARDS) this.#appoint(dice.pick(brokers), shard)
  }

  /** From now on things go wrong. */
  strike(): void {
    this.#parts.network.usual = this.#parts.dice.pick([0, 0.2, 0.5])
    this.#soon()
  }

  /** Whatever goes on ends now; one broker is left, and has everything. */
  end(): Broker {
    this.#over = true
    const { brokers, partitions, network, dice } = this.#parts
    network.badness = 0
    network.usual = 0
    for (const partition of partitions) {
      partition.badness = 0
      partition.changeLeader(0)
    }
    const survivor = dice.pick(brokers)
    for (const broker of brokers) if (broker !== survivor) broker.kill()
    if (survivor.process === undefined) survivor.start()
    survivor.process?.wake()
    return survivor
  }

  #soon(): void {
    const { scheduler, dice } = this.#parts
    const from = Math.max(scheduler.nowUs, this.#nightUntilUs)
    scheduler.at(from + dice.between(...PAUSE_US), () => {
      if (this.#over) return
      for (const shard of SHARDS) if (dice.chance(0.5)) this.#fill(shard)
      this.#strike(dice.weighted(this.#weights))
      this.#soon()
    })
  }

  #strike(kind: Kind): void {
    const { brokers, clients, dice, scheduler, trace, network, partitions } = this.#parts
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    trace.add(`${scheduler.nowUs} mischief: ${kind}`)
    const shard = dice.pick(SHARDS)
    const owner = this.#owner(shard)
    switch (kind) {
      case 'bad weather':
        return this.#spoil(dice.pick(partitions), dice.pick([0.05, 0.3, 1]))
      case 'leader change':
        return dice.pick(partitions).changeLeader(dice.between(20_000, 2_000_000))
      case 'bad network':
        return this.#spoil(network, dice.pick([0.3, 0.7, 1]))
      case 'takeover':
        return this.#takeOver(shard)
      case 'freeze':
      case 'freeze, then a takeover':
        owner?.process?.freeze()
        scheduler.after(dice.between(50_000, dice.pick([1_000_000, 8_000_000])), () => owner?.process?.wake())
        if (kind !== 'freeze') scheduler.after(dice.between(0, 1_000_000), () => this.#takeOver(shard))
        return
      case 'kill': {
        const victim = owner ?? dice.pick(brokers)
        victim.kill()
        scheduler.after(dice.between(100_000, 3_000_000), () => {
          if (!this.#over && victim.process === undefined) victim.start()
        })
        for (const other of SHARDS) scheduler.after(dice.between(0, 1_000_000), () => this.#fill(other))
        return
      }
      case 'minute':
      case 'night': {
        const until = scheduler.nowUs + (kind === 'night' ? 6 : 1.02) * MINUTE_US
        for (const client of clients) client.restingUntilUs = until
        this.#nightUntilUs = until
        return
      }
    }
  }

  #spoil(what: { badness: number }, badness: number): void {
    const { scheduler, dice } = this.#parts
    what.badness = badness
    scheduler.after(dice.between(10_000, 3_000_000), () => {
      what.badness = 0
    })
  }

  /** Who has claimed the shard last, if it lives. */
  #owner(shard: number): Broker | undefined {
    const { brokers, journals } = this.#parts
    return brokers.find(({ name, process }) => process !== undefined && name === journals[shard]!.claimant)
  }

  /** Somebody else than its owner, who may not hear of it. */
  #takeOver(shard: number): void {
    if (this.#over) return
    const owner = this.#owner(shard)
    const others = this.#parts.brokers.filter(
      (broker) => broker !== owner && broker.process?.frozen === false,
    )
    if (others.length > 0) this.#appoint(this.#parts.dice.pick(others), shard)
  }

  /** Where nobody that lives holds it. */
  #fill(shard: number): void {
    if (!this.#parts.brokers.some((broker) => broker.process !== undefined && broker.holds(shard)))
      this.#takeOver(shard)
  }

  #appoint(broker: Broker, shard: number): void {
    const { brokers, dice } = this.#parts
    broker.take(shard)
    // One of the others reads along what it does not hold, as whoever would have it next.
    const standby = dice.pick(brokers)
    if (standby !== broker) standby.standBy(SHARDS)
  }
}
