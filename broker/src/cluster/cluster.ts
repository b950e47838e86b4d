/**
 * A broker that is one of several: the shards that it holds, the way to all others, and one Submit over them. A command
 * for a shard that is moving waits a while for it; what surely was not done, or may be done twice, is tried again at
 * the new place.
 */

import type { Shards } from '../broker.ts'
import type { Log } from '../log/log.ts'
import type { Answers, Command, Submit } from '../queue/command.ts'
import type { Problem } from '../queue/problem.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import { openShard, type ShardOptions } from '../shard/shard.ts'
import { Unavailable } from '../shard/unavailable.ts'
import type { AskShard, CommandOf, Passage } from './ask-shard.ts'
import type { BeatLog } from './beat-log.ts'
import { checkParts } from './check-parts.ts'
import { Membership } from './membership.ts'
import { NotHere } from './not-here.ts'
import { othersOf } from './others-of.ts'
import { Ownership } from './ownership.ts'
import { PeerLost } from './peer-lost.ts'
import { PeerServer } from './peer-server.ts'
import { Peers } from './peers.ts'
import { Router } from './router.ts'
import { enterShard, isNothing } from './shard-door.ts'
import { Feeds } from './source/feeds.ts'
import type { SourceTopics } from './source/source-topics.ts'

export interface ClusterOptions extends Omit<ShardOptions, 'openLog' | 'others'> {
  readonly shards: number
  readonly openLog: (shard: number) => Promise<Log>
  readonly beats: BeatLog
  /** Reads along the logs of these shards, and of no others: they may be this broker's before long. */
  readonly standBy?: (shards: readonly number[]) => void
  /** The shards that have been read along to their end. */
  readonly reads?: () => readonly number[]
  /** Resolves when what is read along has been read to where it ended when this was called. */
  readonly caughtUp?: () => Promise<void>
  /** Topics that queues can be fed from. */
  readonly topics?: SourceTopics
  /** Where this broker is to be reached by the others; port 0 is the one it listens on. */
  readonly host: string
  readonly port: number
  /** Where it listens for them, if not there; port 0 is any that is free. */
  readonly listen?: { readonly host: string; readonly port: number }
  readonly secret: string
  /** By which connections are timed, where shards have a clock that is moved by hand. */
  readonly machineClock?: Clock
}

/** How long a command waits for a shard that is on its way from one broker to another. */
export const MOVING_MS_MAX = 5000
/** Looked again, when nothing has been heard. */
const LOOK_MS = 100
/** A planned stop does not wait longer than this for others to have what was ours. */
const HAND_OVER_MS_MAX = 5000
/** A broker that joins takes its share after this, however much there is to read. */
const CATCH_UP_MS_MAX = 60_000
/** Nor for its last word to be heard. */
const LEAVE_MS_MAX = 1000
/** How often parts of spread queues are looked after. */
const CHECK_PARTS_MS = 60_000

/** What may be done again when it is not known whether it was done. */
const REPEATABLE: ReadonlySet<Command['kind']> = new Set([
  'receive',
  'undoReceive',
  'describeQueue',
  'listQueues',
  'listDeadLetterSources',
  'listMoveTasks',
  'readDefinition',
  'adoptQueue',
  'arrive',
])

/** Joins the cluster: resolves when this broker knows the others and can answer. */
export async function joinCluster(options: ClusterOptions): Promise<Cluster> {
  const cluster = new Cluster(options)
  await cluster.join()
  return cluster
}

export class Cluster implements Shards {
  readonly #options: ClusterOptions
  readonly #clock: Clock
  readonly #membership: Membership
  readonly #ownership: Ownership
  readonly #peers: Peers
  readonly #server: PeerServer
  readonly #router: Router
  #address = ''
  #waiting: (() => void)[] = []
  #handedOver: Promise<void> | undefined
  #closed: Promise<void> | undefined
  #checking: Timer | undefined

