/** What was measured: the commit, the runtime and the machine. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, release, totalmem } from 'node:os'
import { pinned } from './child.ts'

/** The commit, with a plus where files of the broker differ from it. */
export function git(): string {
  const run = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  try {
    const changed = run('status', '--porcelain', '--', '../../broker/src') !== ''
    return `${run('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`
  } catch {
    return 'unknown commit'
  }
}

export function machine(): string {
  const model = /^model name\s*: (.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown CPU'
  const gigabytes = Math.round(totalmem() / 2 ** 30)
  const cores = pinned
    ? 'broker on core 0, client on core 1'
    : 'broker and client not pinned to cores: one core or no taskset'
  return `${availableParallelism()} × ${model}, ${gigabytes} GiB, Linux ${release()}, Node ${process.version}; ${cores}`
}
