/**
 * One broker a data directory. Refuses a second one with a sentence that names the directory and the holder's pid.
 *
 * The lock is the operating system's own lock on a file, taken through SQLite (part of Node), because Node offers no
 * `flock`. What else was considered: a file with a pid in it outlives `kill -9`, and taking over a stale one is a
 * race between two brokers that start at once; pids also mean nothing between containers that share a volume. A Unix
 * socket in the directory has the same stale file; an abstract socket does not, but is Linux only and blind between
 * containers. The lock that SQLite takes is held by the process (and, within a process, by the connection), is
 * granted to exactly one of many that ask, vanishes with the process however it dies, and works between containers.
 * Costs about one millisecond. The file stays empty; who holds it is written beside it, only to be shown.
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { DirectoryLock } from './disk.ts'
import { isOutOfSpace } from './out-of-space.ts'

const LOCK_FILE = 'lock'
const HOLDER_FILE = 'lock.holder'
/** SQLite's code for a lock that another has. */
const SQLITE_BUSY = 5

export class DirectoryInUse extends Error {
  readonly directory: string
  readonly pid: number | undefined
  constructor(directory: string, pid: number | undefined) {
    super(
      `The data directory ${directory} is in use by another broker${pid === undefined ? '' : ` (pid ${pid})`}.`,
    )
    this.name = 'DirectoryInUse'
    this.directory = directory
    this.pid = pid
  }
}

export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true })
  const lock = takeLock(directory)
  if (lock === undefined) throw new DirectoryInUse(directory, await readHolder(directory))
  try {
    await writeFile(join(directory, HOLDER_FILE), `${process.pid}\n`)
  } catch (error) {
    // A full disk does not stop a broker from serving what it has; the holder is only for the message.
    if (!isOutOfSpace(error)) {
      lock.close()
      throw error
    }
  }
  return {
    release: async () => {
      if (lock.isOpen) lock.close()
    },
  }
}

function takeLock(directory: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(join(directory, LOCK_FILE), { timeout: 0 })
    // Held until the connection closes. Nothing is written: no journal appears and no space is needed.
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return undefined
    throw new Error(`The data directory ${directory} cannot be written or locked.`, { cause: error })
  }
}

async function readHolder(directory: string): Promise<number | undefined> {
  const text = await readFile(join(directory, HOLDER_FILE), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  return Number.isNaN(pid) ? undefined : pid
}
