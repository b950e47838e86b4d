/**
 * `npm run sim`: runs the broker in virtual time with everything going wrong, and says what it found.
 *
 *     npm run sim -- --seed 42              one run; a seed is a bug report
 *     npm run sim -- --seeds 100            many, from a random seed on
 *     npm run sim -- --seed 42 --trace      every line of what happened
 *     npm run sim -- --kafka                several brokers on one partition of Kafka
 *     npm run sim -- --shards               several shards, and messages that cross between them
 *     npm run sim -- --defects              plants each deliberate defect and looks for it
 *     npm run sim -- --defects --seeds 40   from seed 1 on, for the seed that shows it soonest
 */

import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { defects } from './defects.ts'
import { runOnKafka } from './kafka/run.ts'
import { type Report, run } from './run.ts'
import { search, soonest } from './search.ts'
import { runOnShards } from './shards/run.ts'

const STEPS = 20_000
const SEEDS_PER_DEFECT = 50
const STEPS_PER_DEFECT = 3000

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1' },
    steps: { type: 'string', default: String(STEPS) },
    defect: { type: 'string' },
    defects: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
    shards: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
  },
})

process.exitCode = (await (values.defects ? findDefects() : runSeeds())) ? 0 : 1

function chosenRun(): typeof run {
  if (values.shards) return runOnShards
  return values.kafka ? runOnKafka : run
}

async function runSeeds(): Promise<boolean> {
  const first = values.seed === undefined ? randomInt(1, 1_000_000_000) : Number(values.seed)
  const runner = chosenRun()
  const startedAt = performance.now()
  const counts = new Map<string, number>()
  let steps = 0
  let failed = 0
  for (let seed = first; seed < first + Number(values.seeds); seed += 1) {
    const defect = values.defect === undefined ? {} : { defect: values.defect }
    const report = await runner({
      seed,
      steps: Number(values.steps),
      print: values.trace,
      ...defect,
    })
    steps += report.steps
    for (const [name, count] of [...report.mishaps, ...report.events]) {
      counts.set(name, (counts.get(name) ?? 0) + count)
    }
    if (report.violation !== undefined) failed += 1
    print(report)
  }
  console.log([...counts].map(([name, count]) => `${name} ${count}`).join(', '))
  const seconds = (performance.now() - startedAt) / 1000
  const speed = Math.round(steps / seconds)
  console.log(`${steps} steps in ${seconds.toFixed(1)} s, ${speed} a second; ${failed} failed`)
  return failed === 0
}

function print(report: Report): void {
  const { seed, steps, hash, records, starts, recoveries, virtualMs, violation } = report
  const minutes = Math.round(virtualMs / 60_000)
  console.log(
    `seed ${seed}: ${steps} steps, ${minutes} min, ${records} records, ${starts} starts, ${recoveries} recoveries, hash ${hash}`,
  )
  if (violation === undefined) return
  console.log(`VIOLATION with seed ${seed}: ${violation}`)
  for (const line of report.tail) console.log(`    ${line}`)
}

async function findDefects(): Promise<boolean> {
  const many = Number(values.seeds)
  let found = 0
  for (const defect of Object.keys(defects)) {
    const wanted = { defect, steps: STEPS_PER_DEFECT }
    const report =
      many > 1
        ? await soonest({ ...wanted, seedsMax: many })
        : await search({ ...wanted, seedsMax: SEEDS_PER_DEFECT })
    if (report !== undefined) found += 1
    const what = report && `seed ${report.seed}, step ${report.steps}: ${report.violation}`
    console.log(`${defect}: ${what ?? 'NOT FOUND'}`)
  }
  console.log(`${found} of ${Object.keys(defects).length} found`)
  return found === Object.keys(defects).length
}
