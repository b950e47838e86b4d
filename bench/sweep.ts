/**
 * What is not flat? Lifecycles in batches over HTTP while one thing at a time grows over three decades: backlog,
 * queues, FIFO groups, tenants, body size, connections; and the batch over the one decade that SQS has. Prints the
 * broker's CPU time and the rate of each point, and draws the curves into bench/sweep.svg.
 */

import { writeFileSync } from 'node:fs'
import type { SqsSettings } from './client/sqs-client.ts'
import { type Curve, drawing } from './measure/chart.ts'
import { compare, type Result } from './measure/contestant.ts'
import { count, finish, type Party, parties, type Row } from './measure/row.ts'
import { quick, roundMs, rounds, wanted } from './measure/settings.ts'
import { median } from './measure/statistics.ts'
import { machine } from './measure/versions.ts'
import { pabal } from './peers/pabal.ts'

interface Dimension {
  readonly name: string
  readonly points: readonly number[]
  readonly shape: (point: number) => Omit<SqsSettings, 'port'>
}

/** So many groups have so many messages: each round finds some of every group waiting. */
const SPREAD_OVER = quick ? 10_000 : 100_000
const DECADES = [1, 10, 100, 1000]
const times = (factor: number): readonly number[] => DECADES.map((decade) => decade * factor)

const DIMENSIONS: readonly Dimension[] = [
  { name: 'backlog', points: times(quick ? 100 : 1000), shape: (backlog) => ({ backlog }) },
  { name: 'queues', points: times(quick ? 1 : 10), shape: (queues) => ({ queues }) },
  {
    name: 'FIFO groups',
    points: times(SPREAD_OVER / 1000),
    shape: (groups) => ({ queue: { name: 'bench.fifo', groups }, backlog: SPREAD_OVER }),
  },
  {
    name: 'tenants of a standard queue',
    points: times(SPREAD_OVER / 1000),
    shape: (groups) => ({ queue: { groups }, backlog: SPREAD_OVER }),
  },
  { name: 'bytes of a body', points: times(100), shape: (bodyBytes) => ({ queue: { bodyBytes } }) },
  { name: 'messages of a batch', points: [1, 2, 5, 10], shape: (batch) => ({ queue: { batch } }) },
  { name: 'connections', points: DECADES, shape: (connections) => ({ connections }) },
]

const PICTURE = new URL('./sweep.svg', import.meta.url)
const plan = { load: 'batches', rounds: Math.min(rounds, 3), roundMs: roundMs / 2, quick } as const

const rows: Row[] = []
const curves: Curve[] = []
let found: readonly Party[] = []
for (const dimension of DIMENSIONS.filter(({ name }) => wanted(name))) {
  const { results } = await compare(
    dimension.points.map((point) => pabal(dimension.shape(point))),
    plan,
  )
  rows.push(
    ...dimension.points.map((point, index) => pointRow(dimension.name, point, results[index]!, results[0]!)),
  )
  curves.push({
    name: dimension.name,
    points: dimension.points.map((x, index) => ({ x, y: costOf(results[index]!) })),
  })
  found = [{ ...parties({ results, missing: [] })[0]!, name: 'Pabal' }]
}
writeFileSync(
  PICTURE,
  drawing('Microseconds of broker CPU for a lifecycle, in batches, over HTTP', machine(), curves),
)
finish({ title: 'What grows', rows, parties: found, missing: [] })

function pointRow(name: string, point: number, result: Result, first: Result): Row {
  return {
    what: `${name}: ${count(point)}`,
    ours: `${count(median(result.rates))}/s, ${costOf(result).toFixed(1)} µs CPU each`,
    beside: result === first ? '' : `the first of these: ${costOf(first).toFixed(1)} µs`,
    ...(result === first ? {} : { ratioByCpu: costOf(first) / costOf(result) }),
  }
}

function costOf(result: Result): number {
  return median(result.costs)
}
