/**
 * A queue that is spread over several shards, as the router sees it: which part gets what, and one answer out of
 * several. A standard queue's sends go round; a FIFO queue's go by message group; receipt handles say their part.
 */

import type { Answers, Delivered, Outgoing, Traveller } from '../queue/command.ts'
import type { QueueDefinition } from '../queue/event.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import { partsOf } from '../queue/spread.ts'
import { type AskShard, type CommandOf, type Passage, passageTo } from './ask-shard.ts'
import { unwrapReceipt, wrapReceipt } from './part-receipt.ts'
import { homeOf, partOfGroup, shardOfPart } from './shard-of.ts'
import { receiveFromParts } from './spread-receive.ts'

type PartsCommand = CommandOf<
  'send' | 'receive' | 'delete' | 'changeVisibility' | 'undoReceive' | 'describeQueue' | 'arrive'
>
type PartsAnswer = Answers[PartsCommand['kind']] | Problem

export class Spread {
  readonly #definition: QueueDefinition
  readonly #shards: number
  readonly #ask: AskShard
  readonly #isLocal: (shard: number) => boolean
  /** Parts that get new messages, and parts that may have some. */
  readonly #parts: number
  readonly #partsMax: number
  #round = 0

  constructor(
    definition: QueueDefinition,
    shards: number,
    ask: AskShard,
    isLocal: (shard: number) => boolean,
  ) {
    this.#definition = definition
    this.#shards = shards
    this.#ask = ask
    this.#isLocal = isLocal
    this.#parts = Math.min(partsOf(definition.tags), shards)
    this.#partsMax = Math.min(definition.partsMax ?? 1, shards)
  }

