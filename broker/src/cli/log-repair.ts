/** `pabal log repair`: says what a repair would lose; with `--yes` it keeps copies of the damaged files and mends them. */

import { Failure } from '../failure.ts'
import { mendLog } from '../log/mend.ts'
import { eventLine } from '../log-tools/event-line.ts'
import { damagesOf, type Examination, examine, guessEvents } from '../log-tools/examine.ts'
import { messageIdOf } from '../queue/message-id.ts'
import { systemDisk } from '../runtime/disk.ts'
import { systemRandom } from '../runtime/random.ts'
import { readArguments } from './arguments.ts'
import { counted } from './counted.ts'
import { withDirectory } from './data-directory.ts'
import { isDamaged } from './log-verify.ts'

const USAGE = 'pabal log repair DIRECTORY [--yes]'
/** Shown of what a damage seems to have held, and of messages that are missing. */
const GUESSES_SHOWN_MAX = 20
const MISSING_SHOWN_MAX = 20

export async function repair(args: readonly string[]): Promise<void> {
  const { words, flags } = readArguments(args, USAGE, 1, { yes: { type: 'boolean' } })
  await withDirectory(words[0]!, async (directory) => {
    const examined = await examine(systemDisk, directory)
    if (!isDamaged(examined)) return print([`${directory} is whole: there is nothing to repair.`])
    refuseUnreadable(examined)
    print([...damageReport(examined), ...lossReport(examined)])
    if (flags['yes'] === true) await mend(directory, examined)
    else print(['', 'Nothing was changed. With --yes this is carried out.'])
  })
}

/** Records whose checksums are right were written so: dropping them would hide a mistake. */
function refuseUnreadable({ unreadable }: Examination): void {
  const first = unreadable[0]
  if (first === undefined) return
  throw new Failure(
    `${first.file}, byte ${first.offset}: ${first.what}. Its checksum is right, so this is no damage of the disk; ` +
      'perhaps a newer Pabal wrote it. Nothing was changed.',
  )
}

function damageReport(examined: Examination): readonly string[] {
  const names = {
    salt: examined.state.salt,
    queueName: (id: number) => examined.state.queues.get(id)?.name,
  }
  return damagesOf(examined).flatMap((damage) => {
    const guesses = guessEvents(damage).map((event) => JSON.stringify(eventLine(event, names, false)))
    const shown = guesses.slice(0, GUESSES_SHOWN_MAX).map((line) => `    ${line}`)
    const more = guesses.length - shown.length
    return [
      `${damage.file}, bytes ${damage.offset} to ${damage.end}: ${damage.what}`,
      ...(shown.length === 0 ? [] : ['  would be dropped, as far as the damaged bytes can be read:']),
      ...shown,
      ...(more > 0 ? [`    … and ${more} more`] : []),
    ]
  })
}

function lossReport({ missing, orphans, records, state }: Examination): readonly string[] {
  const ids = [...missing].slice(0, MISSING_SHOWN_MAX).map((seq) => `    ${messageIdOf(seq, state.salt)}`)
  const more = missing.size - ids.length
  return [
    '',
    `Kept: ${counted(records, 'event')}, ${counted(state.messages.size, 'live message')} in ${counted(state.queues.size, 'queue')}.`,
    missing.size === 0
      ? 'Lost: no message that the rest of the log misses.'
      : `Lost: ${counted(missing.size, 'message')}, which the rest of the log misses:`,
    ...ids,
    ...(more > 0 ? [`    … and ${more} more`] : []),
    ...(orphans === 0
      ? []
      : [`Lost as well: ${counted(orphans, 'message')} whose queue's definition is damaged.`]),
    'A lost deletion makes its message come back; a lost move out of an old segment is not seen here.',
  ]
}

async function mend(directory: string, examined: Examination): Promise<void> {
  const copies = await mendLog(systemDisk, directory, examined, systemRandom)
  const again = await examine(systemDisk, directory)
  if (isDamaged(again))
    throw new Failure(`${directory} is still damaged after the repair; look at it with verify.`)
  print(['', 'Repaired. As they were, the files are kept here; delete them when nothing of them is needed:'])
  print(copies.map((copy) => `  ${copy}`))
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
