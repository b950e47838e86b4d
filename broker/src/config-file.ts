/** Reads a config file, YAML or JSON: the options under their names, and `queues`. */

import { readFile } from 'node:fs/promises'
import { EXIT, Failure } from './failure.ts'
import { nearest } from './nearest.ts'
import { isMap } from './queue/attributes.ts'
import { type QueueDeclarations, readDeclarations } from './queue-declarations.ts'

export interface ConfigFile {
  readonly options: ReadonlyMap<string, unknown>
  readonly queues: QueueDeclarations
}

/** Throws a {@link Failure} that names the file and what is wrong in it. */
export async function readConfigFile(path: string, optionNames: readonly string[]): Promise<ConfigFile> {
  const parsed = await parse(await textOf(path), path)
  if (parsed === null || parsed === undefined) return { options: new Map(), queues: new Map() }
  if (!isMap(parsed)) throw mistake(`${path} must be a map of options to values.`)
  const { queues, ...options } = parsed
  // A file that names another file would have to be read again, and again.
  const known = optionNames.filter((name) => name !== 'config')
  for (const key of Object.keys(options)) if (!known.includes(key)) throw unknownKey(path, key, known)
  return { options: new Map(Object.entries(options)), queues: readDeclarations(queues, path) }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.replace(/, open .*$/, '') : String(cause)
    throw new Failure(`The config file ${path} cannot be read: ${reason}.`, EXIT.configuration, { cause })
  }
}

async function parse(text: string, path: string): Promise<unknown> {
  try {
    if (path.endsWith('.json')) return JSON.parse(text)
    // Only who has a YAML file waits for its parser to load.
    const yaml = await import('yaml')
    return yaml.parse(text)
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause)
    throw new Failure(
      `The config file ${path} is malformed: ${reason.replace(/:$/, '')}.`,
      EXIT.configuration,
      { cause },
    )
  }
}

function unknownKey(path: string, key: string, known: readonly string[]): Failure {
  const close = nearest(key, [...known, 'queues'])
  const hint = close === undefined ? '"pabal --help" lists what there is.' : `did you mean ${close}?`
  return mistake(`${path} has the unknown key "${key}": ${hint}`)
}

function mistake(sentence: string): Failure {
  return new Failure(sentence, EXIT.configuration)
}
