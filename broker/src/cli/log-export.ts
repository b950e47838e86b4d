/** `pabal log export`: queues and live messages as lines of JSON, messages in the order of their sending. */

import { openStoredLog, type StoredLog } from '../log/stored-log.ts'
import { messageLine } from '../log-tools/message-line.ts'
import { decodeMessage, holdsMessage, seqIn } from '../queue/event-codec.ts'
import { LENGTH, POSITION } from '../queue/message-table.ts'
import { isLiveAt } from '../queue/relocate.ts'
import type { State } from '../queue/state.ts'
import { systemDisk } from '../runtime/disk.ts'
import { recover } from '../shard/recovery.ts'
import { readArguments } from './arguments.ts'
import { withDirectory } from './data-directory.ts'
import { Output } from './output.ts'

const USAGE = 'pabal log export DIRECTORY'

export async function exportMessages(args: readonly string[]): Promise<void> {
  const { words } = readArguments(args, USAGE, 1)
  await withDirectory(words[0]!, async (directory) => {
    await using log = await openStoredLog(systemDisk, directory)
    const { state } = await recover(log)
    const output = new Output()
    for (const { definition } of state.queues.values()) {
      const { name, attributes, tags } = definition
      await output.line(JSON.stringify({ kind: 'queue', name, attributes, tags }))
    }
    for (const seq of await liveNumbers(log, state)) {
      const slot = state.index.get(seq)
      const position = state.messages.number(slot, POSITION)
      const record = await log.readAt(position, state.messages.int(slot, LENGTH))
      await output.line(JSON.stringify(messageLine(state, slot, decodeMessage(record))))
    }
    await output.flush()
  })
}

/** Relocated messages stand behind newer ones in the log; a FIFO queue needs them in their old order. */
async function liveNumbers(log: StoredLog, state: State): Promise<Float64Array> {
  const numbers = new Float64Array(state.messages.size)
  let count = 0
  await log.replay(log.start, (position, buffer, offset) => {
    if (!holdsMessage(buffer, offset)) return
    const seq = seqIn(buffer, offset)
    if (isLiveAt(state, seq, position)) numbers[count++] = seq
  })
  return numbers.sort()
}
