/** BullMQ on Redis with `appendfsync always`: an answer of Redis is on the disk. */

import { join } from 'node:path'
import type { Contestant } from '../measure/contestant.ts'
import { debianEnvironment, debianPackages, npmPackages } from './cache.ts'
import { serve } from './serve.ts'

const BULLMQ_VERSION = '6.7.0'
const IOREDIS_VERSION = '5.8.2'
const CLIENT = new URL('./bullmq-client.ts', import.meta.url)

export function bullMq(): Contestant {
  return {
    name: 'BullMQ',
    durability: 'Redis, appendfsync always',
    warmUpMs: 4000,
    start: async () => {
      const packages = npmPackages(`bullmq@${BULLMQ_VERSION}`, `ioredis@${IOREDIS_VERSION}`)
      const root = debianPackages('redis-server')
      const command = join(root, 'usr/bin/redis-server')
      const env = debianEnvironment(root)
      return serve({
        version: `${BULLMQ_VERSION}, Redis 7.0`,
        server: (folder, port) => ({ command, env, cwd: folder, args: redisArguments(folder, port) }),
        client: CLIENT,
        settings: { packages },
      })
    },
  }
}

function redisArguments(folder: string, port: number): readonly string[] {
  const options = { port, bind: '127.0.0.1', dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' }
  return Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
}
