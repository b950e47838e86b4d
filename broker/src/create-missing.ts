/** `--create-missing`: a message sent to a queue that is not there makes it, with every default. */

import type { Command, SendCommand, Submit } from './queue/command.ts'
import { isProblem } from './queue/problem.ts'
import { isFifo } from './queue-declarations.ts'

export function creatingMissing(submit: Submit): Submit {
  return async <Kind extends Command['kind']>(
    command: Extract<Command, { kind: Kind }>,
    signal?: AbortSignal,
  ) => {
    const answer = await submit<Kind>(command, signal)
    if (command.kind !== 'send' || !isProblem(answer) || answer.problem !== 'QueueDoesNotExist') return answer
    const name = (command as SendCommand).queue
    const attributes = isFifo(name) ? { FifoQueue: 'true' } : {}
    const created = await submit<'createQueue'>({ kind: 'createQueue', name, attributes, tags: {} })
    return isProblem(created) ? answer : submit<Kind>(command, signal)
  }
}
