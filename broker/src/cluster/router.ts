/**
 * The broker's Submit where there are several shards: finds out which shards a command concerns, asks them, and puts
 * their answers together. Knows nothing of where shards are. It remembers which queues are spread; whoever it asks
 * tells it when that has changed.
 */

import { queueNameOf } from '../queue/arn.ts'
import { parseJson } from '../queue/attributes.ts'
import type { Answers, Command, QueueElsewhere, Submit } from '../queue/command.ts'
import type { QueueDefinition } from '../queue/event.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import { readSource, SOURCE_TAG } from '../queue/source.ts'
import { Unavailable } from '../shard/unavailable.ts'
import { type AskShard, type CommandOf, isSpread, PartMissing, SpreadDiffers } from './ask-shard.ts'
import { mergePages } from './merge-pages.ts'
import { homeOf, shardOfPart } from './shard-of.ts'
import type { SourceTopics } from './source/source-topics.ts'
import { Spread } from './spread.ts'

export interface RouterOptions {
  readonly shards: number
  readonly ask: AskShard
  /** True for a shard that this broker holds: receives look there first. */
  readonly isLocal: (shard: number) => boolean
  /** From which queues can be fed; nothing where there is no Kafka. */
  readonly topics?: Pick<SourceTopics, 'refusal'>
}

/** Spread queues that are remembered; beyond it the oldest is forgotten and learnt again when it is used. */
const SPREADS_MAX = 10_000
/** How often a command is tried anew because a queue was spread otherwise. */
const TRIES_MAX = 5

type Answer = Answers[keyof Answers] | Problem
type QueueCommand = Extract<Command, { queue: string }>
type PartsCommand = CommandOf<
  'send' | 'receive' | 'delete' | 'changeVisibility' | 'undoReceive' | 'describeQueue' | 'arrive'
>

export class Router {
  readonly #shards: number
  readonly #ask: AskShard
  readonly #isLocal: (shard: number) => boolean
  readonly #topics: RouterOptions['topics']
  readonly #spreads = new Map<string, Spread>()

  constructor(options: RouterOptions) {
    this.#shards = options.shards
    this.#ask = options.ask
    this.#isLocal = options.isLocal
    this.#topics = options.topics
  }

  readonly submit: Submit = (command, signal) => this.#route(command, signal) as Promise<never>

  homeOf(queue: string): number {
    return homeOf(queue, this.#shards)
  }

  async #route(command: Command, signal: AbortSignal | undefined): Promise<Answer> {
    switch (command.kind) {
      case 'send':
      case 'receive':
      case 'delete':
      case 'changeVisibility':
      case 'undoReceive':
      case 'describeQueue':
      case 'arrive':
        return this.#toParts(command, signal)
      case 'createQueue':
        return this.#createQueue(command)
      case 'setAttributes':
        return this.#change(await this.#withTarget(command))
      case 'tagQueue':
        return this.#change(await this.#withSource(command))
      case 'untagQueue':
      case 'addPermission':
      case 'removePermission':
        return this.#change(command)
      case 'purgeQueue':
      case 'deleteQueue':
        return this.#toAllParts(command)
      case 'listQueues':
        return mergePages(await this.#askAll(command), command.limit)
      case 'listDeadLetterSources':
        return this.#listSources(command)
      case 'startMoveTask':
        return this.#startMoveTask(command)
      case 'cancelMoveTask':
      case 'listMoveTasks':
        return this.#ask(this.homeOf(command.source), command, undefined)
      case 'readDefinition':
        return this.#atHome(command)
      case 'adoptQueue':
        return this.#ask(shardOfPart(command.definition.name, command.part, this.#shards), command, undefined)
    }
  }

  #atHome<Kind extends QueueCommand['kind']>(command: CommandOf<Kind>): Promise<Answers[Kind] | Problem> {
    return this.#ask<Kind>(this.homeOf((command as QueueCommand).queue), command, undefined)
  }

