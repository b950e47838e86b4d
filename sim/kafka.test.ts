/** Several brokers on one modelled partition of Kafka, each of which may believe that the shard is its own. */

import { equal } from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { describe, it } from 'node:test'
import { runOnKafka } from './kafka/run.ts'

const FRESH_SEEDS = 2
const STEPS = 1200

describe('the simulator of several owners', () => {
  it('runs the same seed twice in the same way, to the byte', async () => {
    const [first, second] = [
      await runOnKafka({ seed: 3, steps: 400 }),
      await runOnKafka({ seed: 3, steps: 400 }),
    ]
    equal(first.hash, second.hash)
    equal(first.steps, second.steps)
  })

  it('finds nothing with fresh seeds', async (test) => {
    for (let count = 0; count < FRESH_SEEDS; count += 1) {
      const seed = randomInt(1, 1_000_000_000)
      test.diagnostic(`npm run sim -- --kafka --seed ${seed} --steps ${STEPS}`)
      const { violation, tail } = await runOnKafka({ seed, steps: STEPS })
      equal(violation, undefined, `${violation}\n${tail.join('\n')}`)
    }
  })
})
