/**
 * Where the peers live: a folder of their own outside the repository, filled when a benchmark first asks for one, by
 * the ordinary clients of npm, apt and Maven. Nothing is installed into the system: Debian packages are unpacked
 * there, so no service starts. A peer that cannot be fetched is {@link Unavailable}, with the reason.
 */

import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Unavailable } from '../measure/contestant.ts'

const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'pabal', 'bench')
const FETCH_MS = 300_000

/** The folder that has packages, each `name@version`, in its node_modules. */
export function npmPackages(...packages: readonly string[]): string {
  return fetched(`npm-${packages.join('-').replaceAll('/', '+')}`, (folder) => {
    writeFileSync(join(folder, 'package.json'), '{"private":true}')
    run(
      'npm',
      ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--save-exact', ...packages],
      folder,
    )
  })
}

/** Loads what {@link npmPackages} fetched. The caller says what it is: none of these packages is a dependency of ours. */
export function load<Module>(folder: string, name: string): Module {
  return createRequire(join(folder, 'package.json'))(name) as Module
}

/** The root folder with packages unpacked, and with those of their dependencies that the system lacks. */
export function debianPackages(...names: readonly string[]): string {
  if (spawnSync('apt-get', ['--version']).status !== 0)
    throw new Unavailable('it comes from apt, which is not here')
  return fetched(`debian-${names.join('-')}`, (folder) => {
    const plan = run('apt-get', ['-s', 'install', '--no-install-recommends', ...names], folder)
    const missing = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name!)
    run('apt-get', ['download', ...new Set([...names, ...missing])], folder)
    for (const file of readdirSync(folder).filter((each) => each.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', file, '.'], folder)
    }
  })
}

/** Shared libraries of unpacked packages. */
export function debianEnvironment(root: string): Readonly<Record<string, string>> {
  const libraries = readdirSync(join(root, 'usr/lib')).filter((name) => name.endsWith('-linux-gnu'))
  return { LD_LIBRARY_PATH: libraries.map((name) => join(root, 'usr/lib', name)).join(':') }
}

/** A class path with an artifact and everything that it needs to run. */
export function mavenClassPath(group: string, artifact: string, version: string): string {
  for (const program of ['java', 'mvn']) {
    if (spawnSync(program, ['-version']).status !== 0)
      throw new Unavailable(`it needs ${program}, which is not here`)
  }
  const folder = fetched(`maven-${artifact}-${version}`, (directory) => {
    const dependency = `<groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version>`
    const pom =
      '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
      '<groupId>bench</groupId><artifactId>bench</artifactId><version>1</version>' +
      `<dependencies><dependency>${dependency}</dependency></dependencies></project>`
    writeFileSync(join(directory, 'pom.xml'), pom)
    run(
      'mvn',
      ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib', '-DincludeScope=runtime'],
      directory,
    )
  })
  return join(folder, 'lib', '*')
}

/** Made whole or not at all, so that an interrupted download is begun again. */
function fetched(name: string, fetch: (folder: string) => void): string {
  const folder = join(CACHE, name)
  if (existsSync(folder)) return folder
  const begun = `${folder}.${process.pid}`
  mkdirSync(begun, { recursive: true })
  try {
    fetch(begun)
    renameSync(begun, folder)
    return folder
  } catch (error) {
    rmSync(begun, { recursive: true, force: true })
    throw error
  }
}

function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, {
      cwd,
      encoding: 'utf8',
      timeout: FETCH_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    throw new Unavailable(`"${command} ${args[0]}" failed: ${said.split('\n').slice(0, 3).join(' ')}`)
  }
}
