#!/usr/bin/env node
/**
 * The program `pabal`: finds the subcommand and runs it. One that cannot do its work says why in one sentence and
 * exits with a number other than 0; a stack trace is only ever shown for a mistake of our own.
 *
 * Everything is imported after the compile cache is switched on, and only what the subcommand needs: that is a
 * third of the time to start.
 */

import { enableCompileCache } from 'node:module'

enableCompileCache()

const HELP = new Set(['help', '--help', '-h'])
const VERSION = new Set(['version', '--version', '-v'])

async function run(args: readonly string[]): Promise<void> {
  const [command = 'help', ...rest] = args
  if (command === 'log') {
    const { log } = await import('./cli/log.ts')
    await log(rest.some((arg) => HELP.has(arg)) ? [] : rest)
  } else if (HELP.has(command) || rest.some((arg) => arg === '--help' || arg === '-h')) {
    const { help } = await import('./cli/help.ts')
    process.stdout.write(help())
  } else if (VERSION.has(command)) {
    const { version } = await import('./cli/version.ts')
    process.stdout.write(`${version()}\n`)
  } else if (command === 'serve') {
    await serveUntilStopped(rest)
  } else if (command === 'backup') {
    const { backUp } = await import('./cli/backup.ts')
    await backUp(rest)
  } else {
    await refuse(command)
  }
}

async function refuse(command: string): Promise<never> {
  const { EXIT, Failure } = await import('./failure.ts')
  const hint = command.startsWith('-') ? `did you mean "pabal serve ${command}"?` : '"pabal help" lists them.'
  throw new Failure(`There is no command "${command}": ${hint}`, EXIT.usage)
}

async function serveUntilStopped(flags: readonly string[]): Promise<void> {
  const { loadConfig } = await import('./config.ts')
  const config = await loadConfig(flags)
  const { serve } = await import('./cli/serve.ts')
  let stopping = false
  const stop = (): void => {
    // The second time it is meant: at once, as after a crash, which loses nothing either.
    if (stopping) process.exit(1)
    stopping = true
    starting.then((running) => running.stop()).then(() => process.exit(0), fail)
  }
  const starting = serve(config, (text) => {
    // Whoever reads this may stop it at once.
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
    process.stdout.write(text)
  })
  await starting
  // Who reads what is printed may go away before the broker does.
  process.stdout.on('error', () => {})
}

function fail(error: unknown): void {
  const known = error instanceof Error && error.name === 'Failure' && 'exitCode' in error
  process.stderr.write(
    `pabal: ${known ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exitCode = known ? Number(error.exitCode) : 70
  process.exit()
}

run(process.argv.slice(2)).catch(fail)
