/** The simulator's checks can fail: each deliberate defect, planted alone, is found within a few seeds. */

import { notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defects } from './defects.ts'
import { search } from './search.ts'

const SEEDS_MAX = 60
const STEPS = 3000

describe('the simulator finds a broker that', () => {
  for (const defect of Object.keys(defects)) {
    it(defect, async (test) => {
      const report = await search({ defect, seedsMax: SEEDS_MAX, steps: STEPS })
      notEqual(report, undefined, `${SEEDS_MAX} seeds did not show it`)
      test.diagnostic(`seed ${report?.seed}: ${report?.violation?.split('\n')[0]}`)
    })
  }
})
