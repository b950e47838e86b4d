/**
 * The {@link Logger} of the server: pino's JSON lines on standard error. Loading pino costs about as much as
 * starting Node, so it happens when the first line wants out, or when the server has started, whichever is first:
 * the trouble that the first line tells of may be that no file can be opened any more. Lines that come meanwhile wait
 * in order; where pino cannot be loaded they are written without it. Writing is synchronous: events are few, and the
 * last line before a crash is the one that is wanted.
 */

import { writeSync } from 'node:fs'

import type { LogFields, Logger, LogLevel } from './logger.ts'

type Severity = Exclude<LogLevel, 'silent'>
type Write = (severity: Severity, event: string, fields: LogFields, at: number) => void

const SEVERITIES: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

export interface PinoLogger extends Logger {
  /** Loads pino, if any line may ever be written. */
  load(): void
  /** Resolves when every line so far is written. */
  flush(): Promise<void>
}

export function pinoLogger(level: LogLevel, clock: { now(): number }): PinoLogger {
  const waiting: Readonly<Parameters<Write>>[] = []
  let write: Write | undefined
  let loading: Promise<void> | undefined

  const loadAndWrite = async (): Promise<void> => {
    try {
      write = await loadPino(level)
    } catch {
      loading = undefined
    }
    for (const line of waiting.splice(0)) (write ?? writePlain)(...line)
  }
  const load = (): void => {
    if (level !== 'silent') loading ??= loadAndWrite()
  }
  const log = (severity: Severity, event: string, fields: LogFields = {}): void => {
    if (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(level)) return
    const line = [severity, event, fields, clock.now()] as const
    if (write !== undefined) return write(...line)
    waiting.push(line)
    load()
  }
  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields) => log('warn', event, fields),
    error: (event, fields) => log('error', event, fields),
    load,
    flush: () => loading ?? Promise.resolve(),
  }
}

async function loadPino(level: LogLevel): Promise<Write> {
  const { pino } = await import('pino')
  const lines = pino(
    {
      level,
      base: null,
      timestamp: false,
      messageKey: 'event',
      errorKey: 'error',
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
  return (severity, event, fields, at) =>
    lines[severity]({ time: new Date(at).toISOString(), ...fields }, event)
}

/** As pino would, but for the stack of an error. */
function writePlain(level: Severity, event: string, fields: LogFields, at: number): void {
  const known = Object.entries(fields).map(([name, value]) => [
    name,
    value instanceof Error ? value.message : value,
  ])
  const line = { level, time: new Date(at).toISOString(), ...Object.fromEntries(known), event }
  writeSync(2, `${JSON.stringify(line)}\n`)
}
