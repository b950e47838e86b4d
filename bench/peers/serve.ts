/** What starting any peer has in common: a folder, a server, a wait until it answers, a client, and the way back. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { startClient } from '../client/driver.ts'
import { type Spawned, scratch, start, stop } from '../measure/child.ts'
import type { Running } from '../measure/contestant.ts'

const READY_MS = 60_000
const POLL_MS = 100

export interface Served {
  readonly version: string
  /** What serves, given its folder and its port. */
  readonly server: (folder: string, port: number) => Omit<Spawned, 'role' | 'logFile'>
  /** A module with `connect`, and what it is given besides the port. */
  readonly client: URL
  readonly settings?: object
  /** After the port is open. */
  readonly prepare?: (folder: string, port: number) => Promise<void>
}

export async function serve({ version, server, client, settings = {}, prepare }: Served): Promise<Running> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(scratch())
  const port = await freePort()
  const logFile = join(folder.path, 'output.log')
  const child = start({ role: 'broker', logFile, ...server(folder.path, port) })
  stack.defer(() => stop(child))
  await listening(child, port, logFile)
  await prepare?.(folder.path, port)
  const driver = stack.use(await startClient(client, { ...settings, port }))
  const open = stack.move()
  return {
    pid: child.pid!,
    clientPid: driver.pid,
    version,
    round: (load, ms) => driver.round(load, ms),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function listening(child: ChildProcess, port: number, logFile: string): Promise<void> {
  const until = performance.now() + READY_MS
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > until) {
      throw new Error(
        `${child.spawnargs.join(' ')} does not listen:\n${readFileSync(logFile, 'utf8').slice(-2000)}`,
      )
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
