/**
 * How long from the start of the process until it accepts a connection, with an empty data directory?
 *
 * The program is the built one that `npm start` runs. Beside it, in turn, a Node that does nothing: what is left
 * between the two is ours. The first start after a build is not counted: it fills Node's compile cache.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { atMost, finish, meets } from './measure/row.ts'
import { rounds } from './measure/settings.ts'
import { type Summary, summary } from './measure/statistics.ts'

const MAIN = fileURLToPath(new URL('../broker/dist/main.js', import.meta.url))
const TARGET = atMost(150, 'ms')

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** Tries again and again: each try is a connection refused, which takes next to nothing. */
async function accepts(port: number): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1')
    const accepted = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    })
    socket.destroy()
    if (accepted) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

async function brokerMs(): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'pabal-bench-'))
  const port = await freePort()
  const startedAt = performance.now()
  const args = [MAIN, 'serve', '--data', directory, '--port', String(port)]
  const broker = spawn(process.execPath, args, { stdio: 'ignore' })
  await accepts(port)
  const ms = performance.now() - startedAt
  broker.kill()
  await once(broker, 'exit')
  rmSync(directory, { recursive: true })
  return ms
}

async function nodeMs(): Promise<number> {
  const startedAt = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return performance.now() - startedAt
}

const ours: number[] = []
const nodes: number[] = []
await brokerMs()
for (let round = 0; round < 2 * rounds; round++) {
  ours.push(await brokerMs())
  nodes.push(await nodeMs())
}

const text = ({ median, lowest, highest }: Summary): string =>
  `${median.toFixed(0)} ms (${lowest.toFixed(0)}–${highest.toFixed(0)})`
finish({
  title: 'Time to listen',
  rows: [
    {
      what: 'process started → first connection accepted, empty data directory',
      ours: text(summary(ours)),
      beside: `a Node that does nothing, from start to end: ${text(summary(nodes))}`,
      target: TARGET,
      met: meets(summary(ours).median, TARGET),
    },
  ],
  parties: [],
  missing: [],
})
