/**
 * The inputs that are kept: `fuzz/corpus/<target>/<hash>`, each of which reached something that none before it did,
 * or was a finding once. They are run by the tests for ever.
 */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, 'corpus')

export async function readCorpus(target: string): Promise<Buffer[]> {
  const names = await readdir(join(ROOT, target)).catch(() => [])
  return Promise.all(names.sort().map((name) => readFile(join(ROOT, target, name))))
}

/** Returns the path. */
export async function keep(target: string, input: Uint8Array): Promise<string> {
  const directory = join(ROOT, target)
  await mkdir(directory, { recursive: true })
  const path = join(directory, createHash('sha256').update(input).digest('hex').slice(0, 16))
  await writeFile(path, input)
  return path
}
