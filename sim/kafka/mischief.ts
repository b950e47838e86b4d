/** What goes wrong between brokers and Kafka, and when: one thing after the other, drawn from the seed. */

import type { Client } from '../client.ts'
import type { Dice } from '../dice.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'
import type { Fleet } from './fleet.ts'
import type { ModelledKafka } from './modelled-kafka.ts'
import type { Owner } from './owner.ts'

const KINDS = {
  'bad weather': 10,
  'leader change': 5,
  takeover: 6,
  freeze: 6,
  'freeze, then a takeover': 6,
  kill: 5,
  stop: 2,
  night: 3,
  'client crash': 1,
} as const
type Kind = keyof typeof KINDS

/** What a cluster does by itself, nobody does against it; and its nights would be nothing but beats. */
const LAWLESS: readonly Kind[] = ['takeover', 'freeze, then a takeover', 'night']

interface MischiefParts {
  readonly fleet: Fleet
  readonly kafka: ModelledKafka
  readonly beats: ModelledKafka | undefined
  readonly clients: readonly Client[]
  readonly scheduler: Scheduler
  readonly dice: Dice
  readonly trace: Trace
}

const MINUTE_US = 60_000_000
/** Shorter and longer than others take to notice. */
const FREEZES_US_MAX = [1_000_000, 2_500_000, 8_000_000]

export class Mischief {
  readonly counts = new Map<string, number>()
  readonly #parts: MischiefParts
  readonly #weights: Readonly<Record<Kind, number>>
  #nightUntilUs = 0
  #over = false

  constructor(parts: MischiefParts) {
    this.#parts = parts
    const none = parts.beats === undefined ? [] : LAWLESS
    this.#weights = { ...parts.dice.swarm<Kind>(KINDS), ...Object.fromEntries(none.map((kind) => [kind, 0])) }
  }

  begin(): void {
    const { fleet, beats } = this.#parts
    this.#start(fleet.owners[0]!)
    if (beats !== undefined) for (const owner of fleet.owners.slice(1)) this.#start(owner)
    this.#soon()
  }

  /** Whatever goes on ends now, and one broker is left. */
  end(): Owner {
    this.#over = true
    const { fleet, dice } = this.#parts
    for (const topic of this.#topics) {
      topic.badness = 0
      topic.changeLeader(0)
    }
    const survivor = dice.pick(fleet.owners)
    for (const owner of fleet.owners) if (owner !== survivor) owner.kill()
    survivor.process?.wake()
    this.appoint(survivor)
    return survivor
  }

  /**
   * One that is stopping is of no use, nor one from which a claim has taken the shard: it leaves it to the claimant, and
   * whether that one still lives is a cluster's business.
   */
  appoint(owner: Owner): void {
    const { beats } = this.#parts
    if (beats !== undefined && owner.process !== undefined && !owner.stopping) return
    if (beats === undefined && owner.isNewest && owner.shard?.healthy === true) return
    owner.kill()
    owner.start(true)
  }

  #soon(): void {
    const { scheduler, dice } = this.#parts
    const from = Math.max(scheduler.nowUs, this.#nightUntilUs)
    scheduler.at(from + dice.between(10_000, 900_000), () => {
      if (this.#over) return
      this.#strike(dice.weighted(this.#weights))
      this.#soon()
    })
  }

  #strike(kind: Kind): void {
    const { fleet, clients, dice, scheduler, trace } = this.#parts
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    trace.add(`${scheduler.nowUs} mischief: ${kind}`)
    const running = fleet.owners.filter(({ process }) => process !== undefined)
    const owner = running.find(({ isNewest }) => isNewest) ?? running[0]
    switch (kind) {
      case 'bad weather': {
        const topic = dice.pick(this.#topics)
        topic.badness = dice.pick([0.05, 0.3, 1])
        scheduler.after(dice.between(10_000, 2_000_000), () => {
          topic.badness = 0
        })
        return
      }
      case 'leader change':
        return dice.pick(this.#topics).changeLeader(dice.between(20_000, 3_000_000))
      case 'takeover':
        return this.#start(dice.pick(fleet.owners.filter((other) => other !== owner)))
      case 'freeze':
      case 'freeze, then a takeover':
        return this.#freeze(owner, kind !== 'freeze')
      case 'kill':
        owner?.kill()
        return this.#startLater(this.#next(owner))
      case 'stop':
        void owner?.stop()
        return this.#startLater(this.#next(owner))
      case 'night': {
        const until = scheduler.nowUs + dice.pick([0.2, 1, 2, 6, 7]) * MINUTE_US
        for (const client of clients) client.restingUntilUs = until
        this.#nightUntilUs = until
        return
      }
      case 'client crash':
        return dice.pick(clients).crash()
    }
  }

  get #topics(): readonly ModelledKafka[] {
    const { kafka, beats } = this.#parts
    return beats === undefined ? [kafka] : [kafka, beats]
  }

  /** In a cluster the same one comes again; else anybody takes its place. */
  #next(owner: Owner | undefined): Owner {
    const { fleet, beats, dice } = this.#parts
    return beats !== undefined && owner !== undefined ? owner : dice.pick(fleet.owners)
  }

  #freeze(owner: Owner | undefined, takeover: boolean): void {
    const { scheduler, dice, fleet, beats } = this.#parts
    const process = owner?.process
    if (process === undefined) return
    // Of a cluster one at a time: the others shall notice.
    if (beats !== undefined && fleet.owners.some((other) => other.process?.frozen)) return
    process.freeze()
    scheduler.after(dice.between(50_000, dice.pick(FREEZES_US_MAX)), () => process.wake())
    if (takeover) this.#startLater(dice.pick(fleet.owners.filter((other) => other !== owner)))
  }

  #startLater(owner: Owner): void {
    this.#parts.scheduler.after(this.#parts.dice.between(0, 3_000_000), () => {
      if (!this.#over) this.#start(owner)
    })
  }

  #start(owner: Owner): void {
    if (owner.process === undefined) owner.start(this.#parts.dice.chance(0.3))
    else if (this.#parts.beats !== undefined) return
    // One that gave up believes again: it is there, and is told that the shard is its own.
    else if (!owner.isNewest) {
      owner.kill()
      owner.start(this.#parts.dice.chance(0.3))
    }
  }
}
