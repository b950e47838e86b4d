/**
 * The shards that this broker holds. It opens those that it should own once nobody else says that he holds them, and
 * lets go of those that another should own, or that another says he holds as well. Everything follows from the beats;
 * the log of each shard decides where two of them were mistaken.
 *
 *     nobody's ── announce, look again ──▶ opening ──▶ open ──▶ closing ──▶ nobody's, announced
 */

import type { Log } from '../log/log.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Shard } from '../shard/shard.ts'
import type { Membership } from './membership.ts'

export interface OwnershipOptions {
  readonly shards: number
  readonly membership: () => Membership
  readonly openLog: (shard: number) => Promise<Log>
  readonly openShard: (number: number, openLog: () => Promise<Log>) => Promise<Shard>
  readonly clock: Clock
  readonly log: Logger
  /** A shard was opened or let go. */
  readonly changed: () => void
}

/** A shard that could not be opened is tried again after this. */
const RETRY_MS = 1000
/** A next owner that has not read along by then has to read it all. */
const READ_ALONG_MS_MAX = 60_000

interface Held {
  readonly number: number
  shard: Shard | undefined
  /** Since when another should own it. */
  unwantedAt: number | undefined
  /** Its log was claimed, or is being. */
  claimed: boolean
  /** It is to be let go, or is being. */
  releasing: boolean
}

export class Ownership {
  readonly #options: OwnershipOptions
  readonly #held = new Map<number, Held>()
  readonly #retryAt = new Map<number, number>()
  readonly #working = new Set<Promise<void>>()
  #retry: Timer | undefined

  constructor(options: OwnershipOptions) {
    this.#options = options
  }

  /** Also those that are being opened or let go: nobody else shall open them. */
  holds(): readonly number[] {
    return [...this.#held.keys()]
  }

  /** True from when its log is claimed until it is let go. */
  hasClaimed(number: number): boolean {
    return this.#held.get(number)?.claimed === true
  }

  /** The shard, where it is open here. */
  get(number: number): Shard | undefined {
    const held = this.#held.get(number)
    return held === undefined || held.releasing ? undefined : held.shard
  }

  open(): readonly Shard[] {
    return [...this.#held.values()].flatMap(({ shard }) => shard ?? [])
  }

  /** Brings what is held to what should be. */
  reconcile(): void {
    const membership = this.#options.membership()
    if (!membership.joined) return
    const owners = membership.members.owners()
    for (let number = 0; number < this.#options.shards; number += 1) {
      const wanted = owners[number] === membership.node
      const contested = membership.members.isHeldByOther(number)
      const held = this.#held.get(number)
      if (held !== undefined && wanted) held.unwantedAt = undefined
      if (held !== undefined && (contested || (!wanted && this.#mayLetGo(held, owners[number]))))
        this.#release(held)
      else if (held === undefined && wanted && !contested) this.#take(number)
    }
  }

  /** Lets go of everything, whatever the others do, and waits for it. */
  async releaseAll(): Promise<void> {
    this.#retry?.cancel()
    for (const held of this.#held.values()) this.#release(held)
    await Promise.all(this.#working)
  }

  #take(number: number): void {
    if (this.#options.clock.now() < (this.#retryAt.get(number) ?? 0)) return
    const held: Held = { number, shard: undefined, unwantedAt: undefined, claimed: false, releasing: false }
    this.#held.set(number, held)
    this.#watch(this.#open(held))
  }

  async #open(held: Held): Promise<void> {
    const { number } = held
    const membership = this.#options.membership()
    try {
      await membership.announce()
      // Another may have announced the same just before.
      if (!held.releasing) held.shard = await this.#options.openShard(number, () => this.#openLog(held))
      if (!held.releasing) {
        this.#options.log.info('shard_opened', { shard: number })
        return this.#options.changed()
      }
      await held.shard?.close()
    } catch (error) {
      this.#options.log.error('shard_not_opened', { shard: number, error })
      this.#tryAgainLater(number)
    }
    this.#letGo(held)
  }

  /** After a failure too, and then it may be another's by now. */
  #openLog(held: Held): Promise<Log> {
    const { number } = held
    if (held.releasing || this.#options.membership().members.isHeldByOther(number)) {
      return Promise.reject(new Error(`shard ${number} is another broker's`))
    }
    held.claimed = true
    return this.#options.openLog(number)
  }

  /** The next owner reads the log along first, so that the shard is without one for a moment only. */
  #mayLetGo(held: Held, owner: string | undefined): boolean {
    const { membership, clock } = this.#options
    const reads = membership().members.get(owner ?? '')?.reads
    if (reads === undefined || reads.has(held.number) || membership().leaving) return true
    held.unwantedAt ??= clock.now()
    return clock.now() >= held.unwantedAt + READ_ALONG_MS_MAX
  }

  #release(held: Held): void {
    if (held.releasing) return
    held.releasing = true
    // What is being opened is closed when it is open.
    if (held.shard !== undefined) this.#watch(this.#close(held, held.shard))
  }

  async #close(held: Held, shard: Shard): Promise<void> {
    try {
      await shard.close()
      this.#options.log.info('shard_let_go', { shard: held.number })
    } catch (error) {
      this.#options.log.error('shard_not_closed', { shard: held.number, error })
    }
    this.#letGo(held)
  }

  #letGo(held: Held): void {
    if (this.#held.get(held.number) === held) this.#held.delete(held.number)
    void this.#options.membership().announce()
    this.#options.changed()
  }

  #tryAgainLater(number: number): void {
    const { clock } = this.#options
    this.#retryAt.set(number, clock.now() + RETRY_MS)
    this.#retry?.cancel()
    this.#retry = clock.schedule(clock.now() + RETRY_MS, () => this.reconcile())
  }

  #watch(work: Promise<void>): void {
    const watched = work.finally(() => this.#working.delete(watched))
    this.#working.add(watched)
  }
}
