/**
 * Asking one shard, wherever it is: what the router is given, and what the owner of a shard answers to. Beside the
 * command goes what the sender believes of a spread queue, so that one who is behind is told instead of obeyed.
 */

import type { Answers, Command } from '../queue/command.ts'
import type { QueueDefinition } from '../queue/event.ts'
import type { Problem } from '../queue/problem.ts'

export type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>

/** Which part of which definition of a spread queue a command is meant for. */
export interface Passage {
  readonly part: number
  readonly createdAt: number
  readonly revision: number
  /** A receive that was made before is answered again; one that was not gets nothing. */
  readonly repeatOnly?: true
}

/**
 * As Submit, for a shard. Rejects with {@link SpreadDiffers} or {@link PartMissing} where the passage is wrong, then
 * nothing was done; else as Submit does.
 */
export type AskShard = <Kind extends Command['kind']>(
  shard: number,
  command: CommandOf<Kind>,
  passage: Passage | undefined,
  signal?: AbortSignal,
) => Promise<Answers[Kind] | Problem>

/** The queue is not, or no longer, spread as the sender believes. */
export class SpreadDiffers extends Error {
  /** How it is. */
  readonly definition: QueueDefinition

  constructor(definition: QueueDefinition) {
    super(`the queue ${definition.name} is spread otherwise`)
    this.name = 'SpreadDiffers'
    this.definition = definition
  }
}

/** A part of a spread queue does not know of it, or knows something older: it needs the home's definition. */
export class PartMissing extends Error {
  constructor(queue: string) {
    super(`a part of the queue ${queue} does not know its definition`)
    this.name = 'PartMissing'
  }
}

export function isSpread(definition: QueueDefinition): boolean {
  return (definition.partsMax ?? 1) > 1
}

export function passageTo(part: number, { createdAt, revision = 0 }: QueueDefinition): Passage {
  return { part, createdAt, revision }
}
