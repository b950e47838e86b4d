/**
 * One line of the results: what was measured, beside what, the ratio of the two round by round, and the target where
 * there is one. A benchmark prints its rows, and leaves them for bench/all.ts where that asks for them.
 */

import { writeFileSync } from 'node:fs'
import type { Comparison, Missing, Result } from './contestant.ts'
import { rowsFile } from './settings.ts'
import { median, type Summary, summary } from './statistics.ts'

export const PABAL = 'Pabal'

export interface Row {
  readonly what: string
  /** With its unit. */
  readonly ours: string
  readonly beside: string
  readonly ratio?: Summary
  /** How many operations the CPU time of the other's one would have paid for, where that was measured. */
  readonly ratioByCpu?: number
  readonly target?: Target
  readonly met?: boolean
  readonly note?: string
}

export interface Target {
  readonly text: string
  readonly min?: number
  readonly max?: number
}

export interface Party {
  readonly name: string
  readonly version: string
  readonly durability: string
  readonly note?: string | undefined
}

export interface Sheet {
  readonly title: string
  readonly rows: readonly Row[]
  readonly parties: readonly Party[]
  readonly missing: readonly Missing[]
}

export function atLeast(min: number): Target {
  return { text: `≥ ${min} ×`, min }
}

export function atMost(max: number, unit: string): Target {
  return { text: `≤ ${max.toLocaleString('en')} ${unit}`, max }
}

export function meets(value: number, { min, max }: Target): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max)
}

/** A row whose ratio is that of two values a round; the target is about its median. */
export function ratioRow(
  row: Omit<Row, 'ratio' | 'met'>,
  ours: readonly number[],
  beside: readonly number[],
): Row {
  const ratio = summary(ours.map((value, round) => value / beside[round]!))
  return row.target === undefined
    ? { ...row, ratio }
    : { ...row, ratio, met: meets(ratio.median, row.target) }
}

/** A row for each of the others, beside the first. */
export function rowsBeside(
  what: string,
  { results }: Comparison,
  target: (name: string) => Target | undefined,
): readonly Row[] {
  const [first, ...others] = results
  return others.map((other) => {
    const bound = target(other.name)
    const row = {
      what,
      ours: rateText(first!),
      beside: `${other.name}: ${rateText(other)}`,
      ...(bound === undefined ? {} : { target: bound }),
      ...(other.note === undefined ? {} : { note: other.note }),
    }
    return {
      ...ratioRow(row, first!.rates, other.rates),
      ratioByCpu: median(other.costs) / median(first!.costs),
    }
  })
}

export function rateText({ rates, costs, busy, clientBusy }: Result): string {
  const { lowest, highest } = summary(rates)
  return `${count(median(rates))}/s (${count(lowest)}–${count(highest)}), ${rough(median(costs))} µs CPU each, core ${percent(busy)}, client ${percent(clientBusy)}`
}

function percent(shares: readonly number[]): string {
  return `${Math.round(median(shares) * 100)}%`
}

/** Three digits that count. */
function rough(value: number): string {
  return value >= 100 ? count(value) : value.toPrecision(3)
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** Prints what was found, and writes it where bench/all.ts wants it. */
export function finish(sheet: Sheet): void {
  console.log(sheetText(sheet))
  if (rowsFile !== undefined) writeFileSync(rowsFile, JSON.stringify(sheet))
}

export function sheetText({ title, rows, missing }: Sheet): string {
  const lines = [
    `### ${title}`,
    '',
    '| what | Pabal | beside it | ratio (spread) | by CPU time | target | met |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(rowText),
    ...missing.map(({ name, reason }) => `| ${name} |  | not measured: ${reason} |  |  |  |  |`),
  ]
  return `${lines.join('\n')}\n`
}

function rowText({ what, ours, beside, ratio, ratioByCpu, target, met, note }: Row): string {
  const ratioText =
    ratio === undefined
      ? ''
      : `**${ratio.median.toFixed(2)} ×** (${ratio.lowest.toFixed(2)}–${ratio.highest.toFixed(2)})`
  const verdict = met === undefined ? '' : met ? 'yes' : '**no**'
  const besideText = note === undefined ? beside : `${beside} (${note})`
  return `| ${what} | ${ours} | ${besideText} | ${ratioText} | ${ratioByCpu === undefined ? '' : `${ratioByCpu.toFixed(2)} ×`} | ${target?.text ?? ''} | ${verdict} |`
}

export function parties({ results }: Comparison): readonly Party[] {
  return results.map(({ name, version, durability, note }) => ({ name, version, durability, note }))
}
