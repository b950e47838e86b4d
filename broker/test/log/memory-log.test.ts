/** The memory log keeps what every log promises; its store stands for the disk. */

import { type MemoryStore, memoryLog, memoryStore } from '../../src/log/memory-log.ts'
import { conformance, type Subject, type SubjectOptions } from './conformance.ts'

conformance('memory log', async (options) => subject(memoryStore(), options))

function subject(store: MemoryStore, options: SubjectOptions): Subject {
  const log = memoryLog({ ...options, store })
  return {
    log,
    reopen: async () => {
      await log.close()
      return subject(store, options)
    },
    dispose: () => log.close(),
  }
}
