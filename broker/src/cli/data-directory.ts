/** A data directory for a command that looks at it or mends it: it must be there, hold a log, and be nobody else's. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EXIT, Failure } from '../failure.ts'
import { readNames } from '../log/log-directory.ts'
import { DirectoryInUse } from '../runtime/directory-lock.ts'
import { systemDisk } from '../runtime/disk.ts'
import { directoryFailure } from './start-failure.ts'

/** Runs with the directory locked. Everything that goes wrong in it becomes one sentence. */
export async function withDirectory(given: string, run: (directory: string) => Promise<void>): Promise<void> {
  const directory = resolve(given)
  try {
    await requireLog(directory)
    const lock = await systemDisk.lock(directory)
    try {
      await run(directory)
    } finally {
      await lock.release()
    }
  } catch (error) {
    throw failureOf(directory, error)
  }
}

export async function requireLog(directory: string): Promise<void> {
  const found = await stat(directory).catch(() => undefined)
  if (found === undefined) throw new Failure(`There is no directory ${directory}.`)
  const { bases, starts } = await readNames(systemDisk, directory)
  if (bases.length + starts.length === 0) throw new Failure(`There is no log in ${directory}.`)
}

export function failureOf(directory: string, error: unknown): unknown {
  if (error instanceof Failure) return error
  if (error instanceof DirectoryInUse) {
    const hint = `Stop it first, or take a copy with "pabal backup" and look at that.`
    return new Failure(`${error.message} ${hint}`, EXIT.failed, { cause: error })
  }
  return directoryFailure(directory, error)
}
