/** A handful of what `npm run crash` does at length. Needs `npm run build` before. */

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Dice } from '../../sim/dice.ts'
import { handlesExhausted } from './handles.ts'
import { kill } from './kills.ts'

const SEED = Date.now() % 1_000_000

test('killed under load, the broker loses nothing that it acknowledged', async (t) => {
  await inDirectory(async (directory) => {
    t.diagnostic(`seed ${SEED}`)
    const report = await kill({ kills: 6, directory, dice: new Dice(SEED), progress: () => {} })
    assert.deepEqual(report.ledger.violations, [])
    assert.ok(report.ledger.counts.acknowledged > 0)
  })
})

test('without a free file handle the broker lives on, and recovers', async () => {
  await inDirectory(async (directory) => {
    const { violations } = await handlesExhausted({ directory, print: () => {} })
    assert.deepEqual(violations, [])
  })
})

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pabal-crash-'))
  try {
    await run(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
