/**
 * A broker that believes it owns the shard: the real shard on the real log on a modelled partition. It may be frozen
 * and wake up with what it believed, be killed, and find out by its appends alone that somebody else took over.
 */

import { crc32c } from '@platformatic/kafka'
import type { HttpHandler, HttpResponse } from '../../broker/src/http/exchange.ts'
import type { KafkaLog } from '../../broker/src/log/kafka/kafka-log.ts'
import type { Log } from '../../broker/src/log/log.ts'
import type { Submit } from '../../broker/src/queue/command.ts'
import type { Logger } from '../../broker/src/runtime/logger.ts'
import type { Shard } from '../../broker/src/shard/shard.ts'
import { Unavailable } from '../../broker/src/shard/unavailable.ts'
import type { Dice } from '../dice.ts'
import type { Answer, Exchange } from '../exchange.ts'
import type { Oracle } from '../oracle.ts'
import { Process } from '../process.ts'
import type { Product } from '../product.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'
import type { Verdict } from '../verdict.ts'
import { REGION, toAnswer, toRequest } from '../wire.ts'
import type { Ledger } from './ledger.ts'
import { MemberTenure } from './member-tenure.ts'
import type { ModelledKafka } from './modelled-kafka.ts'
import { BoldTenure, type Tenure } from './tenure.ts'
import { WitnessLog } from './witness-log.ts'

/** A request is still known so long after its end: what it appended may land that late. */
const LINGER_US = 30_000_000
/** What may be at the bottom of a failure. */
const EXPECTED = new Set(['NoAnswer', 'Overtaken', 'TakenOver', 'OutOfRange', 'Unavailable'])

export interface OwnerParts {
  readonly product: Product
  readonly kafka: ModelledKafka
  /** A cluster's beats; without them everybody believes what they like. */
  readonly beats: ModelledKafka | undefined
  readonly ledger: Ledger
  readonly oracle: Oracle
  readonly verdict: Verdict
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly dice: Dice
  readonly segmentBytesMax: number
  readonly cacheBytesMax: number
}

interface Rests {
  readonly before: number
  readonly digest: string
}

export class Owner {
  readonly name: string
  process: Process | undefined
  starts = 0
  #tenure: Tenure | undefined
  #log: WitnessLog | undefined
  readonly #parts: OwnerParts
  readonly #underway = new Set<Exchange>()
  #stopping: Process | undefined

  constructor(name: string, parts: OwnerParts) {
    this.name = name
    this.#parts = parts
  }

  get shard(): Shard | undefined {
    return this.process === undefined ? undefined : this.#tenure?.shard
  }

  /** The log that its shard works on; undefined while there is none. */
  get log(): WitnessLog | undefined {
    return this.shard?.log === undefined ? undefined : this.#log
  }

  /** It would give an answer that rests on no record. */
  get sure(): boolean {
    return this.shard?.healthy === true && this.process?.frozen === false && this.#tenure?.sure === true
  }

  get isNewest(): boolean {
    return this.#parts.ledger.claimant === this.name
  }

