/** `pabal log verify`: reads everything, reports every damage, and ends with 1 if there is any. */

import { damagesOf, type Examination, examine } from '../log-tools/examine.ts'
import { systemDisk } from '../runtime/disk.ts'
import { readArguments } from './arguments.ts'
import { counted } from './counted.ts'
import { withDirectory } from './data-directory.ts'

const USAGE = 'pabal log verify DIRECTORY'

export async function verify(args: readonly string[]): Promise<void> {
  const { words } = readArguments(args, USAGE, 1)
  await withDirectory(words[0]!, async (directory) => {
    const examined = await examine(systemDisk, directory)
    process.stdout.write(`${[...damageLines(examined), ...verdict(directory, examined)].join('\n')}\n`)
    if (isDamaged(examined)) process.exitCode = 1
  })
}

export function isDamaged(examined: Examination): boolean {
  return damagesOf(examined).length + examined.unreadable.length > 0
}

export function damageLines(examined: Examination): readonly string[] {
  return [
    ...damagesOf(examined).map(
      ({ file, offset, end, what }) => `${file}, bytes ${offset} to ${end}: ${what}`,
    ),
    ...examined.unreadable.map(({ file, offset, what }) => `${file}, byte ${offset}: ${what}`),
  ]
}

function verdict(directory: string, examined: Examination): readonly string[] {
  const { segments, records, torn, state } = examined
  const count = damagesOf(examined).length + examined.unreadable.length
  const cut =
    torn === undefined
      ? []
      : [
          `${torn.file}, byte ${torn.offset}: a crash cut the last write short; the next start drops its ${torn.bytes} bytes`,
        ]
  const size = [
    counted(segments.length, 'segment'),
    counted(records, 'event'),
    counted(state.messages.size, 'live message'),
  ].join(', ')
  if (count === 0) return [...cut, `${directory} is whole: ${size}.`]
  return [...cut, `${directory} has ${counted(count, 'damage')}; readable are ${size}.`]
}
