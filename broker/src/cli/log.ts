/** `pabal log`: looks at a data directory that no broker holds, and mends it where that is asked for. */

import { EXIT, Failure } from '../failure.ts'

export const LOG_HELP = `pabal log looks at a data directory while no broker runs on it.

  pabal log show DIRECTORY      segments, live bytes, queues with their counts
       --events                 every event, a line of JSON each
       --from POSITION          … from this position on
       --limit N                … at most so many
       --full                   … with whole bodies and attributes
  pabal log verify DIRECTORY    reads everything and reports every damage; exits with 1 if there is any
  pabal log repair DIRECTORY    says what a repair would lose, and changes nothing
       --yes                    repairs; the damaged files are kept as copies
  pabal log export DIRECTORY    queues and live messages, a line of JSON each

pabal backup DIRECTORY TO copies a data directory, also while its broker runs.
`

export async function log(args: readonly string[]): Promise<void> {
  const [command = 'help', ...rest] = args
  // Whoever read the output has seen enough.
  process.stdout.on('error', () => process.exit())
  switch (command) {
    case 'show':
      return (await import('./log-show.ts')).show(rest)
    case 'verify':
      return (await import('./log-verify.ts')).verify(rest)
    case 'repair':
      return (await import('./log-repair.ts')).repair(rest)
    case 'export':
      return (await import('./log-export.ts')).exportMessages(rest)
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(LOG_HELP)
      return
  }
  throw new Failure(`There is no command "log ${command}": show, verify, repair and export are.`, EXIT.usage)
}
