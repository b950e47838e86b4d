/** Every input that ever mattered, run again. */

import { after, describe, test } from 'node:test'
import { readCorpus } from './corpus.ts'
import { TARGETS } from './targets.ts'

describe('the fuzzing corpus', () => {
  for (const target of TARGETS) {
    after(() => target.close?.())
    test(`${target.name}: no input breaks it`, async () => {
      for (const input of [...(await target.seeds()), ...(await readCorpus(target.name))])
        await target.run(input)
    })
  }
})
