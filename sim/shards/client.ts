/**
 * A program that uses queues of all shards, one request after the other. It sends, receives, deletes and gives back;
 * it lets dead-letter queues refuse, be missing and be made again; it has dead letters moved back.
 */

import type { Answers, Command } from '../../broker/src/queue/command.ts'
import { isProblem, type Problem } from '../../broker/src/queue/problem.ts'
import { decodeReceipt } from '../../broker/src/queue/receipt.ts'
import type { Dice } from '../dice.ts'
import { tokenIn } from '../oracle.ts'
import type { Scheduler } from '../scheduler.ts'
import type { Trace } from '../trace.ts'
import type { Verdict } from '../verdict.ts'
import { attributesOf, DEAD, deadLettersOf, homeOf, isFifo, LIVELY, QUEUES, sourceOf } from './layout.ts'
import type { Truth } from './truth.ts'

/** Takes a command to a broker that holds the queue's shard; undefined where no answer comes. */
export type Ask = (command: Command, shard: number) => Promise<unknown>

export interface ClientParts {
  readonly ask: Ask
  readonly truth: Truth
  readonly verdict: Verdict
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly dice: Dice
  readonly deeds: Readonly<Record<Deed, number>>
}

const DEEDS = {
  send: 30,
  receive: 60,
  delete: 12,
  release: 12,
  allow: 5,
  remove: 2,
  make: 8,
  redrive: 1.5,
  cancel: 1,
} as const
export type Deed = keyof typeof DEEDS

/** Whoever hears nothing for so long goes on. */
const PATIENCE_US = 4_000_000
const REST_US_MAX = 50_000
const DRAINING_REST_US_MAX = 500_000
const MESSAGES_MAX = 25
/** So that a log is mostly messages, and has more than one segment. */
const FILLING = 'x'.repeat(150)
const ALLOWED = ['', '{"redrivePermission":"denyAll"}']

interface Held {
  readonly queue: string
  readonly receipt: string
}

export function drawDeeds(dice: Dice): Readonly<Record<Deed, number>> {
  const { send, receive, ...rest } = DEEDS
  return { send, receive, ...dice.swarm(rest) }
}

export class Client {
  /** Only receives and deletes. */
  draining = false
  /** Does nothing until then. */
  restingUntilUs = 0
  readonly #name: string
  readonly #parts: ClientParts
  #held: Held[] = []
  #written = 0
  #tasks = 0
  #next = 0

  constructor(name: string, parts: ClientParts) {
    this.#name = name
    this.#parts = parts
  }

  begin(): void {
    this.#rest()
  }

  #rest(): void {
    const { scheduler, dice } = this.#parts
    const rest = dice.between(0, this.draining ? DRAINING_REST_US_MAX : REST_US_MAX)
    const at = Math.max(this.restingUntilUs, scheduler.nowUs + rest)
    scheduler.at(at, () => this.#act())
  }

  #act(): void {
    if (this.#parts.scheduler.nowUs < this.restingUntilUs) return this.#rest()
    const command = this.draining ? this.#drain() : this.#choose()
    if (command === undefined) return this.#rest()
    let over = false
    const finish = (learn: () => void): void => {
      if (over) return
      over = true
      learn()
      this.#rest()
    }
    const shard = homeOf(queueOf(command))
    this.#parts.scheduler.after(PATIENCE_US, () => finish(() => {}))
    this.#parts.ask(command, shard).then(
      (answer) => finish(() => this.#learn(shard, command, answer as Answers[Command['kind']] | Problem)),
      () => finish(() => {}),
    )
  }

