/** Messages to send: each carries its token, so that it is known again wherever it turns up. */

import type { Dice } from './dice.ts'
import type { Letter } from './exchange.ts'

/** What bodies are filled with: everything that JSON, XML or a form might trip over. */
const FILLING = 'plain & <tag attr="x">\'quoted\'</tag> \r\n\t ünïcödé 漢字 🐎 %41+%zz ]]> \\u0041 '

/** Most of one, so that it grows long. */
const GROUPS = ['a', 'a', 'a', 'b', 'c', 'd']
const TENANTS = [undefined, undefined, 'ant', 'bee', 'cat']

const PRIORITIES = [0, 1, 2, 5, 8, 9, 9, 9]

export interface LetterFor {
  readonly fifo: boolean
  /** The queue deduplicates by content where no id is given. */
  readonly contentDedup: boolean
  /** How likely a message has a priority; there are none on FIFO queues. */
  readonly prioritized: number
}

export class Letters {
  #count = 0

  write(dice: Dice, queue: LetterFor, hashOf: (body: string) => string): Letter {
    const token = `Tok${++this.#count}`
    const body = bodyOf(token, this.#bytes(dice))
    const priority = !queue.fifo && dice.chance(queue.prioritized) ? dice.pick(PRIORITIES) : undefined
    const attributes: Record<string, string> = {}
    if (priority !== undefined) attributes['pabal.priority'] = String(priority)
    if (dice.chance(0.1)) attributes['trace.id'] = `<${token}> & "more"`
    const byContent = queue.fifo && queue.contentDedup && dice.chance(0.5)
    return {
      token,
      body,
      attributes,
      group: queue.fifo ? dice.pick(GROUPS) : dice.pick(TENANTS),
      dedupId: byContent ? hashOf(body) : queue.fifo ? token : undefined,
      byContent,
      delaySeconds: !queue.fifo && dice.chance(0.1) ? dice.between(0, 20) : undefined,
      priority,
    }
  }

  #bytes(dice: Dice): number {
    const kind = dice.next()
    if (kind < 0.8) return dice.between(10, 400)
    return kind < 0.98 ? dice.between(1000, 6000) : dice.between(20_000, 40_000)
  }
}

function bodyOf(token: string, bytes: number): string {
  const filling = FILLING.repeat(Math.ceil(bytes / FILLING.length))
  // A surrogate pair must not be cut in two.
  return `<${token}>${filling.slice(0, bytes).toWellFormed()}`
}
