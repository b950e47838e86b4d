/**
 * `npm run sim`: runs the broker in virtual time with everything going wrong, and says what it found.
 *
 *     npm run sim -- --seed 42              one run; a seed is a bug report
 *     npm run sim -- --seeds 100            many, from a random seed on
 *     npm run sim -- --seed 42 --trace      every line of what happened
 */

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { type Report, run } from './run.ts'

const STEPS = 20_000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: String(STEPS) },
    defect: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
})

const first = values.seed === undefined ? randomInt(1, 1_000_000_000) : Number(values.seed)
const startedAt = performance.now()
let steps = 0
let failed = 0
for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
  const defect = values.defect === undefined ? {} : { defect: values.defect }
  const report = await run({ seed, steps: Number(values.steps), print: values.trace, ...defect })
  steps += report.steps
  if (report.violation !== undefined) failed += 1
  print(report)
}
const seconds = (performance.now() - startedAt) / 1000
console.log(
  `${steps} steps in ${seconds.toFixed(1)} s, ${Math.round(steps / seconds)} a second; ${failed} failed`,
)
process.exitCode = failed > 0 ? 1 : 0

function print(report: Report): void {
  const { seed, hash, records, starts, rebuilt, virtualMs, violation } = report
  const minutes = Math.round(virtualMs / 60_000)
  console.log(
    `seed ${seed}: ${report.steps} steps, ${minutes} min, ${records} records, ${starts} starts, ${rebuilt} rebuilt, hash ${hash}`,
  )
  if (violation === undefined) return
  console.log(`VIOLATION with seed ${seed}: ${violation}`)
  for (const line of report.tail) console.log(`    ${line}`)
}
