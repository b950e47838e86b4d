/**
 * Transcripts as text: what is done, a line of dashes, what must come of it.
 *
 *     # The title of a scenario, which begins with an empty broker at 0s
 *     // a remark
 *     queue orders.fifo visibility=30s
 *     at 0s  send group=a "1"
 *     at 1s  receive max=10
 *     ----
 *     delivered "1" until=31s
 *
 * A scenario has as many of these blocks as it likes, with blank lines between; state and time go on.
 */

import { ok } from 'node:assert/strict'

/** One thing done: a verb, its options, and its texts in quotes. */
export interface Step {
  readonly line: number
  readonly text: string
  /** As written after `at`; undefined: when the step before was. */
  readonly at: string | undefined
  readonly verb: string
  /** Words without a value. */
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string>>
  readonly bodies: readonly Body[]
}

export interface Body {
  readonly text: string
  /** `"1"#2`: the second receive of it. */
  readonly receive: number | undefined
  /** Options that stand behind it and before the next one. */
  readonly options: Readonly<Record<string, string>>
}

export interface Block {
  readonly steps: readonly Step[]
  readonly expected: readonly string[]
}

export interface Scenario {
  readonly title: string
  readonly blocks: readonly Block[]
}

const TOKEN = /"([^"]*)"(?:#(\d+))?|([\w:.-]+)=(?:"([^"]*)"|'([^']*)'|(\S+))|(\S+)/g

export function parseTranscript(text: string): readonly Scenario[] {
  const scenarios: { title: string; blocks: { steps: Step[]; expected: string[] }[] }[] = []
  let block: { steps: Step[]; expected: string[] } | undefined
  let answering = false
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line.startsWith('//')) continue
    if (line === '' || line.startsWith('# ')) {
      ok(block === undefined || answering, `line ${index + 1}: a block without its ----`)
      block = undefined
      answering = false
      if (line !== '') scenarios.push({ title: line.slice(2), blocks: [] })
      continue
    }
    if (line === '----') {
      answering = true
      continue
    }
    if (block === undefined) {
      block = { steps: [], expected: [] }
      scenarios.at(-1)!.blocks.push(block)
    }
    if (answering) block.expected.push(line)
    else block.steps.push(parseStep(line, index + 1))
  }
  return scenarios
}

function parseStep(text: string, line: number): Step {
  const words: string[] = []
  const options: Record<string, string> = {}
  const bodies: { text: string; receive: number | undefined; options: Record<string, string> }[] = []
  for (const [, body, receive, key, quoted, single, bare, word] of text.matchAll(TOKEN)) {
    const latest = bodies.at(-1)
    if (body !== undefined) {
      bodies.push({ text: body, receive: receive === undefined ? undefined : Number(receive), options: {} })
    } else if (word !== undefined) words.push(word)
    else (latest?.options ?? options)[key!] = quoted ?? single ?? bare!
  }
  const at = words[0] === 'at' ? words.splice(0, 2)[1] : undefined
  return { line, text, at, verb: words.shift() ?? '', words, options, bodies }
}
