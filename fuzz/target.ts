/**
 * Something that is fed with bytes and must live with whatever they are. `run` throws, or never ends, when it does
 * not: that is a finding.
 */

export interface Target {
  readonly name: string
  /** Inputs that are taken seriously, to begin with. */
  readonly seeds: () => readonly Buffer[] | Promise<readonly Buffer[]>
  /** Words of its language, for the mutations. */
  readonly words: readonly string[]
  readonly run: (input: Buffer) => void | Promise<void>
  readonly close?: () => Promise<void>
}

export class Finding extends Error {
  override readonly name = 'Finding'
}

export function must(holds: boolean, sentence: string): void {
  if (!holds) throw new Finding(sentence)
}
