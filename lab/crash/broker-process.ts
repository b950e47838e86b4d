/**
 * The real program as its users run it, `node broker/dist/main.js serve`, on a data directory and always on the same
 * port, so that a client's queue URL outlives it. Says how long each start took; ends it in any way there is.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

const MAIN = join(import.meta.dirname, '../../broker/dist/main.js')
const SAID_CHARS_MAX = 8192

export interface Launch {
  readonly directory: string
  /** 0: any free one. */
  readonly port: number
  readonly flags?: readonly string[]
  /** The most files and sockets it may have open. */
  readonly handlesMax?: number
  /** With an inspector, whose address it prints first. */
  readonly inspected?: boolean
}

export class BrokerProcess implements AsyncDisposable {
  readonly pid: number
  /** Resolves with its address when it listens; rejects with what it said when it ends before. */
  readonly listening: Promise<string>
  readonly ended: Promise<void>
  startMs = 0
  readonly #child: ChildProcess
  #said = ''
  #over = false

  constructor(launch: Launch) {
    const startedAt = performance.now()
    this.#child = start(launch)
    this.pid = this.#child.pid ?? 0
    this.ended = once(this.#child, 'close').then(() => {
      this.#over = true
    })
    this.listening = this.#listens(startedAt)
    // Who kills it while it starts does not wait for it to listen.
    this.listening.catch(() => {})
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#keep(chunk))
  }

  /** The end of what it printed. */
  get said(): string {
    return this.#said
  }

  get alive(): boolean {
    return !this.#over
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.alive) await this.kill()
  }

  async #listens(startedAt: number): Promise<string> {
    const output = this.#child.stdout as Readable
    return new Promise((resolve, reject) => {
      output.on('data', (chunk: Buffer) => {
        this.#keep(chunk)
        const [, url] = /listens on (http:\S+)\n/.exec(this.#said) ?? []
        if (url === undefined) return
        this.startMs ||= performance.now() - startedAt
        resolve(url)
      })
      void this.ended.then(() => reject(new Error(`the broker ended before it listened: ${this.#said}`)))
    })
  }

  #keep(chunk: Buffer): void {
    this.#said = (this.#said + chunk.toString()).slice(-SAID_CHARS_MAX)
  }
}

function start({ directory, port, flags = [], handlesMax, inspected = false }: Launch): ChildProcess {
  const args = [MAIN, 'serve', '--port', String(port), '--data', directory, '--log-level', 'warn', ...flags]
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ('ignore' | 'pipe')[] }
  if (inspected) args.unshift('--inspect=127.0.0.1:0')
  if (handlesMax === undefined) return spawn(process.execPath, args, options)
  // `exec`: the process that is killed is the broker, not a shell.
  const script = `ulimit -n ${handlesMax}; exec "$0" "$@"`
  return spawn('sh', ['-c', script, process.execPath, ...args], options)
}
