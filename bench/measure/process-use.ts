/**
 * What a process has used, from /proc: the CPU time of it and of everything it started, and its resident memory.
 * The kernel counts CPU time in hundredths of a second: a round of a second or more is needed for a number to mean
 * something.
 */

import { readdirSync, readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100
const PARENT = 1
const USER_TICKS = 11
const SYSTEM_TICKS = 12

/** Seconds of CPU time of a process and its descendants. */
export function cpuSeconds(pid: number): number {
  const all = new Map<number, readonly string[]>()
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statFields(name) : undefined
    if (fields !== undefined) all.set(Number(name), fields)
  }
  let ticks = 0
  for (const [candidate, fields] of all) {
    if (descends(candidate, pid, all)) ticks += Number(fields[USER_TICKS]) + Number(fields[SYSTEM_TICKS])
  }
  return ticks / TICKS_PER_SECOND
}

/** VmRSS, as `top` shows it. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}

/** What follows the name in /proc/PID/stat; undefined when the process has just gone. */
function statFields(name: string): readonly string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

function descends(pid: number, ancestor: number, all: ReadonlyMap<number, readonly string[]>): boolean {
  for (let at = pid; at > 1; at = Number(all.get(at)?.[PARENT] ?? 0)) {
    if (at === ancestor) return true
  }
  return false
}