  /** `stubborn`: it claims again whoever has claimed meanwhile. In a cluster that is not its own to decide. */
  start(stubborn: boolean): void {
    const { scheduler, dice, kafka, beats, ledger, product, trace, verdict } = this.#parts
    this.starts += 1
    trace.add(`${scheduler.nowUs} ${this.name} starts${stubborn ? ', stubbornly' : ''}`)
    const process = new Process(scheduler, dice, 1_700_000_000_000 + dice.between(-1000, 1000))
    this.process = process
    const openLog = this.#witnessed(
      product.kafkaLogOpener({
        partition: kafka.view(process),
        claimant: { node: this.name, address: `${this.name}:1` },
        crc32c,
        segmentBytesMax: this.#parts.segmentBytesMax,
        cacheBytesMax: this.#parts.cacheBytesMax,
        ...(stubborn || beats !== undefined ? { mayClaim: async () => {} } : {}),
      }),
    )
    const openShard = (open: () => Promise<Log>): Promise<Shard> => this.#openShard(process, open)
    const log = this.#logger()
    this.#tenure =
      beats === undefined
        ? new BoldTenure({
            ...{ process, scheduler },
            open: () => openShard(openLog),
            isSure: () => ledger.last < (this.log?.end ?? 0),
            failed: (error) => {
              trace.add(`${this.name} does not open: ${String(error)}`)
              verdict.hold(isExpected(error), () => `${this.name} does not open: ${stackOf(error)}`)
            },
          })
        : new MemberTenure({
            ...{ product, process, dice, log, openLog, openShard },
            node: `${this.name}, start ${this.starts}`,
            address: this.name,
            beats: beats.view(process),
          })
    this.#tenure.begin()
  }

  #witnessed(openLog: () => Promise<KafkaLog>): () => Promise<Log> {
    return async () => {
      const { ledger, verdict, trace } = this.#parts
      this.#log = new WitnessLog(await openLog(), ledger, verdict)
      trace.add(`${this.name} has claim ${this.#log.claim}`)
      return this.#log
    }
  }

  #openShard({ clock, endOfTurn }: Process, openLog: () => Promise<Log>): Promise<Shard> {
    const { product, dice } = this.#parts
    const random = dice.random()
    return product.openShard({ openLog, clock, endOfTurn, random, log: this.#logger(), awsWaits: false })
  }

  kill(): void {
    const { process } = this
    if (process === undefined) return
    this.#parts.trace.add(`${this.#parts.scheduler.nowUs} ${this.name} is killed`)
    process.alive = false
    this.process = undefined
    const underway = [...this.#underway]
    this.#underway.clear()
    for (const exchange of underway) if (!exchange.hungUp) exchange.done({ kind: 'lost' })
  }

  get stopping(): boolean {
    return this.#stopping !== undefined && this.#stopping === this.process
  }

  async stop(): Promise<void> {
    const { process } = this
    if (process === undefined || process.frozen || this.#stopping === process) return
    this.#stopping = process
    this.#parts.trace.add(`${this.#parts.scheduler.nowUs} ${this.name} stops`)
    await this.#tenure?.end()
    if (this.process === process) this.kill()
  }

  /** A request comes to it, and is seen when it is not frozen. */
  request(exchange: Exchange): void {
    const { process } = this
    this.#parts.oracle.pending.add(exchange)
    this.#underway.add(exchange)
    process!.reach(() => this.#handle(process!, exchange))
  }

  #handle(process: Process, exchange: Exchange): void {
    const { product, oracle, dice } = this.#parts
    const tenure = this.#tenure!
    /** What the answer rests on: all before this position, and the digest of it. */
    let rests: Rests | undefined
    const submit = (async (command, signal) => {
      const { shard } = tenure
      if (shard === undefined) throw new Unavailable('The shard is not here.')
      const { log } = this
      const entering = product.enterShard(shard, command, undefined, signal)
      if (log !== undefined && log === this.log) rests = { before: log.end, digest: log.digest }
      const { answer, proven } = await entering
      if (!proven && !tenure.sure) throw new Unavailable('Whose the shard is, is not sure.')
      return answer
    }) as Submit
    const handler: HttpHandler = product.sqsHandler({
      submit,
      settings: { account: '000000000000', region: REGION },
      random: dice.random(),
      log: this.#logger(),
    })
    const respond = (response: HttpResponse): void => {
      oracle.latest = Math.max(oracle.latest, tenure.shard?.now() ?? 0)
      if (!exchange.hungUp)
        return this.#end(exchange, toAnswer(exchange.action, exchange.wire, response), rests)
      this.#end(exchange, { kind: 'lost' })
      response.undelivered?.()
    }
    const request = toRequest(exchange.action, exchange.wire, exchange.hangUp.signal)
    Promise.resolve(handler(request))
      .then((response) => process.reach(() => respond(response)))
      .catch((error: unknown) => this.#parts.verdict.hold(false, () => `a request failed: ${stackOf(error)}`))
  }

  #end(exchange: Exchange, answer: Answer, rests?: Rests): void {
    const { ledger, oracle, verdict, scheduler, trace } = this.#parts
    this.#underway.delete(exchange)
    scheduler.after(LINGER_US, () => oracle.pending.delete(exchange))
    const { action } = exchange
    if (!exchange.hungUp)
      trace.add(`${scheduler.nowUs} ${this.name} ${action.kind} ${action.queue} ${answer.kind}`)
    // What a receive brings is looked at message by message, and an empty one says nothing.
    const says = answer.kind === 'done' && action.kind !== 'receive'
    verdict.hold(
      !says || rests === undefined || ledger.digestBefore(rests.before) === rests.digest,
      () => `${this.name} answered ${action.kind} ${action.queue}, which rests on records that do not count`,
    )
    if (!exchange.hungUp) exchange.done(answer)
  }

  #logger(): Logger {
    const { trace, verdict } = this.#parts
    const note = (event: string, fields?: Readonly<Record<string, unknown>>): void => {
      const error = fields?.['error']
      trace.add(`${this.name}: ${event} ${error === undefined ? '' : String(error)}`)
      if (error === undefined) return
      verdict.hold(isExpected(error), () => `${this.name} says ${event}: ${stackOf(error)}`)
    }
    return { debug: note, info: note, warn: note, error: note }
  }
}

function isExpected(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (EXPECTED.has(cause.name)) return true
  }
  return false
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : `\n  caused by ${stackOf(error.cause)}`
  return `${error.stack ?? error.message}${cause}`
}
