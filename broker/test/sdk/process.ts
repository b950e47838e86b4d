/**
 * `pabal serve` as a process of its own, on a data directory, with a clock to move: for what only a stop, a kill
 * and a new start can show.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { outsideServer, type Server } from './server.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')

export class BrokerProcess implements Server {
  readonly url: string
  readonly clock: Server['clock']
  readonly #child: ChildProcess
  readonly #exited: Promise<unknown[]>

  constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.#exited = once(child, 'exit')
    this.url = url
    this.clock = outsideServer(url).clock
  }

  /** Ends it; resolves with its exit code, null where the signal killed it. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.#child.kill(signal)
    const [code] = await this.#exited
    return code as number | null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.end('SIGKILL')
  }
}

/** Resolves when it prints what it listens on. */
export async function startProcess(...flags: string[]): Promise<BrokerProcess> {
  const child = serve(flags, 'inherit')
  for await (const line of createInterface({ input: child.stdout as Readable })) {
    const [url] = /http:\/\/[\w.:[\]-]+:\d+/.exec(line) ?? []
    if (url !== undefined) {
      child.stdout?.resume()
      return new BrokerProcess(child, url)
    }
  }
  throw new Error('the broker ended before it listened')
}

/** For a start that must fail: its exit code and what it said. */
export async function failedStart(...flags: string[]): Promise<{ code: number | null; said: string }> {
  const child = serve(flags, 'pipe')
  const [said, [code]] = await Promise.all([text(child.stderr as Readable), once(child, 'exit')])
  return { code: code as number | null, said }
}

function serve(flags: readonly string[], stderr: 'inherit' | 'pipe'): ChildProcess {
  return spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--test-clock', ...flags], {
    stdio: ['ignore', 'pipe', stderr],
    env: { ...process.env, PABAL_LOG_LEVEL: 'error' },
  })
}

export interface DataDirectory extends AsyncDisposable {
  readonly path: string
}

export async function dataDirectory(): Promise<DataDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'pabal-sdk-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
