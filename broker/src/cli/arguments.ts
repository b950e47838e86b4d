/** The words after a subcommand: directories, and flags with or without a value. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { EXIT, Failure } from '../failure.ts'

export interface Arguments {
  readonly words: readonly string[]
  readonly flags: Readonly<Record<string, string | boolean | undefined>>
}

/** `usage` is shown with whatever is wrong. Exactly `count` words are needed. */
export function readArguments(
  args: readonly string[],
  usage: string,
  count: number,
  options: ParseArgsOptionsConfig = {},
): Arguments {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true })
    if (positionals.length !== count) throw new Failure(`Usage: ${usage}`, EXIT.usage)
    return { words: positionals, flags: values as Arguments['flags'] }
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(`${(error as Error).message.split('. ')[0]}. Usage: ${usage}`, EXIT.usage)
  }
}

export function readCount(flags: Arguments['flags'], name: string, otherwise: number): number {
  const text = flags[name]
  if (text === undefined) return otherwise
  if (typeof text === 'string' && /^\d{1,15}$/.test(text)) return Number(text)
  throw new Failure(`--${name} must be a whole number, not "${text}".`, EXIT.usage)
}