  /** What may go to a part of a queue that is spread; for every other queue that is its home. */
  async #toParts(command: PartsCommand, signal: AbortSignal | undefined): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      const spread = this.#spreads.get(command.queue)
      try {
        if (spread !== undefined) return await spread.submit(command, signal)
        return await this.#ask(this.homeOf(command.queue), command as never, undefined, signal)
      } catch (error) {
        if (tries === TRIES_MAX) throw error
        const problem = await this.#relearn(command.queue, error)
        // Messages are refused by the shard alone, which remembers it (queue/arrivals.ts).
        if (problem !== undefined && command.kind !== 'arrive') return problem
      }
    }
  }

  /** After a mistake about a spread queue; any other error is thrown again. */
  async #relearn(queue: string, error: unknown): Promise<Problem | undefined> {
    if (error instanceof SpreadDiffers && error.definition.part === undefined) {
      this.#learn(error.definition)
      return undefined
    }
    if (!(error instanceof SpreadDiffers || error instanceof PartMissing)) throw error
    const known = await this.#atHome<'readDefinition'>({ kind: 'readDefinition', queue })
    if (isProblem(known)) {
      this.#spreads.delete(queue)
      return known
    }
    this.#learn(known.definition)
    await this.#adopt(known.definition)
    return undefined
  }

  #learn(definition: QueueDefinition): void {
    const { name } = definition
    this.#spreads.delete(name)
    if (!isSpread(definition)) return
    if (this.#spreads.size >= SPREADS_MAX) this.#spreads.delete(this.#spreads.keys().next().value!)
    this.#spreads.set(name, new Spread(definition, this.#shards, this.#ask, this.#isLocal))
  }

  /** All parts get the home's definition. */
  async #adopt(definition: QueueDefinition): Promise<void> {
    const parts = Array.from({ length: this.#partsOf(definition) - 1 }, (_, index) => index + 1)
    await Promise.all(
      parts.map((part) =>
        this.#ask<'adoptQueue'>(
          shardOfPart(definition.name, part, this.#shards),
          { kind: 'adoptQueue', definition, part },
          undefined,
        ),
      ),
    )
  }

  /** A tag may ask for more parts than there are shards. */
  #partsOf(definition: QueueDefinition): number {
    return Math.min(definition.partsMax ?? 1, this.#shards)
  }

  async #createQueue(command: CommandOf<'createQueue'>): Promise<Answer> {
    const complete = await this.#withSource(await this.#withTarget(command))
    const answer = await this.#ask<'createQueue'>(this.homeOf(command.name), complete, undefined)
    if (!isProblem(answer) && command.tags['pabal:shards'] !== undefined) await this.#share(command.name)
    return answer
  }

  async #change(command: QueueCommand): Promise<Answer> {
    const answer = await this.#atHome(command as never)
    if (!isProblem(answer)) await this.#share(command.queue)
    return answer
  }

  /** After a change: a spread queue's parts hear of it before the client does. */
  async #share(queue: string): Promise<void> {
    const known = await this.#atHome<'readDefinition'>({ kind: 'readDefinition', queue })
    if (isProblem(known)) return
    this.#learn(known.definition)
    await this.#adopt(known.definition)
  }

  /** The home first: once it is gone, no part can be made any more. */
  async #toAllParts(command: CommandOf<'purgeQueue' | 'deleteQueue'>): Promise<Answer> {
    const known = await this.#atHome<'readDefinition'>({ kind: 'readDefinition', queue: command.queue })
    const answer = await this.#atHome(command as never)
    if (isProblem(known) || isProblem(answer)) return answer
    if (command.kind === 'deleteQueue') this.#spreads.delete(command.queue)
    for (let part = 1; part < this.#partsOf(known.definition); part += 1) {
      await this.#ask(shardOfPart(command.queue, part, this.#shards), command as never, undefined)
    }
    return answer
  }

  /** All shards' answers; a list that lacks one shard's is none. */
  async #askAll(command: CommandOf<'listQueues'>): Promise<readonly Answers['listQueues'][]> {
    const shards = Array.from({ length: this.#shards }, (_, shard) => shard)
    const answers = await Promise.all(
      shards.map((shard) => this.#ask<'listQueues'>(shard, command, undefined)),
    )
    return answers.map(orThrow)
  }

  async #listSources(command: CommandOf<'listDeadLetterSources'>): Promise<Answer> {
    const home = this.homeOf(command.queue)
    const answer = await this.#ask<'listDeadLetterSources'>(home, command, undefined)
    if (isProblem(answer)) return answer
    const others = await this.#sourcesBeside(home, command)
    return mergePages([answer, ...others], command.limit)
  }

  /** What the shards but `home` say about sources of a dead-letter queue of that one. */
  async #sourcesBeside(
    home: number,
    command: CommandOf<'listDeadLetterSources'>,
  ): Promise<readonly Answers['listDeadLetterSources'][]> {
    const shards = Array.from({ length: this.#shards }, (_, shard) => shard).filter((shard) => shard !== home)
    const elsewhere = { ...command, isElsewhere: true } as const
    const answers = await Promise.all(
      shards.map((shard) => this.#ask<'listDeadLetterSources'>(shard, elsewhere, undefined)),
    )
    return answers.map(orThrow)
  }

  async #startMoveTask(command: CommandOf<'startMoveTask'>): Promise<Answer> {
    const home = this.homeOf(command.source)
    const asked = { kind: 'listDeadLetterSources', queue: command.source, limit: 1 } as const
    const sources = await this.#sourcesBeside(home, asked)
    const hasSourcesElsewhere = sources.some(({ names }) => names.length > 0)
    const elsewhere = await this.#describe(home, command.destination)
    const complete = { ...command, hasSourcesElsewhere, ...(elsewhere === undefined ? {} : { elsewhere }) }
    return this.#ask<'startMoveTask'>(home, complete, undefined)
  }

  /** Adds what another shard knows of the dead-letter queue that a command names. */
  async #withTarget<C extends CommandOf<'createQueue' | 'setAttributes'>>(command: C): Promise<C> {
    const home = this.homeOf(command.kind === 'createQueue' ? command.name : command.queue)
    const elsewhere = await this.#describe(home, deadLetterTarget(command.attributes['RedrivePolicy']))
    return elsewhere === undefined ? command : { ...command, elsewhere }
  }

  /** Adds what Kafka knows of the topic that a tag names. */
  async #withSource<C extends CommandOf<'createQueue' | 'tagQueue'>>(command: C): Promise<C> {
    const topic = readSource(command.tags[SOURCE_TAG] ?? '')?.topic
    if (topic === undefined || this.#topics === undefined) return command
    return { ...command, source: { topic, refusal: await this.#topics.refusal(topic) } }
  }

  /** What the command of one shard has to know of a queue that is on another; undefined where it is not there. */
  async #describe(home: number, name: string | undefined): Promise<QueueElsewhere | undefined> {
    if (name === undefined || this.homeOf(name) === home) return undefined
    const known = await this.#atHome<'readDefinition'>({ kind: 'readDefinition', queue: name })
    if (isProblem(known)) return undefined
    const { fifo, attributes } = known.definition
    return { name, fifo, redriveAllowPolicy: attributes['RedriveAllowPolicy'] }
  }
}

/** The queue that a redrive policy names; what is wrong with a policy is the core's to say. */
function deadLetterTarget(policy: string | undefined): string | undefined {
  const parsed = policy === undefined ? undefined : parseJson(policy)
  if (typeof parsed !== 'object' || parsed === null || !('deadLetterTargetArn' in parsed)) return undefined
  const { deadLetterTargetArn: arn } = parsed
  return typeof arn === 'string' ? queueNameOf(arn) || undefined : undefined
}

/** Lists are refused for no reason that a client could mend. */
function orThrow<Found extends object>(answer: Found | Problem): Found {
  if (isProblem(answer)) throw new Unavailable('A shard did not answer: try again.')
  return answer
}
