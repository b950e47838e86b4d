/** pg-boss on PostgreSQL as it comes: every commit is synced. PostgreSQL does not run as root: another user then. */

import { execFileSync, spawnSync } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type Contestant, Unavailable } from '../measure/contestant.ts'
import { npmPackages } from './cache.ts'
import { serve } from './serve.ts'

const PG_BOSS_VERSION = '12.38.0'
const INSTALLED = '/usr/lib/postgresql'
const CLIENT = new URL('./pg-boss-client.ts', import.meta.url)

export function pgBoss(): Contestant {
  return {
    name: 'pg-boss',
    durability: 'PostgreSQL, every commit synced',
    warmUpMs: 4000,
    start: async () => {
      if (!existsSync(INSTALLED)) throw new Unavailable(`no PostgreSQL in ${INSTALLED}`)
      const major = readdirSync(INSTALLED).toSorted().at(-1)!
      const programs = join(INSTALLED, major, 'bin')
      const packages = npmPackages(`pg-boss@${PG_BOSS_VERSION}`)
      return serve({
        version: `${PG_BOSS_VERSION}, PostgreSQL ${major}`,
        server: (folder, port) => ({
          ...unprivileged(join(programs, 'postgres'), database(programs, folder, port)),
        }),
        client: CLIENT,
        settings: { packages },
      })
    },
  }
}

/** Makes a database and says how it is served. */
function database(programs: string, folder: string, port: number): readonly string[] {
  const data = join(folder, 'data')
  mkdirSync(data)
  if (userInfo().uid === 0) {
    for (const path of [folder, data]) chownSync(path, postgresUser(), -1 >>> 0)
  }
  const { command, args } = unprivileged(join(programs, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust'])
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] })
  return ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder]
}

function unprivileged(
  program: string,
  args: readonly string[],
): { command: string; args: readonly string[] } {
  if (userInfo().uid !== 0) return { command: program, args }
  return { command: 'setpriv', args: [`--reuid=${postgresUser()}`, '--clear-groups', program, ...args] }
}

function postgresUser(): number {
  const { status, stdout } = spawnSync('id', ['-u', 'postgres'], { encoding: 'utf8' })
  if (status !== 0) throw new Unavailable('there is no user postgres, and root may not run PostgreSQL')
  return Number(stdout)
}
