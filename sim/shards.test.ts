/** Several brokers that hold several shards, between which messages cross, and who take over from each other. */

import { equal } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, it } from 'node:test'
import { runOnShards } from './shards/run.ts'

const FRESH_SEEDS = 2
const STEPS = 1200

describe('the simulator of several shards', () => {
  it('runs the same seed twice in the same way, to the byte', async () => {
    const [first, second] = [
      await runOnShards({ seed: 5, steps: 400 }),
      await runOnShards({ seed: 5, steps: 400 }),
    ]
    equal(first.hash, second.hash)
    equal(first.steps, second.steps)
  })

  it('finds nothing with fresh seeds', async (test) => {
    for (let count = 0; count < FRESH_SEEDS; count += 1) {
      const seed = randomInt(1, 1_000_000_000)
      test.diagnostic(`npm run sim -- --shards --seed ${seed} --steps ${STEPS}`)
      const { violation, tail } = await runOnShards({ seed, steps: STEPS })
      equal(violation, undefined, `${violation}\n${tail.join('\n')}`)
    }
  })
})
