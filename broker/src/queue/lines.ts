/** The lanes and message groups that have messages, by the small number that a message's record keeps. */

import type { MessageGroup } from './groups.ts'
import type { Lane } from './lanes.ts'

export type Line = Lane | MessageGroup

export class Lines {
  readonly #lines: (Line | undefined)[] = [undefined]
  readonly #free: number[] = []

  get(id: number): Line {
    const line = this.#lines[id]
    if (line === undefined) throw new Error(`line ${id} is gone but a message still names it`)
    return line
  }

  add(line: Line): number {
    const id = this.#free.pop() ?? this.#lines.length
    this.#lines[id] = line
    return id
  }

  remove(id: number): void {
    this.#lines[id] = undefined
    this.#free.push(id)
  }
}
