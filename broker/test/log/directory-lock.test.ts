/** One broker a data directory: on the machine's own disk, with real processes that really die. */

import { equal, ok, rejects } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { DirectoryInUse, lockDirectory } from '../../src/runtime/directory-lock.ts'

const HOLDER = fileURLToPath(new URL('./hold-lock.ts', import.meta.url))

/** Resolves to what the process says: `held`, or the sentence it was refused with. */
async function startHolder(directory: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, [HOLDER, directory], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [chunk] = await once(child.stdout!, 'data')
  return { child, said: String(chunk).trim() }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGKILL')
  await exited
}

async function withDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pabal-lock-'))
  try {
    await run(directory)
  } finally {
    await chmod(directory, 0o700)
    await rm(directory, { recursive: true })
  }
}

describe('a data directory', () => {
  it('is refused while another process holds it, in one sentence with directory and pid, and free once that is killed', () =>
    withDirectory(async (directory) => {
      const { child, said } = await startHolder(directory)
      equal(said, 'held')
      try {
        await rejects(lockDirectory(directory), (error) => {
          ok(error instanceof DirectoryInUse)
          equal(error.pid, child.pid)
          equal(
            error.message,
            `The data directory ${directory} is in use by another broker (pid ${child.pid}).`,
          )
          return true
        })
      } finally {
        await stop(child)
      }
      const lock = await lockDirectory(directory)
      await lock.release()
    }))

  it('is refused within one process too, until it is released', () =>
    withDirectory(async (directory) => {
      const lock = await lockDirectory(directory)
      await rejects(lockDirectory(directory), DirectoryInUse)
      await lock.release()
      const again = await lockDirectory(directory)
      await lock.release()
      await rejects(lockDirectory(directory), DirectoryInUse)
      await again.release()
    }))

  it('goes to exactly one of several processes that start at once, also over a dead one', () =>
    withDirectory(async (directory) => {
      const first = await startHolder(directory)
      await stop(first.child)
      const all = await Promise.all(Array.from({ length: 4 }, () => startHolder(directory)))
      for (const { child } of all) await stop(child)
      equal(all.filter(({ said }) => said === 'held').length, 1)
    }))

  it('holds nothing but the lock and the name of its holder', () =>
    withDirectory(async (directory) => {
      const lock = await lockDirectory(directory)
      equal((await readdir(directory)).sort().join(' '), 'lock lock.holder')
      await lock.release()
    }))
})
