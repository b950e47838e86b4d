/**
 * Do several shards on one Kafka node cost each other anything? So many logs flush 1 KiB again and again at the same
 * time, in turns with one alone. What they have at the same moment goes in one request. Prints appends a second, as
 * a ratio to one log's.
 *
 *     node bench/kafka/shards.ts [--rounds 5]
 */

import { parseArgs } from 'node:util'
import { openKafka } from '../../broker/src/log/kafka/kafka.ts'
import { openKafkaLog } from '../../broker/src/log/kafka/kafka-log.ts'
import { ensureTopic } from '../../broker/src/log/kafka/topic-settings.ts'
import type { Log } from '../../broker/src/log/log.ts'
import { systemClock } from '../../broker/src/runtime/clock.ts'
import { startKafka } from '../../broker/test/kafka/real-kafka.ts'

const ROUND_MS = 1000
const COUNTS = [1, 2, 4, 8, 16] as const
const RECORD = Buffer.alloc(1024, 'x')

interface Tally {
  flushes: number
  ms: number
  cpuMs: number
}

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const server = await startKafka({})
const kafka = await openKafka({ bootstrap: server.bootstrap, clock: systemClock() })
try {
  await ensureTopic(kafka, 'shards', Math.max(...COUNTS))
  const logs = await Promise.all(
    Array.from({ length: Math.max(...COUNTS) }, (_, shard) =>
      openKafkaLog({
        partition: kafka.partition('shards', shard),
        claimant: { node: 'bench', address: '' },
        crc32c: kafka.crc32c,
      }),
    ),
  )
  const tallies = COUNTS.map((): Tally => ({ flushes: 0, ms: 0, cpuMs: 0 }))
  for (const count of COUNTS) await run(logs.slice(0, count), { flushes: 0, ms: 0, cpuMs: 0 })
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [index, count] of COUNTS.entries()) await run(logs.slice(0, count), tallies[index]!)
  }
  for (const [index, count] of COUNTS.entries()) print(count, tallies[index]!, tallies[0]!)
} finally {
  await kafka.close()
  await server.stop()
}

async function run(logs: readonly Log[], tally: Tally): Promise<void> {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const until = began + ROUND_MS
  await Promise.all(
    logs.map(async (log) => {
      while (performance.now() < until) {
        log.append(RECORD)
        await log.flush()
        tally.flushes += 1
      }
    }),
  )
  tally.ms += performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  tally.cpuMs += (user + system) / 1000
}

function print(count: number, tally: Tally, one: Tally): void {
  const rate = tally.flushes / tally.ms
  console.log(
    `${String(count).padStart(2)} logs  ${(rate / (one.flushes / one.ms)).toFixed(2)} ×  ` +
      `${(rate * 1000).toFixed(0)} appends/s  our CPU ${((tally.cpuMs / tally.flushes) * 1000).toFixed(0)} µs an append`,
  )
}