  constructor(options: ClusterOptions) {
    const { shards, clock, log, random, secret, host, port, openLog } = options
    this.#options = options
    this.#clock = options.machineClock ?? clock
    const changed = (): void => this.#changed()
    this.#router = new Router({
      shards,
      ask: this.#ask,
      isLocal: (shard) => this.#ownership.get(shard) !== undefined,
      ...(options.topics === undefined ? {} : { topics: options.topics }),
    })
    this.#ownership = new Ownership({
      shards,
      membership: () => this.#membership,
      openLog,
      openShard: (number, open) => {
        const others = othersOf(number, this.#router, () => this.#ownership.get(number))
        return openShard({ ...options, openLog: open, others, ...feederOf(options, this.#clock) })
      },
      clock: this.#clock,
      log,
      changed,
    })
    const holds = (): readonly number[] => this.#ownership.holds()
    const self = { node: random.uuid(), address: () => this.#address }
    this.#membership = new Membership({
      ...self,
      shards,
      beats: options.beats,
      clock: this.#clock,
      log,
      holds,
      reads: options.reads,
      changed,
    })
    const heard = (node: string, refuses: boolean): void => {
      const address = this.#membership.members.get(node)?.address
      if (refuses) log.warn('peer_refuses_connections', { node, address })
      this.#membership.heard(node, refuses)
    }
    this.#peers = new Peers({ secret, clock: this.#clock, random, heard })
    const listen = options.listen ?? { host, port }
    this.#server = new PeerServer({ ...listen, secret, ask: this.#askHere, clock: this.#clock, random, log })
  }

  get submit(): Submit {
    return this.#router.submit
  }

  /** True while this broker is in touch with the others and not about to leave them. */
  get healthy(): boolean {
    return this.#membership.inTouch && !this.#membership.leaving
  }

  /** The port at which others reach this broker. */
  get port(): number {
    return this.#server.port
  }

  /** The shards that are open here. */
  get open(): readonly number[] {
    return this.#ownership.holds().filter((shard) => this.#ownership.get(shard) !== undefined)
  }

  async join(): Promise<void> {
    await this.#server.listen()
    const { host, port } = this.#options
    this.#address = `${host.includes(':') ? `[${host}]` : host}:${port || this.#server.port}`
    this.#membership.start()
    while (!this.#membership.joined) await this.#change(this.#clock.now() + LOOK_MS)
    this.#checkPartsLater()
    void this.#takePart()
  }

  /**
   * What others hold is read along first, so that they are without an owner for a moment only. Where nobody holds
   * anything there is nothing to wait for.
   */
  async #takePart(): Promise<void> {
    const { members } = this.#membership
    const isHeld = members.willOwn().some((shard) => members.isHeldByOther(shard))
    try {
      this.#standBy()
      const { caughtUp } = this.#options
      if (isHeld && caughtUp !== undefined) {
        await this.#atLatest(this.#clock.now() + CATCH_UP_MS_MAX, caughtUp())
      }
    } catch (error) {
      this.#options.log.warn('not_caught_up', { error })
    }
    await this.#membership.takePart()
  }

  /** Resolves when nothing is under way in the shards that are open here but long polls. */
  async settled(): Promise<void> {
    while (this.#ownership.open().some((shard) => !shard.idle)) {
      await Promise.all(this.#ownership.open().map((shard) => shard.settled()))
    }
  }

  /** Hands the shards over to the others; everything is still answered, meanwhile and afterwards. */
  handOver(): Promise<void> {
    this.#handedOver ??= this.#handOver()
    return this.#handedOver
  }

  /** Hands over what it has, and leaves. */
  async close(): Promise<void> {
    await this.handOver()
    this.#closed ??= this.#leave()
    await this.#closed
  }

  /** Goes without a word, as a broker does that is killed. */
  async vanish(): Promise<void> {
    this.#checking?.cancel()
    this.#peers.close()
    this.#server.cut()
    await this.#membership.silence()
  }

  /** Lets go of all shards, whoever else there is. */
  releaseAll(): Promise<void> {
    return this.#ownership.releaseAll()
  }

  #checkPartsLater(): void {
    this.#checking = this.#clock.schedule(this.#clock.now() + CHECK_PARTS_MS, () => void this.#checkParts())
  }

  async #checkParts(): Promise<void> {
    try {
      for (const shard of this.#ownership.open()) await checkParts(shard, this.#router)
    } catch (error) {
      // A shard is moving: next time.
      this.#options.log.debug('parts_not_checked', { error })
    }
    if (!this.#membership.leaving) this.#checkPartsLater()
  }

  async #handOver(): Promise<void> {
    this.#checking?.cancel()
    const until = this.#clock.now() + HAND_OVER_MS_MAX
    // Where Kafka does not answer, nobody can be told and nothing can be handed over: that is as a crash is.
    await this.#atLatest(
      until,
      this.#membership.leave().then(() => this.#ownership.releaseAll()),
    )
    while (!this.#isHandedOver() && this.#clock.now() < until) await this.#change(this.#clock.now() + LOOK_MS)
  }

  async #leave(): Promise<void> {
    await this.#atLatest(this.#clock.now() + LEAVE_MS_MAX, this.#membership.end())
    this.#peers.close()
    await this.#server.close()
  }

  /** Waits for something, but not for ever. */
  async #atLatest(until: number, work: Promise<void>): Promise<void> {
    let timer: Timer | undefined
    const time = new Promise<void>((resolve) => {
      timer = this.#clock.schedule(until, resolve)
    })
    await Promise.race([work, time])
    timer?.cancel()
  }

  /** Somebody holds every shard, or nobody is left to. */
  #isHandedOver(): boolean {
    const { members } = this.#membership
    const others = members.all().some(({ node, leaving }) => node !== this.#membership.node && !leaving)
    if (!others) return true
    for (let shard = 0; shard < this.#options.shards; shard += 1) {
      if (!members.isHeldByOther(shard)) return false
    }
    return true
  }

  #changed(): void {
    const { members } = this.#membership
    this.#peers.keepOnly(members.all(), (node) => members.hasTakenLeave(node))
    this.#ownership.reconcile()
    this.#standBy()
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** A shard that is still held by another is read along also when it will be ours in a moment. */
  #standBy(): void {
    const { members, joined, leaving } = this.#membership
    if (this.#options.standBy === undefined || !joined) return
    const wanted = leaving ? [] : [...members.succeeds(), ...members.willOwn()]
    this.#options.standBy(wanted.filter((shard) => !this.#ownership.hasClaimed(shard)))
  }

  /** Resolves when something has changed, at the latest at `until`. */
  #change(until: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#clock.schedule(until, resolve)
      this.#waiting.push(() => {
        timer.cancel()
        resolve()
      })
    })
  }

  readonly #ask: AskShard = async (shard, command, passage, signal) => {
    const begunAt = this.#clock.now()
    let movingSince: number | undefined
    for (;;) {
      try {
        const left =
          command.kind === 'receive'
            ? waitingLeft(command as CommandOf<'receive'>, this.#clock.now() - begunAt)
            : command
        return await this.#askOnce(shard, left as never, passage, signal)
      } catch (error) {
        if (!mayTryAgain(command, error)) throw error
        const now = this.#clock.now()
        movingSince ??= now
        if (now >= movingSince + MOVING_MS_MAX || signal?.aborted === true) {
          throw new Unavailable('This queue is moving to another broker: try again.', error)
        }
        await this.#change(now + LOOK_MS)
      }
    }
  }

  #askOnce<Kind extends Command['kind']>(
    shard: number,
    command: CommandOf<Kind>,
    passage: Passage | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Answers[Kind] | Problem> {
    if (this.#ownership.get(shard) !== undefined) return this.#askOwn(shard, command, passage, signal)
    const holder = this.#membership.members.holder(shard)
    if (holder === undefined || holder.node === this.#membership.node) {
      return Promise.reject(new NotHere(`nobody holds shard ${shard}`))
    }
    return this.#peers.to(holder).ask<Kind>(shard, command, passage, signal)
  }

  /**
   * A shard that is open here. A broker that hears nothing of the beats asks first whoever would have replaced it: if
   * that one has the shard, it answers, and if not, it says so at once.
   */
  readonly #askOwn: AskShard = async (shard, command, passage, signal) => {
    const { members, mayBeReplaced } = this.#membership
    const heir = mayBeReplaced ? members.heir(shard) : undefined
    if (heir === undefined) return this.#askHere(shard, command, passage, signal)
    try {
      return await this.#peers.to(heir).ask(shard, command, passage, signal)
    } catch (error) {
      if (!(error instanceof NotHere)) throw error
      return this.#askHere(shard, command, passage, signal)
    }
  }

  /** A shard that is open here; NotHere where it is not. */
  readonly #askHere: AskShard = async (shard, command, passage, signal) => {
    const here = this.#ownership.get(shard)
    if (here?.healthy !== true) throw new NotHere(`shard ${shard} is not here`)
    const { answer, proven } = await enterShard(here, command, passage, signal)
    // Nothing was done, and what was said of it may be old.
    if (!proven && !this.#membership.sure) throw new NotHere('this broker has lost touch with the others')
    // A long poll that was ended because the shard goes to another broker goes on there.
    if (command.kind === 'receive' && !here.healthy && signal?.aborted !== true && isNothing(answer)) {
      throw new NotHere(`shard ${shard} has gone to another broker`)
    }
    return answer
  }
}

/** Topics are read in the machine's time. */
function feederOf({ topics, log }: ClusterOptions, clock: Clock): Pick<ShardOptions, 'feeder'> {
  return topics === undefined ? {} : { feeder: (shard) => new Feeds({ shard, topics, clock, log }) }
}

function mayTryAgain(command: Command, error: unknown): boolean {
  return error instanceof NotHere || (error instanceof PeerLost && REPEATABLE.has(command.kind))
}

/** A long poll that begins again does not begin from the start. */
function waitingLeft(command: CommandOf<'receive'>, waitedMs: number): CommandOf<'receive'> {
  if (command.waitSeconds === undefined || waitedMs === 0) return command
  return { ...command, waitSeconds: Math.max(0, command.waitSeconds - waitedMs / 1000) }
}