  #choose(): Command | undefined {
    const { dice, deeds, truth } = this.#parts
    const deed = dice.weighted<Deed>({
      ...deeds,
      send: truth.left > MESSAGES_MAX ? 1 : deeds.send,
      delete: this.#held.length > 0 ? deeds.delete : 0,
      release: this.#held.length > 0 ? deeds.release : 0,
    })
    const dead = dice.pick(DEAD)
    switch (deed) {
      case 'send':
        return this.#send(dice.pick(LIVELY))
      case 'receive':
        return { kind: 'receive', queue: dice.pick(QUEUES), max: dice.between(1, 5), waitSeconds: 0 }
      case 'delete':
        return this.#delete()
      case 'release': {
        const { queue, receipt } = this.#held.shift()!
        return { kind: 'changeVisibility', queue, entries: [{ receipt, visibilitySeconds: 0 }] }
      }
      case 'allow':
        return { kind: 'setAttributes', queue: dead, attributes: { RedriveAllowPolicy: dice.pick(ALLOWED) } }
      case 'remove':
        return { kind: 'deleteQueue', queue: dead }
      case 'make':
        return makeQueue(dice.pick(QUEUES))
      case 'redrive':
        return this.#redrive(dead)
      case 'cancel':
        return { kind: 'cancelMoveTask', source: dead, taskId: `${this.#name} ${this.#tasks}` }
    }
  }

  #send(queue: string): Command {
    this.#written += 1
    const token = `<Tok${this.#name}.${this.#written}>`
    const body = token + FILLING
    const group = isFifo(queue) ? { group: this.#parts.dice.pick(['a', 'b']) } : {}
    const entry = { content: Buffer.from(body), size: body.length, contentHash: token, ...group }
    return { kind: 'send', queue, entries: [entry], batch: false }
  }

  #delete(): Command {
    const { queue, receipt } = this.#held.shift()!
    return { kind: 'delete', queue, receipts: [receipt] }
  }

  #redrive(source: string): Command {
    this.#tasks += 1
    const name = sourceOf(source)
    const destination = { destination: name, destinationArn: name }
    return {
      kind: 'startMoveTask',
      source,
      sourceArn: source,
      taskId: `${this.#name} ${this.#tasks}`,
      hasSourcesElsewhere: true,
      elsewhere: { name, fifo: isFifo(name), redriveAllowPolicy: undefined },
      ...(this.#parts.dice.chance(0.5) ? destination : {}),
    }
  }

  #drain(): Command {
    if (this.#held.length > 0) return this.#delete()
    this.#next += 1
    const queue = QUEUES[this.#next % QUEUES.length]!
    return { kind: 'receive', queue, max: 10, visibilitySeconds: 5, waitSeconds: 0 }
  }

  #learn(shard: number, command: Command, answer: Answers[Command['kind']] | Problem): void {
    const { trace, truth, verdict } = this.#parts
    trace.add(
      `${this.#name} ${command.kind} ${queueOf(command)}${isProblem(answer) ? ` ${answer.problem}` : ''}`,
    )
    if (isProblem(answer)) return
    if (command.kind === 'send') {
      const token = tokenIn(Buffer.from(command.entries[0]!.content))
      const [result] = (answer as Answers['send']).results
      verdict.hold(
        isProblem(result!) || truth.wasSent(token),
        () => `${token} was acknowledged, and no record of it counts`,
      )
    }
    if (command.kind === 'receive') this.#take(shard, command.queue, (answer as Answers['receive']).messages)
    if (command.kind === 'delete' && (answer as Answers['delete']).results[0] === undefined)
      this.#checkGone(shard, command.receipts[0]!)
  }

  #take(shard: number, queue: string, messages: Answers['receive']['messages']): void {
    const { truth, verdict } = this.#parts
    for (const { seq, receiveCount, receipt } of messages) {
      const counts = truth.received.has(`${shard}:${seq}:${receiveCount}`)
      verdict.hold(counts, () => `${seq} of ${queue} was delivered by a receive that does not count`)
      this.#held.push({ queue, receipt })
    }
  }

  #checkGone(shard: number, receipt: string): void {
    const { truth, verdict } = this.#parts
    const { messages, salt } = truth.shards[shard]!
    const decoded = decodeReceipt(receipt, salt)
    const message = messages.get(decoded?.seq ?? 0)
    if (message === undefined || message.away !== undefined || message.queueId !== decoded?.queueId) return
    verdict.hold(
      message.receiveCount !== decoded.receiveCount,
      () => `${message.token} was said to be deleted, and is there`,
    )
  }
}

export function makeQueue(name: string): Command {
  const dead = deadLettersOf(name)
  const elsewhere =
    dead === undefined ? {} : { elsewhere: { name: dead, fifo: isFifo(dead), redriveAllowPolicy: undefined } }
  return { kind: 'createQueue', name, attributes: attributesOf(name), tags: {}, ...elsewhere }
}

function queueOf(command: Command): string {
  if ('queue' in command) return command.queue
  if ('source' in command && typeof command.source === 'string') return command.source
  return 'name' in command ? command.name : ''
}
