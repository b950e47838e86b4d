/** The simulator itself, a few fresh seeds, and every seed that ever failed. */

import { equal } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type Report, run } from './run.ts'

const FRESH_SEEDS = 2
const STEPS = 1200

function holds(report: Report): void {
  equal(report.violation, undefined, `${report.violation}\n${report.tail.join('\n')}`)
}

/** Lines of `seed steps # what it found`. */
function regressions(): readonly { seed: number; steps: number; found: string }[] {
  const lines = readFileSync(new URL('regressions.txt', import.meta.url), 'utf8').split('\n')
  return lines
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [numbers, found] = line.split('#')
      const [seed, steps] = numbers!.trim().split(/\s+/).map(Number)
      return { seed: seed!, steps: steps!, found: found!.trim() }
    })
}

describe('the simulator', () => {
  it('runs the same seed twice in the same way, to the byte', async () => {
    const [first, second] = [await run({ seed: 7, steps: 700 }), await run({ seed: 7, steps: 700 })]
    equal(first.hash, second.hash)
    equal(first.steps, second.steps)
  })

  it('finds nothing with fresh seeds', async (test) => {
    for (let count = 0; count < FRESH_SEEDS; count += 1) {
      const seed = randomInt(1, 1_000_000_000)
      test.diagnostic(`npm run sim -- --seed ${seed} --steps ${STEPS}`)
      holds(await run({ seed, steps: STEPS }))
    }
  })

  for (const { seed, steps, found } of regressions()) {
    it(`finds nothing any more with seed ${seed}: ${found}`, async () => {
      holds(await run({ seed, steps }))
    })
  }
})
