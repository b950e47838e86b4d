/** `pabal --help`: every command, and every option with its default, in columns. */

import { envName, OPTION_NAMES, OPTIONS } from '../config.ts'

export function help(): string {
  const rows = OPTION_NAMES.map((name) => {
    const { placeholder, shown, help: line } = OPTIONS[name]
    const flag = placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`
    return [flag, shown === undefined ? line : `${line} (default: ${shown})`] as const
  })
  const width = Math.max(...rows.map(([flag]) => flag.length)) + 2
  return `Pabal, a durable message queue that speaks Amazon SQS.

  pabal serve [options]        start the broker
  pabal backup DIRECTORY TO    copy a data directory, also while its broker runs
  pabal log                    show, verify, repair or export a data directory
  pabal help                   this text
  pabal version                the version

Options of pabal serve:

${rows.map(([flag, line]) => `  ${flag.padEnd(width)}${line}`).join('\n')}

Each option is also an environment variable (${envName('port')}, ${envName('log-level')}; several queues
separated by commas) and a key of the config file (port, log-level), which can declare queues besides:

  queues:
    orders:
      attributes: { VisibilityTimeout: 60 }
      tags: { team: shop }
      deadLetter: { queue: orders-failed, maxReceiveCount: 5 }
    orders-failed:

A flag counts before the environment, the environment before the file, the file before the default.
`
}
