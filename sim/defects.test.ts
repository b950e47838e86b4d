/**
 * The simulator's checks can fail: each deliberate defect, planted alone, is found within a few seeds. All are looked for
 * before the first test begins, because within one node:test follows every promise, which makes this a third slower.
 */

import { notEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defects } from './defects.ts'
import type { Report } from './run.ts'
import { search } from './search.ts'

const SEEDS_MAX = 60
const STEPS = 3000

const found = new Map<string, PromiseSettledResult<Report | undefined>>()
for (const defect of Object.keys(defects)) {
  const [result] = await Promise.allSettled([search({ defect, seedsMax: SEEDS_MAX, steps: STEPS })])
  found.set(defect, result)
}

describe('the simulator finds a broker that', () => {
  for (const [defect, result] of found) {
    it(defect, (test) => {
      if (result.status === 'rejected') throw result.reason
      const { value: report } = result
      notEqual(report, undefined, `${SEEDS_MAX} seeds did not show it`)
      test.diagnostic(`seed ${report?.seed}: ${report?.violation?.split('\n')[0]}`)
    })
  }
})
