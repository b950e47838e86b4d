/** How long and how often: `--quick` for a look, nothing for numbers to publish. `--rounds` and `--ms` override. */

import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    ms: { type: 'string' },
    /** Of those that a benchmark compares, only these (a part of a name, several times). */
    only: { type: 'string', multiple: true, default: [] },
    /** Where the rows go as JSON, for bench/all.ts. */
    rows: { type: 'string' },
  },
})

export const quick = values.quick
export const rounds = Number(values.rounds ?? (quick ? 3 : 5))
export const roundMs = Number(values.ms ?? (quick ? 700 : 2000))
export const rowsFile = values.rows
/** How many messages wait where a million are asked for. */
export const waiting = quick ? 100_000 : 1_000_000

export function wanted(name: string): boolean {
  return (
    values.only.length === 0 || values.only.some((part) => name.toLowerCase().includes(part.toLowerCase()))
  )
}
