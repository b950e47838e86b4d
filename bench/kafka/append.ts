/**
 * How fast does the log on Kafka append, and what does it cost to wait for the disk? A flush after every batch, one in
 * flight as a shard does it, on a topic as Pabal makes it and, in turns, on one with `flush.messages=1`; beside them a
 * bare append of the same bytes without a log, and the log in files. Prints ratios.
 *
 *     node bench/kafka/append.ts [--nodes 3] [--rounds 5]
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openFileLog } from '../../broker/src/log/file-log.ts'
import { type Kafka, openKafka } from '../../broker/src/log/kafka/kafka.ts'
import { openKafkaLog } from '../../broker/src/log/kafka/kafka-log.ts'
import { batchOf } from '../../broker/src/log/kafka/record-batch.ts'
import { createTopic, LOG_SETTINGS } from '../../broker/src/log/kafka/topic-settings.ts'
import type { Log } from '../../broker/src/log/log.ts'
import { systemClock } from '../../broker/src/runtime/clock.ts'
import { systemDisk } from '../../broker/src/runtime/disk.ts'
import { startKafka } from '../../broker/test/kafka/real-kafka.ts'

const ROUND_MS = 1500
const SHAPES = [
  { name: '1 KiB', records: 1, bytes: 1024 },
  { name: '64 × 1 KiB', records: 64, bytes: 1024 },
  { name: '250 × 1 KiB', records: 250, bytes: 1024 },
  { name: '1000 × 64 B', records: 1000, bytes: 64 },
  { name: '64 KiB', records: 1, bytes: 65_536 },
] as const

type Shape = (typeof SHAPES)[number]

interface Contestant {
  readonly name: string
  readonly flush: (shape: Shape) => Promise<unknown>
}

interface Tally {
  flushes: number
  ms: number
  cpuMs: number
  readonly latencies: number[]
}

const { values } = parseArgs({
  options: { nodes: { type: 'string', default: '1' }, rounds: { type: 'string', default: '5' } },
})
const nodes = values.nodes === '3' ? 3 : 1
const rounds = Number(values.rounds)

const server = await startKafka({ nodes })
const kafka = await openKafka({ bootstrap: server.bootstrap, clock: systemClock() })
const directory = await mkdtemp(join(tmpdir(), 'pabal-bench-'))
try {
  const contestants = [
    byLog('on Kafka', await logOn(kafka, 'in-memory', {})),
    byLog('on Kafka, flush.messages=1', await logOn(kafka, 'on-disk', { 'flush.messages': '1' })),
    await bare(kafka),
    byLog('in files', await openFileLog({ directory, disk: systemDisk })),
  ]
  for (const shape of SHAPES) await compare(shape, contestants)
} finally {
  await kafka.close()
  await server.stop()
  await rm(directory, { recursive: true, force: true })
}

async function logOn(client: Kafka, topic: string, more: Readonly<Record<string, string>>): Promise<Log> {
  await createTopic(client, topic, 1, { ...LOG_SETTINGS, ...more })
  const claimant = { node: 'bench', address: '' }
  return openKafkaLog({ partition: client.partition(topic, 0), claimant, crc32c: client.crc32c })
}

function byLog(name: string, log: Log): Contestant {
  return {
    name,
    flush: ({ records, bytes }) => {
      const record = Buffer.alloc(bytes, 'x')
      for (let count = 0; count < records; count++) log.append(record)
      return log.flush()
    },
  }
}

/** The same bytes in batches made beforehand: what client and Kafka do without a log. */
async function bare(client: Kafka): Promise<Contestant> {
  await createTopic(client, 'bare', 1, LOG_SETTINGS)
  const partition = client.partition('bare', 0)
  const batches = new Map(
    SHAPES.map((shape) => [
      shape.name,
      batchOf(Array.from({ length: shape.records }, () => ({ value: Buffer.alloc(shape.bytes, 'x') }))),
    ]),
  )
  return { name: 'a bare append', flush: ({ name }) => partition.append(batches.get(name)!) }
}

async function compare(shape: Shape, contestants: readonly Contestant[]): Promise<void> {
  const tallies = contestants.map((): Tally => ({ flushes: 0, ms: 0, cpuMs: 0, latencies: [] }))
  for (const contestant of contestants) await run(contestant, shape, newTally())
  for (let round = 0; round < rounds; round++) {
    for (const [index, contestant] of contestants.entries()) await run(contestant, shape, tallies[index]!)
  }
  print(shape, contestants, tallies)
}

function newTally(): Tally {
  return { flushes: 0, ms: 0, cpuMs: 0, latencies: [] }
}

async function run({ flush }: Contestant, shape: Shape, tally: Tally): Promise<void> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  for (let now = began; now < began + ROUND_MS; ) {
    await flush(shape)
    const after = performance.now()
    tally.latencies.push(after - now)
    tally.flushes += 1
    now = after
  }
  tally.ms += performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  tally.cpuMs += (user + system) / 1000
}

function print(shape: Shape, contestants: readonly Contestant[], tallies: readonly Tally[]): void {
  const first = tallies[0]!
  console.log(`\n${shape.name} a flush, ${nodes} Kafka ${nodes === 1 ? 'node' : 'nodes'}`)
  for (const [index, { name }] of contestants.entries()) {
    const { flushes, ms, cpuMs, latencies } = tallies[index]!
    const sorted = latencies.sort((a, b) => a - b)
    const ratio = flushes / ms / (first.flushes / first.ms)
    const megabytes = (flushes * shape.records * shape.bytes) / 1e6 / (ms / 1000)
    console.log(
      `  ${name.padEnd(28)} ${ratio.toFixed(2)} ×  ${megabytes.toFixed(1)} MB/s  ` +
        `${(flushes / (ms / 1000)).toFixed(0)} flushes/s  p50 ${quantile(sorted, 0.5)}  p99 ${quantile(sorted, 0.99)} ms  ` +
        `our CPU ${((cpuMs / flushes) * 1000).toFixed(0)} µs a flush`,
    )
  }
}

function quantile(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(2)
}
