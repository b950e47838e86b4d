/**
 * `npm run fuzz`: feeds everything that reads foreign bytes with what nobody would send.
 *
 *     npm run fuzz -- --seconds 60             every target for a minute
 *     npm run fuzz -- --seconds 600 json       one of them
 *     npm run fuzz -- --keep                   adds what reached new code to the corpus
 *
 * A finding (an error that is no answer, or five seconds without end) is written to the corpus, printed, and makes the
 * exit code 1.
 */

import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { keep } from './corpus.ts'
import { TARGETS } from './targets.ts'
import { Watched } from './watched.ts'

const HANG_MS = 5000
const KEPT_BYTES_MAX = 4096

interface Outcome {
  readonly report?: { readonly runs: number; readonly blocks: number; readonly found: readonly Uint8Array[] }
  readonly finding?: string
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    keep: { type: 'boolean', default: false },
  },
})

const names = TARGETS.map(({ name }) => name).filter(
  (name) => positionals.length === 0 || positionals.includes(name),
)
for (const name of names) if (!(await fuzz(name))) process.exitCode = 1

async function fuzz(name: string): Promise<boolean> {
  const shared = new SharedArrayBuffer(Watched.bytes)
  const { report, finding } = await outcomeOf(name, shared)
  if (report === undefined) {
    const path = await keep(name, new Watched(shared).input)
    console.log(`${name}: FOUND (seed ${values.seed}), kept as ${path}\n${finding}`)
    return false
  }
  const { runs, blocks, found } = report
  console.log(
    `${name}: ${runs} inputs in ${values.seconds} s, ${blocks} blocks covered, ${found.length} inputs reached new ones`,
  )
  if (values.keep) for (const input of found) if (input.length <= KEPT_BYTES_MAX) await keep(name, input)
  return true
}

function outcomeOf(target: string, shared: SharedArrayBuffer): Promise<Outcome> {
  const orders = { target, seconds: Number(values.seconds), seed: Number(values.seed), shared }
  const worker = new Worker(new URL('./fuzzer.ts', import.meta.url), { workerData: orders })
  return new Promise((resolve) => {
    let runs = -1
    const watched = new Watched(shared)
    const watch = setInterval(() => {
      if (watched.runs === runs) done({ finding: `no end after ${HANG_MS} ms` })
      runs = watched.runs
    }, HANG_MS)
    const done = (outcome: Outcome): void => {
      clearInterval(watch)
      void worker.terminate()
      resolve(outcome)
    }
    worker.on('message', done)
    worker.on('error', (error) => done({ finding: error.stack ?? String(error) }))
  })
}
