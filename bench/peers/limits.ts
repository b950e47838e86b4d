/**
 * The machine's limits as contestants: `node:http` that answers hello world, and a bare socket with a fixed answer.
 * And what to compare them with layer by layer: Pabal's HTTP without a broker behind it.
 */

import { SQS_CLIENT, startClient } from '../client/driver.ts'
import { said, start, stop } from '../measure/child.ts'
import type { Contestant, Running } from '../measure/contestant.ts'

const SERVER = new URL('./limit-server.ts', import.meta.url).pathname

function limit(kind: 'node-http' | 'socket' | 'pabal-http', name: string): Contestant {
  return {
    name,
    durability: 'none: nothing is kept',
    warmUpMs: 2000,
    async start(): Promise<Running> {
      await using stack = new AsyncDisposableStack()
      const child = start({ role: 'broker', command: process.execPath, args: [SERVER, kind] })
      stack.defer(() => stop(child))
      const [, port] = await said(child, /port (\d+)/)
      const client = stack.use(await startClient(SQS_CLIENT, { port: Number(port) }))
      const open = stack.move()
      return {
        pid: child.pid!,
        clientPid: client.pid,
        version: `Node ${process.version}`,
        round: (load, ms) => client.round(load, ms),
        [Symbol.asyncDispose]: () => open.disposeAsync(),
      }
    },
  }
}

export const nodeHttp = limit('node-http', 'node:http hello world')
export const bareSocket = limit('socket', 'bare socket')
export const pabalHttp = limit('pabal-http', 'Pabal, HTTP layer alone')
