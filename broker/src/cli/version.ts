/** `pabal version`: which one this is. */

import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

export function version(): string {
  // Found rather than named: as a source file and as part of a bundle this file has different places.
  const path = findPackageJSON('.', import.meta.url)
  if (path === undefined) throw new Error('There is no package.json above this file')
  return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
}
