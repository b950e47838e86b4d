/**
 * The broker that is simulated: the modules as they are, or a second copy of them with one defect planted. A copy
 * is told apart by the query of its modules' URLs, so the product itself knows nothing of it.
 */

import { registerHooks } from 'node:module'
import { type Defect, defects } from './defects.ts'

export interface Product {
  readonly openShard: typeof import('../broker/src/shard/shard.ts').openShard
  readonly openFileLog: typeof import('../broker/src/log/file-log.ts').openFileLog
  readonly sqsHandler: typeof import('../broker/src/sqs/service.ts').sqsHandler
  readonly recover: typeof import('../broker/src/shard/recovery.ts').recover
}

const SOURCE = new URL('../broker/src/', import.meta.url).href

export async function loadProduct(defect?: string): Promise<Product> {
  if (defect === undefined) return load('')
  if (defects[defect] === undefined) throw new Error(`no such defect: ${defect}`)
  hook()
  const product = await load(`?defect=${encodeURIComponent(defect)}`)
  if (!planted.has(defect)) throw new Error(`the defect ${defect} was not planted: its file was never loaded`)
  return product
}

async function load(query: string): Promise<Product> {
  const { openShard } = (await import(`${SOURCE}shard/shard.ts${query}`)) as Product
  const { recover } = (await import(`${SOURCE}shard/recovery.ts${query}`)) as Product
  const { openFileLog } = (await import(`${SOURCE}log/file-log.ts${query}`)) as Product
  const { sqsHandler } = (await import(`${SOURCE}sqs/service.ts${query}`)) as Product
  return { openShard, openFileLog, sqsHandler, recover }
}

const planted = new Set<string>()
let hooked = false

/** What a module with a defect imports of the broker has the same defect. */
function hook(): void {
  if (hooked) return
  hooked = true
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context)
      const query = /\?defect=[^?]+$/.exec(context.parentURL ?? '')?.[0]
      if (query === undefined || !resolved.url.startsWith(SOURCE)) return resolved
      return { ...resolved, url: resolved.url + query }
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
