/** What happened in a run, line by line, and a hash of it: two runs are the same exactly when their hashes are. */

import { createHash } from 'node:crypto'

export class Trace {
  readonly #hash = createHash('sha256')
  readonly #last: string[] = []
  readonly #print: boolean
  lines = 0

  constructor(print: boolean) {
    this.#print = print
  }

  add(line: string): void {
    this.lines += 1
    this.#hash.update(line)
    this.#hash.update('\n')
    if (this.#print) process.stdout.write(`${line}\n`)
    this.#last.push(line)
    if (this.#last.length > 400) this.#last.splice(0, 200)
  }

  tail(count: number): readonly string[] {
    return this.#last.slice(-count)
  }

  /** Once, at the end. */
  digest(): string {
    return this.#hash.digest('hex').slice(0, 16)
  }
}
