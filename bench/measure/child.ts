/**
 * The processes of a benchmark: each started on a core of its own where the machine has two and `taskset` is there,
 * and stopped by its pid. The broker gets core 0, whatever broker it is, and the client core 1.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

export type Role = 'broker' | 'client'
const CORE: Readonly<Record<Role, string>> = { broker: '0', client: '1' }
const STOP_MS = 10_000

export const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

export interface Spawned {
  readonly role: Role
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** Talks through `process.send`. */
  readonly ipc?: boolean
  /** Standard output goes there; absent: to the parent, which reads it. */
  readonly logFile?: string
}

/** `taskset` becomes the command, so the pid is the command's own. */
export function pinnedCommand(
  role: Role,
  command: string,
  args: readonly string[],
): { readonly command: string; readonly args: readonly string[] } {
  return pinned ? { command: 'taskset', args: ['-c', CORE[role], command, ...args] } : { command, args }
}

export function start({ role, command, args, env = {}, cwd, ipc = false, logFile }: Spawned): ChildProcess {
  const program = pinnedCommand(role, command, args)
  const log = logFile === undefined ? undefined : openSync(logFile, 'w')
  const output = log ?? 'pipe'
  const child = spawn(program.command, program.args, {
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ['ignore', output, log ?? 'inherit', ...(ipc ? (['ipc'] as const) : [])],
  })
  if (log !== undefined) closeSync(log)
  return child
}

/** Resolves with what the pattern found in the child's standard output; rejects when it ends before. */
export function said(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      const found = pattern.exec(text)
      if (found !== null) resolve(found)
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}: ${text}`)))
  })
}

/** Asks a process to end, and makes it end when it does not. */
export async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
  await gone
  clearTimeout(timer)
}

/** A folder that goes away with the benchmark. */
export function scratch(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), 'pabal-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
