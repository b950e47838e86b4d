/**
 * `npm run bench`: every benchmark, one after another, each in a process of its own, and what they found as a dated
 * table in bench/RESULTS.md. `--quick` for a look; names of benchmarks run only those and leave the file alone.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { scratch } from './measure/child.ts'
import { type Party, type Sheet, sheetText } from './measure/row.ts'
import { git, machine } from './measure/versions.ts'

/** In the order of the table: what the targets are about first. */
const BENCHMARKS = [
  'sends',
  'lifecycles',
  'batches',
  'in-process',
  'latency',
  'flat',
  'waiting',
  'idle',
  'sdk',
  'machine',
  'http',
  'log',
  'sweep',
]
const RESULTS = join(import.meta.dirname, 'RESULTS.md')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const names = positionals.length > 0 ? positionals : BENCHMARKS
const startedAt = new Date()
/** What others did with the machine before we began. */
const [busyBefore = 0] = loadavg()
const sheets: Sheet[] = []
const failed: string[] = []

using folder = scratch()
for (const name of names) {
  const sheet = await run(name)
  if (sheet === undefined) failed.push(name)
  else sheets.push(sheet)
}
if (positionals.length === 0) writeFileSync(RESULTS, page())
if (failed.length > 0) {
  console.error(`These failed: ${failed.join(', ')}.`)
  process.exitCode = 1
}

async function run(name: string): Promise<Sheet | undefined> {
  const rows = join(folder.path, `${name}.json`)
  const args = [join(import.meta.dirname, `${name}.ts`), '--rows', rows, ...(values.quick ? ['--quick'] : [])]
  const child = spawn(process.execPath, args, { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code === 0 ? (JSON.parse(readFileSync(rows, 'utf8')) as Sheet) : undefined
}

function page(): string {
  const rows = sheets.flatMap(({ rows }) => rows)
  const aimed = rows.filter(({ met }) => met !== undefined)
  const missed = aimed.filter(({ met }) => met === false)
  return [
    '# Results',
    '',
    `${startedAt.toISOString().slice(0, 16).replace('T', ' ')} UTC, commit ${git()}, ${values.quick ? 'a quick run: short rounds, few of them' : 'a full run'}.`,
    `${machine()}. Load average when it began: ${busyBefore.toFixed(1)}${busyBefore > 1 ? ' (a busy machine: read the CPU times, not the rates)' : ''}.`,
    '',
    'Bodies of 200 bytes. Rates are medians of interleaved rounds, with the lowest and the highest; a ratio is that of the',
    'two in the same round. *Core* and *client* say how much of its core the broker and the client used: a client near 100%',
    'was the limit. *By CPU time* compares what an operation costs the two brokers, whoever was the limit. Made by',
    '`npm run bench`.',
    '',
    `Targets met: ${aimed.length - missed.length} of ${aimed.length}.`,
    ...missed.map(
      ({ what, ours, beside, target }) =>
        `- missed: ${what}: ${ours}; beside it ${beside}; target ${target!.text}`,
    ),
    ...failed.map((name) => `- not measured: \`bench/${name}.ts\` failed`),
    '',
    ...sheets.map(sheetText),
    '![The curves](sweep.svg)',
    '',
    '## Who was measured',
    '',
    '| name | version | an answered send is |',
    '| --- | --- | --- |',
    ...everybody().map(({ name, version, durability }) => `| ${name} | ${version} | ${durability} |`),
    '',
  ].join('\n')
}

function everybody(): readonly Party[] {
  const byName = new Map(sheets.flatMap(({ parties }) => parties).map((party) => [party.name, party]))
  return [...byName.values()]
}
