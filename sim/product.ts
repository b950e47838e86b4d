/**
 * The broker that is simulated: the modules as they are, or with one defect planted in a second copy of the module
 * that has it and of whatever imports that. A copy is told apart by the query of its modules' URLs, so the product
 * itself knows nothing of it.
 */

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { type Defect, defects } from './defects.ts'

export interface Product {
  readonly openShard: typeof import('../broker/src/shard/shard.ts').openShard
  readonly openFileLog: typeof import('../broker/src/log/file-log.ts').openFileLog
  readonly sqsHandler: typeof import('../broker/src/sqs/service.ts').sqsHandler
  readonly kafkaLogOpener: typeof import('../broker/src/log/kafka/log-opener.ts').kafkaLogOpener
  readonly Membership: typeof import('../broker/src/cluster/membership.ts').Membership
  readonly Ownership: typeof import('../broker/src/cluster/ownership.ts').Ownership
  readonly enterShard: typeof import('../broker/src/cluster/shard-door.ts').enterShard
  readonly FollowedLogs: typeof import('../broker/src/shard/followed-logs.ts').FollowedLogs
  readonly recover: typeof import('../broker/src/shard/recovery.ts').recover
}

const SOURCE = new URL('../broker/src/', import.meta.url).href

export async function loadProduct(defect?: string): Promise<Product> {
  if (defect === undefined) return load((url) => url)
  const file = defects[defect]?.file
  if (file === undefined) throw new Error(`no such defect: ${defect}`)
  hook()
  const product = await load((url) => copyOf(url, defect))
  if (!planted.has(defect)) throw new Error(`the defect ${defect} was not planted: its file was never loaded`)
  return product
}

const FILES = [
  'shard/shard.ts',
  'shard/recovery.ts',
  'shard/followed-logs.ts',
  'log/file-log.ts',
  'log/kafka/log-opener.ts',
  'cluster/membership.ts',
  'cluster/ownership.ts',
  'cluster/shard-door.ts',
  'sqs/service.ts',
]

async function load(place: (url: string) => string): Promise<Product> {
  const modules = await Promise.all(FILES.map((file) => import(place(SOURCE + file)) as Promise<Product>))
  return Object.assign({}, ...modules) as Product
}

/** Where a broker with that defect has a module: the module itself, unless the defect makes a difference to it. */
function copyOf(url: string, defect: string): string {
  const spoiled = `${SOURCE}${defects[defect]!.file}`
  return reach(url).has(spoiled) ? `${url}?defect=${encodeURIComponent(defect)}` : url
}

const IMPORT = /^(?:import|export)\s+(?!type\b)[^;']*?from '(\.[^']+)'/gm
const reaches = new Map<string, Set<string>>()

/** A module and all that it imports, directly or not. */
function reach(url: string): ReadonlySet<string> {
  const known = reaches.get(url)
  if (known !== undefined) return known
  const reached = new Set([url])
  reaches.set(url, reached)
  for (const [, specifier] of readFileSync(new URL(url), 'utf8').matchAll(IMPORT)) {
    for (const further of reach(new URL(specifier!, url).href)) reached.add(further)
  }
  return reached
}

const planted = new Set<string>()
let hooked = false

/** What a copy imports of the broker has the same defect. */
function hook(): void {
  if (hooked) return
  hooked = true
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const defect = context.parentURL?.split('?defect=')[1]
      if (defect === undefined || !resolved.url.startsWith(SOURCE)) return resolved
      return { ...resolved, url: copyOf(resolved.url, decodeURIComponent(defect)) }
    },
    load: (url, context, next) => {
      const loaded = next(url, context)
      const [file, query = ''] = url.split('?defect=')
      const name = decodeURIComponent(query)
      const defect = defects[name]
      if (defect === undefined || file !== `${SOURCE}${defect.file}`) return loaded
      planted.add(name)
      return { ...loaded, source: spoil(String(loaded.source), name, defect) }
    },
  })
}

function spoil(source: string, name: string, { find, put }: Defect): string {
  if (source.split(find).length !== 2)
    throw new Error(`the defect ${name} no longer fits: its place must be there, once`)
  return source.replace(find, () => put)
}
