/** SQS stand-ins that keep everything in memory, asked by the same light client as Pabal. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SQS_CLIENT } from '../client/driver.ts'
import type { Contestant } from '../measure/contestant.ts'
import { mavenClassPath, npmPackages } from './cache.ts'
import { serve } from './serve.ts'

const ELASTICMQ_VERSION = '1.7.1'
const FAUXQS_VERSION = '2.4.1'
const IN_MEMORY = 'none: memory only'

export function elasticMq(client = SQS_CLIENT): Contestant {
  return {
    name: 'ElasticMQ',
    durability: IN_MEMORY,
    warmUpMs: 20_000,
    start: async () => {
      const classPath = mavenClassPath('org.elasticmq', 'elasticmq-server_2.13', ELASTICMQ_VERSION)
      return serve({
        version: ELASTICMQ_VERSION,
        server: (folder, port) => ({
          command: 'java',
          args: [
            `-Dconfig.file=${elasticMqConfig(folder, port)}`,
            '-cp',
            classPath,
            'org.elasticmq.server.Main',
          ],
        }),
        client,
      })
    },
  }
}

function elasticMqConfig(folder: string, port: number): string {
  const path = join(folder, 'elasticmq.conf')
  const lines = [
    'include classpath("application.conf")',
    `node-address { protocol = http, host = "127.0.0.1", port = ${port}, context-path = "" }`,
    `rest-sqs { enabled = true, bind-hostname = "127.0.0.1", bind-port = ${port}, sqs-limits = strict }`,
    'rest-stats { enabled = false }',
  ]
  writeFileSync(path, lines.join('\n'))
  return path
}

export function fauxqs(client = SQS_CLIENT): Contestant {
  return {
    name: 'fauxqs',
    durability: IN_MEMORY,
    warmUpMs: 4000,
    start: async () => {
      const folder = npmPackages(`fauxqs@${FAUXQS_VERSION}`)
      return serve({
        version: FAUXQS_VERSION,
        server: (_folder, port) => ({
          command: process.execPath,
          args: [join(folder, 'node_modules/fauxqs/dist/cli.js')],
          env: { FAUXQS_PORT: String(port), FAUXQS_HOST: '127.0.0.1', FAUXQS_LOGGER: 'false' },
        }),
        client,
      })
    },
  }
}
