/** `pabal log export`: queues and live messages as lines of JSON, messages in the order of their sending. */

import { openStoredLog } from '../log/stored-log.ts'
import { messageLines } from '../log-tools/message-line.ts'
import { readState } from '../log-tools/stored-state.ts'
import type { Queue } from '../queue/queue.ts'
import type { State } from '../queue/state.ts'
import { systemDisk } from '../runtime/disk.ts'
import { readArguments } from './arguments.ts'
import { withDirectory } from './data-directory.ts'
import { Output } from './output.ts'

const USAGE = 'pabal log export DIRECTORY'

export async function exportMessages(args: readonly string[]): Promise<void> {
  const { words } = readArguments(args, USAGE, 1)
  await withDirectory(words[0]!, async (directory) => {
    await using log = await openStoredLog(systemDisk, directory)
    const state = await readState(log)
    const output = new Output()
    for (const { definition } of targetsFirst(state)) {
      const { name, attributes, tags } = definition
      await output.line(JSON.stringify({ kind: 'queue', name, attributes, tags }))
    }
    for await (const line of messageLines(log, state)) await output.line(JSON.stringify(line))
    await output.flush()
  })
}

/** A queue can be made only when its dead-letter queue is there. */
function targetsFirst(state: State): readonly Queue[] {
  const ordered = new Set<Queue>()
  const begun = new Set<Queue>()
  const place = (queue: Queue): void => {
    if (begun.has(queue)) return
    begun.add(queue)
    const target = state.queuesByName.get(queue.settings.redrive?.target ?? '')
    if (target !== undefined) place(target)
    ordered.add(queue)
  }
  for (const queue of state.queues.values()) place(queue)
  return [...ordered]
}