  submit(command: PartsCommand, signal: AbortSignal | undefined): Promise<PartsAnswer> {
    switch (command.kind) {
      case 'send':
        return this.#definition.fifo ? this.#sendFifo(command) : this.#askPart(this.#nextPart(), command)
      case 'receive':
        return this.#receive(command, signal)
      case 'delete':
        return this.#byReceipt(
          command.receipts,
          (receipt) => receipt,
          (part, receipts) => this.#askPart<'delete'>(part, { ...command, receipts }),
        )
      case 'changeVisibility':
        return this.#byReceipt(
          command.entries,
          ({ receipt }) => receipt,
          (part, entries) => this.#askPart<'changeVisibility'>(part, { ...command, entries }),
          (entry, receipt) => ({ ...entry, receipt }),
        )
      case 'undoReceive':
        return this.#undo(command)
      case 'describeQueue':
        return this.#describe(command)
      case 'arrive':
        return this.#definition.fifo ? this.#arriveFifo(command) : this.#askPart(0, command)
    }
  }

  #askPart<Kind extends PartsCommand['kind']>(
    part: number,
    command: CommandOf<Kind>,
    passage: Passage = passageTo(part, this.#definition),
    signal?: AbortSignal,
  ): Promise<Answers[Kind] | Problem> {
    return this.#ask<Kind>(shardOfPart(this.#definition.name, part, this.#shards), command, passage, signal)
  }

  #nextPart(): number {
    this.#round = (this.#round + 1) % this.#parts
    return this.#round
  }

  /** Some mistakes fail the whole request: such a one goes to the home whole, which says so. */
  async #sendFifo(command: CommandOf<'send'>): Promise<Answers['send'] | Problem> {
    const contentDedup = this.#definition.attributes['ContentBasedDeduplication'] === 'true'
    const isWhole = command.entries.every(
      ({ group, dedupId }) => group !== undefined && (contentDedup || dedupId !== undefined),
    )
    if (!isWhole) return this.#askPart<'send'>(0, command)
    return scatter(
      command.entries,
      (entry: Outgoing) => partOfGroup(entry.group!, this.#parts),
      (part, entries) => this.#askPart<'send'>(part, { ...command, entries }),
    )
  }

  /** Parts that this broker holds first, then the others, beginning with another one every time. */
  #receive(
    command: CommandOf<'receive'>,
    signal: AbortSignal | undefined,
  ): Promise<Answers['receive'] | Problem> {
    const { name, attributes } = this.#definition
    this.#round = (this.#round + 1) % this.#partsMax
    const parts = Array.from({ length: this.#partsMax }, (_, index) => (index + this.#round) % this.#partsMax)
    const isLocal = (part: number): boolean => this.#isLocal(shardOfPart(name, part, this.#shards))
    return receiveFromParts({
      parts: [...parts.filter(isLocal), ...parts.filter((part) => !isLocal(part))],
      command,
      waitSeconds: command.waitSeconds ?? Number(attributes['ReceiveMessageWaitTimeSeconds'] ?? 0),
      signal,
      receive: async (part, asked, partSignal, repeatOnly) => {
        const passage = passageTo(part, this.#definition)
        const stamped = repeatOnly ? { ...passage, repeatOnly: true as const } : passage
        const answer = await this.#askPart<'receive'>(part, asked, stamped, partSignal)
        return isProblem(answer)
          ? answer
          : { messages: answer.messages.map((message) => wrap(part, message)) }
      },
      undo: (messages) => this.#undo({ kind: 'undoReceive', queue: name, receipts: messages.map(receiptOf) }),
    })
  }

  #byReceipt<Entry>(
    entries: readonly Entry[],
    receiptIn: (entry: Entry) => string,
    ask: (part: number, entries: readonly Entry[]) => Promise<Results<Problem | undefined> | Problem>,
    withReceipt: (entry: Entry, receipt: string) => Entry = (_, receipt) => receipt as Entry,
  ): Promise<Results<Problem | undefined> | Problem> {
    const unwrap = (entry: Entry) => unwrapReceipt(receiptIn(entry), this.#partsMax)
    return scatter(
      entries,
      (entry) => unwrap(entry).part,
      (part, own) =>
        ask(
          part,
          own.map((entry) => withReceipt(entry, unwrap(entry).receipt)),
        ),
    )
  }

  async #undo(command: CommandOf<'undoReceive'>): Promise<Answers['undoReceive'] | Problem> {
    const answer = await this.#byReceipt(
      command.receipts,
      (receipt) => receipt,
      async (part, receipts) => {
        const undone = await this.#askPart<'undoReceive'>(part, { ...command, receipts })
        return isProblem(undone) ? undone : { results: receipts.map(() => undefined) }
      },
    )
    return isProblem(answer) ? answer : {}
  }

  async #describe(command: CommandOf<'describeQueue'>): Promise<Answers['describeQueue'] | Problem> {
    const parts = Array.from({ length: this.#partsMax }, (_, part) => part)
    const answers = await Promise.all(parts.map((part) => this.#askPart<'describeQueue'>(part, command)))
    let total: Answers['describeQueue'] | undefined
    for (const answer of answers) {
      if (isProblem(answer)) return answer
      if (total === undefined) total = answer
      else {
        total = {
          ...total,
          visible: total.visible + answer.visible,
          inFlight: total.inFlight + answer.inFlight,
          delayed: total.delayed + answer.delayed,
        }
      }
    }
    return total!
  }

  /** Each to its group's part, one after the other: the first that is refused ends it. */
  async #arriveFifo(command: CommandOf<'arrive'>): Promise<Answers['arrive'] | Problem> {
    let upTo = 0
    for (const traveller of command.travellers) {
      const part = this.#partOf(traveller)
      const answer = await this.#askPart<'arrive'>(part, { ...command, travellers: [traveller] })
      if (isProblem(answer)) return { upTo, refused: answer }
      if (answer.refused !== undefined) return { upTo, refused: answer.refused }
      upTo = traveller.number
    }
    return { upTo, refused: undefined }
  }

  #partOf({ group }: Traveller): number {
    return group === undefined ? 0 : partOfGroup(group, this.#parts)
  }

  /** True where the queue's home is on this shard. */
  isHome(shard: number): boolean {
    return homeOf(this.#definition.name, this.#shards) === shard
  }
}

interface Results<Result> {
  readonly results: readonly Result[]
}

/** Entries to their parts, and the parts' results in the order of the entries. */
async function scatter<Entry, Result>(
  entries: readonly Entry[],
  partOf: (entry: Entry) => number,
  ask: (part: number, entries: readonly Entry[]) => Promise<Results<Result> | Problem>,
): Promise<Results<Result> | Problem> {
  const places = Map.groupBy(entries.keys(), (place) => partOf(entries[place]!))
  const results = new Array<Result>(entries.length)
  const answers = await Promise.all(
    [...places].map(async ([part, own]) => ({
      own,
      answer: await ask(
        part,
        own.map((place) => entries[place]!),
      ),
    })),
  )
  for (const { own, answer } of answers) {
    if (isProblem(answer)) return answer
    for (const [index, place] of own.entries()) results[place] = answer.results[index]!
  }
  return { results }
}

function wrap(part: number, message: Delivered): Delivered {
  return part === 0 ? message : { ...message, receipt: wrapReceipt(part, message.receipt) }
}

function receiptOf({ receipt }: Delivered): string {
  return receipt
}
