/** NATS JetStream with a file store. This version has no way to sync on every message: it syncs every two minutes. */

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Contestant } from '../measure/contestant.ts'
import { debianPackages, npmPackages } from './cache.ts'
import { serve } from './serve.ts'

const NATS_VERSION = '2.29.3'
const CLIENT = new URL('./nats-client.ts', import.meta.url)

export function natsJetStream(): Contestant {
  return {
    name: 'NATS JetStream',
    durability: 'file store, acknowledged before it is synced (every 2 min)',
    warmUpMs: 3000,
    start: async () => {
      const packages = npmPackages(`nats@${NATS_VERSION}`)
      const command = join(debianPackages('nats-server'), 'usr/sbin/nats-server')
      const version = execFileSync(command, ['--version'], { encoding: 'utf8' })
        .trim()
        .replace('nats-server: v', '')
      return serve({
        version: `${version}, nats ${NATS_VERSION}`,
        server: (folder, port) => ({
          command,
          args: ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder],
        }),
        client: CLIENT,
        settings: { packages },
      })
    },
  }
}
