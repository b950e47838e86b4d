/** Looks for a planted defect: how many seeds it takes until a run fails. */

import { defects } from './defects.ts'
import { type Report, run } from './run.ts'

export interface Search {
  readonly defect: string
  readonly seedsMax: number
  /** Of each run's safety phase. */
  readonly steps: number
}

/** The run that failed; undefined where none did. */
export async function search({ defect, seedsMax, steps }: Search): Promise<Report | undefined> {
  const first = defects[defect]?.seed ?? 1
  for (let seed = first; seed < first + seedsMax; seed += 1) {
    const report = await run({ seed, steps, defect })
    if (report.violation !== undefined) return report
  }
  return undefined
}
