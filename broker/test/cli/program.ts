/** The real program in a process of its own. Waits for lines and for the end, never for time. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export class Program implements AsyncDisposable {
  readonly process: ChildProcess
  readonly ended: Promise<End>
  stdout = ''
  stderr = ''
  #over = false
  #changed: (() => void)[] = []

  private constructor(args: readonly string[], env: NodeJS.ProcessEnv) {
    this.process = spawn(process.execPath, [MAIN, ...args], { env: { ...cleanEnvironment(), ...env } })
    this.process.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString()
      this.#wake()
    })
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString()
      this.#wake()
    })
    this.ended = once(this.process, 'close').then(([code, signal]) => {
      this.#over = true
      this.#wake()
      return { code, signal } as End
    })
  }

  static run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Program {
    return new Program(args, env)
  }

  /** Resolves when standard output or error matches; rejects when the program ends before. */
  async prints(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.stdout) ?? pattern.exec(this.stderr)
      if (found !== null) return found
      if (this.#over) throw new Error(`It ended without printing ${pattern}:\n${this.stdout}${this.stderr}`)
      await new Promise<void>((resolve) => this.#changed.push(resolve))
    }
  }

  /** The address that it listens on. */
  async listens(): Promise<string> {
    const [, url = ''] = await this.prints(/listens on (http:\S+)\n[\s\S]*Action=ReceiveMessage\n/)
    return url
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<End> {
    this.process.kill(signal)
    return this.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL')
    await this.ended
  }

  #wake(): void {
    for (const changed of this.#changed.splice(0)) changed()
  }
}

/** Without what the surroundings of the test may have set. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PABAL_')))
}

export interface TemporaryDirectory extends AsyncDisposable {
  readonly path: string
}

export async function temporaryDirectory(): Promise<TemporaryDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'pabal-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
