/**
 * The owner's side of asking a shard: turns away who is mistaken about a spread queue, and lets a receive that set
 * messages aside for another shard wait until they are there, so that a client finds them where SQS would have them.
 */

import type { Answers, Command } from '../queue/command.ts'
import { isProblem, type Problem } from '../queue/problem.ts'
import type { Queue } from '../queue/queue.ts'
import type { Shard } from '../shard/shard.ts'
import { type CommandOf, isSpread, PartMissing, type Passage, SpreadDiffers } from './ask-shard.ts'

/** What goes to a certain part of a spread queue. Everything else goes to the home, whatever it is spread over. */
const TO_PARTS: ReadonlySet<Command['kind']> = new Set([
  'send',
  'receive',
  'delete',
  'changeVisibility',
  'undoReceive',
  'describeQueue',
  'arrive',
])
const NOTHING = Object.freeze({ messages: Object.freeze([]) })

export interface Entered<Answer> {
  readonly answer: Answer | Problem
  /** It rests on records of its own that the log has taken: whoever answers surely was the owner. */
  readonly proven: boolean
}

export async function enterShard<Kind extends Command['kind']>(
  shard: Shard,
  command: CommandOf<Kind>,
  passage: Passage | undefined,
  signal?: AbortSignal,
): Promise<Entered<Answers[Kind]>> {
  if (TO_PARTS.has(command.kind)) {
    const { queue: name } = command as CommandOf<'describeQueue'>
    const queue = shard.state?.queuesByName.get(name)
    checkPassage(name, queue, passage)
    if (passage?.repeatOnly === true && !isRepeat(queue, command as CommandOf<'receive'>, shard.now())) {
      return { answer: NOTHING as unknown as Answers[Kind], proven: false }
    }
  }
  const { log } = shard
  const end = log?.end
  const answering = shard.submit<Kind>(command, signal)
  const staged = log !== undefined && shard.log === log && log.end !== end
  // It may be a long poll's record that was staged, for which this answer does not wait by itself.
  const [answer] = await Promise.all([answering, staged ? shard.durable(undefined) : undefined])
  if (command.kind !== 'receive') return { answer, proven: staged }
  await shard.departuresSettled()
  // A refusal rests on nothing but the state: the queue may have come about since, at another broker.
  return { answer, proven: staged || !(isProblem(answer) || isNothing(answer)) }
}

/** True for a receive that took nothing. */
export function isNothing(answer: Answers[keyof Answers] | Problem): boolean {
  return !isProblem(answer) && 'messages' in answer && answer.messages.length === 0
}

/** Throws what the sender has to know. A queue that is not here at all is for the shard to say, unless it is a part. */
function checkPassage(name: string, queue: Queue | undefined, passage: Passage | undefined): void {
  if (queue === undefined) {
    if (passage !== undefined && passage.part > 0) throw new PartMissing(name)
    return
  }
  const { definition } = queue
  if (passage === undefined) {
    if (isSpread(definition)) throw new SpreadDiffers(definition)
    return
  }
  const age = definition.createdAt - passage.createdAt || (definition.revision ?? 0) - passage.revision
  if (age === 0) return
  if (age < 0 && passage.part > 0) throw new PartMissing(name)
  throw new SpreadDiffers(definition)
}

function isRepeat(queue: Queue | undefined, { attemptId }: CommandOf<'receive'>, now: number): boolean {
  return attemptId !== undefined && queue?.attempts?.get(attemptId, now) !== undefined
}
