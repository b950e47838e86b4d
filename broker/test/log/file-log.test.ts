/** The file log keeps what every log promises, on the machine's disk and on the simulated one. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFileLog } from '../../src/log/file-log.ts'
import { type Disk, systemDisk } from '../../src/runtime/disk.ts'
import { SimDisk } from '../support/sim-disk.ts'
import { conformance, type Subject, type SubjectOptions } from './conformance.ts'

conformance('file log', async (options) => {
  const directory = await mkdtemp(join(tmpdir(), 'pabal-log-'))
  return subject(systemDisk, directory, options, () => rm(directory, { recursive: true }))
})

conformance('file log, simulated disk', async (options) =>
  subject(new SimDisk(), 'data', options, async () => {}),
)

conformance('file log, space allocated ahead', async (options) =>
  subject(new SimDisk(), 'data', { ...options, allocateBytes: 3000 }, async () => {}),
)

conformance('file log, hardly any memory', async (options) =>
  subject(new SimDisk(), 'data', { ...options, cacheBytesMax: 8192 }, async () => {}),
)

async function subject(
  disk: Disk,
  directory: string,
  options: SubjectOptions & { readonly cacheBytesMax?: number; readonly allocateBytes?: number },
  free: () => Promise<void>,
): Promise<Subject> {
  const log = await openFileLog({ ...options, disk, directory, reserveBytes: 4096 })
  return {
    log,
    reopen: async () => {
      await log.close()
      return subject(disk, directory, options, free)
    },
    dispose: async () => {
      await log.close()
      await free()
    },
  }
}
