/**
 * The {@link Logger} of the server: pino's JSON lines on standard error. Loading pino costs about as much as
 * starting Node, so it happens when the first line wants out; lines that come meanwhile wait in order. Writing
 * is synchronous: events are few, and the last line before a crash is the one that is wanted.
 */

import type { LogFields, Logger, LogLevel } from './logger.ts'

type Severity = Exclude<LogLevel, 'silent'>
type Write = (severity: Severity, event: string, fields: LogFields, at: number) => void

const SEVERITIES: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']

export interface PinoLogger extends Logger {
  /** Resolves when every line so far is written. */
  flush(): Promise<void>
}

export function pinoLogger(level: LogLevel, clock: { now(): number }): PinoLogger {
  const waiting: Readonly<Parameters<Write>>[] = []
  let write: Write | undefined
  let loading: Promise<void> = Promise.resolve()

  const load = async (): Promise<void> => {
    write = await loadPino(level)
    for (const line of waiting.splice(0)) write(...line)
  }
  const log = (severity: Severity, event: string, fields: LogFields = {}): void => {
    if (SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(level)) return
    const line = [severity, event, fields, clock.now()] as const
    if (write !== undefined) write(...line)
    else if (waiting.push(line) === 1) loading = load()
  }
  return {
    debug: (event, fields) => log('debug', event, fields),
    info: (event, fields) => log('info', event, fields),
    warn: (event, fields) => log('warn', event, fields),
    error: (event, fields) => log('error', event, fields),
    flush: () => loading,
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
