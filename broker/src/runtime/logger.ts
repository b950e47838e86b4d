/**
 * The program's own log: one line an event, none a message. An event is a name and its fields.
 * The lines are pino's; pino itself is loaded when the first line is written and never before, because loading
 * it takes as long as starting Node does.
 */

export type LogFields = Readonly<Record<string, unknown>>

export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

const nothing = (): void => {}

/** For tests, and for programs that embed the broker and keep their own log. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
