/**
 * `npm run crash`: the real broker on the real disk, and everything done to it that a machine does.
 *
 *     npm run crash                        every scene, 200 kills
 *     npm run crash -- --kills 1000        more of them
 *     npm run crash -- --scene kills --seed 7
 *
 * Prints a line per scene and every start-up time's median, 95th percentile and maximum; ends with 1 if any check
 * failed, and keeps the data directory of a scene that failed.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Dice } from '../../sim/dice.ts'
import { clockBack } from './clock-back.ts'
import { flood } from './flood.ts'
import { frozen } from './frozen.ts'
import { onExt4, onTmpfs } from './full-disk.ts'
import { handlesExhausted } from './handles.ts'
import { kill } from './kills.ts'
import type { Scene } from './scene.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    scene: { type: 'string' },
  },
})

const kills: Scene = async ({ directory, print }) => {
  const dice = new Dice(Number(values.seed))
  const report = await kill({ kills: Number(values.kills), directory, dice, progress: print })
  const { counts, violations } = report.ledger
  print(
    `${report.kills} kills (${report.killedStarting} while starting, seed ${values.seed}), ${report.drains} times every message compared`,
  )
  print(
    `${counts.acknowledged} sends acknowledged, ${counts.deleted} deletes, ${counts.uncertain} sends unanswered and absent`,
  )
  return { startMs: report.startMs, violations }
}

const SCENES: Readonly<Record<string, Scene>> = {
  kills,
  'full disk (tmpfs)': onTmpfs,
  'full disk (ext4)': onExt4,
  'handles exhausted': handlesExhausted,
  'frozen process': frozen,
  'clock set back': clockBack,
  'flood of large messages': flood,
}

let failed = 0
for (const [name, scene] of Object.entries(SCENES)) {
  if (values.scene !== undefined && !name.startsWith(values.scene)) continue
  failed += (await play(name, scene)) ? 0 : 1
}
console.log(failed === 0 ? 'crash lab: every check held' : `crash lab: ${failed} scenes FAILED`)
process.exitCode = failed === 0 ? 0 : 1

async function play(name: string, scene: Scene): Promise<boolean> {
  console.log(`== ${name}`)
  const directory = mkdtempSync(join(tmpdir(), 'pabal-crash-'))
  const { violations, startMs, skipped } = await scene({
    directory,
    print: (line) => console.log(`   ${line}`),
  })
  if (skipped !== undefined) console.log(`   skipped: ${skipped}`)
  if (startMs.length > 0) console.log(`   ${startMs.length} starts: ${spread(startMs)}`)
  for (const violation of violations.slice(0, 20)) console.log(`   VIOLATION ${violation}`)
  if (violations.length === 0) rmSync(directory, { recursive: true, force: true })
  else console.log(`   ${violations.length} violations; the data directory is kept: ${directory}`)
  return violations.length === 0
}

function spread(startMs: readonly number[]): string {
  const sorted = [...startMs].sort((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!)
  return `median ${at(0.5)} ms, 95 % within ${at(0.95)} ms, longest ${at(1)} ms`
}
