/** Pabal itself, as it is built, in a process of its own: on files, or in memory where that is the question. */

import { SQS_CLIENT, startClient } from '../client/driver.ts'
import type { SqsSettings } from '../client/sqs-client.ts'
import { said, scratch, start, stop } from '../measure/child.ts'
import type { Contestant, Running } from '../measure/contestant.ts'
import { git } from '../measure/versions.ts'

const MAIN = new URL('../../broker/dist/main.js', import.meta.url).pathname

export interface PabalProcess extends AsyncDisposable {
  readonly pid: number
  readonly port: number
}

/** Resolves when it listens. The directory is kept: it is the caller's. */
export async function startPabal(directory: string): Promise<PabalProcess> {
  const child = start({
    role: 'broker',
    command: process.execPath,
    args: [MAIN, 'serve', '--port', '0', '--host', '127.0.0.1', '--data', directory, '--log-level', 'warn'],
  })
  const [, port] = await said(child, /listens on http:\/\/[^:]+:(\d+)/)
  return { pid: child.pid!, port: Number(port), [Symbol.asyncDispose]: () => stop(child) }
}

export const PABAL_DURABILITY = 'every answer after fdatasync'

export function pabal(
  settings: Omit<SqsSettings, 'port'> = {},
  name = 'Pabal',
  client = SQS_CLIENT,
): Contestant {
  return {
    name,
    durability: PABAL_DURABILITY,
    warmUpMs: 4000,
    async start(): Promise<Running> {
      await using stack = new AsyncDisposableStack()
      const folder = stack.use(scratch())
      const broker = stack.use(await startPabal(folder.path))
      const driver = stack.use(await startClient(client, { ...settings, port: broker.port }))
      const open = stack.move()
      return {
        pid: broker.pid,
        clientPid: driver.pid,
        version: git(),
        round: (load, ms) => driver.round(load, ms),
        [Symbol.asyncDispose]: () => open.disposeAsync(),
      }
    },
  }
}
