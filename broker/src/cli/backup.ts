/** `pabal backup`: a copy of a data directory, also of a running broker's, under its final name only when complete. */

import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { Failure } from '../failure.ts'
import { backup } from '../log-tools/backup.ts'
import { systemDisk } from '../runtime/disk.ts'
import { readArguments } from './arguments.ts'
import { counted } from './counted.ts'
import { failureOf, requireLog } from './data-directory.ts'

const USAGE = 'pabal backup DIRECTORY TO'

export async function backUp(args: readonly string[]): Promise<void> {
  const { words } = readArguments(args, USAGE, 2)
  const [from, to] = words.map((word) => resolve(word)) as [string, string]
  try {
    await requireLog(from)
    await requireFree(to)
    const unfinished = `${to}.unfinished`
    await rm(unfinished, { recursive: true, force: true })
    await mkdir(unfinished, { recursive: true })
    const { segments, bytes } = await backup(systemDisk, from, unfinished)
    await rename(unfinished, to)
    await systemDisk.syncDirectory(dirname(to))
    process.stdout.write(
      `${from} is copied to ${to}: ${counted(segments, 'segment')}, ${bytes} bytes, every checksum right.\n`,
    )
  } catch (error) {
    throw failureOf(from, error)
  }
}

async function requireFree(to: string): Promise<void> {
  if ((await stat(to).catch(() => undefined)) === undefined) return
  throw new Failure(`${to} is there already; a backup needs a new directory.`)
}
