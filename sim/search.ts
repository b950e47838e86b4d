/** Looks for a planted defect: how many seeds it takes until a run fails. */

import { defects } from './defects.ts'
import { runOnKafka } from './kafka/run.ts'
import { type Report, run as runOnDisk } from './run.ts'
import { runOnShards } from './shards/run.ts'

export interface Search {
  readonly defect: string
  readonly seedsMax: number
  /** Of each run's safety phase. */
  readonly steps: number
}

function runnerOf(defect: string): typeof runOnDisk {
  if (defects[defect]?.betweenShards === true) return runOnShards
  return defects[defect]?.onKafka === true ? runOnKafka : runOnDisk
}

/** The run that failed; undefined where none did. */
export async function search({ defect, seedsMax, steps }: Search): Promise<Report | undefined> {
  const { seed: first = 1, steps: enough = steps } = defects[defect]!
  const run = runnerOf(defect)
  for (let seed = first; seed < first + seedsMax; seed += 1) {
    const report = await run({ seed, steps: enough, defect })
    if (report.violation !== undefined) return report
  }
  return undefined
}

/** From seed 1 on, the run that failed after the fewest steps: where {@link search} had better begin. */
export async function soonest({ defect, seedsMax, steps }: Search): Promise<Report | undefined> {
  let best: Report | undefined
  const run = runnerOf(defect)
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const enough = defects[defect]?.steps ?? Math.min(steps, best?.steps ?? steps)
    const report = await run({ seed, steps: enough, defect })
    if (report.violation !== undefined && report.steps < (best?.steps ?? Infinity)) best = report
  }
  return best
}
