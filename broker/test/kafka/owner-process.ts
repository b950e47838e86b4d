/**
 * A process that believes it owns a partition, and never asks anybody: opens the log, decides on what it finds, appends
 * for a while, rests, goes on. Prints the name of every record that it would answer for, one a line.
 *
 *     node owner-process.ts HOST:PORT TOPIC NAME [blind]        blind: answers without comparing offsets
 */

import { randomInt } from 'node:crypto'
import { readKafkaAddress } from '../../src/log/kafka/address.ts'
import { openKafka } from '../../src/log/kafka/kafka.ts'
import { type KafkaLog, openKafkaLog } from '../../src/log/kafka/kafka-log.ts'
import type { Partition } from '../../src/log/kafka/partition.ts'
import { pause } from '../../src/log/kafka/pause.ts'
import type { Batch } from '../../src/log/kafka/record-batch.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { BEGINNING, checkChain, encode, evolve, HEAD, read, type State } from './chain.ts'

const RECORDS_PER_FLUSH_MAX = 5
const FLUSHES_MAX = 200
const REST_MS_MAX = 300

const [bootstrap = '', topic = '', name = '', blind] = process.argv.slice(2)
const clock = systemClock()
const kafka = await openKafka({ bootstrap: readKafkaAddress(`kafka://${bootstrap}`)!.bootstrap, clock })
let count = 0

for (;;) {
  try {
    await own(await openKafkaLog(options()))
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}

function options(): Parameters<typeof openKafkaLog>[0] {
  const real = kafka.partition(topic, 0)
  const partition = blind === 'blind' ? blindTo(real) : real
  return { partition, claimant: { node: name, address: '' }, crc32c: kafka.crc32c }
}

/** Until it breaks. */
async function own(log: KafkaLog): Promise<never> {
  let { state } = checkChain(await read(log))
  if (state === BEGINNING) log.append(encode(HEAD, state))
  for (;;) {
    const flushes = randomInt(FLUSHES_MAX)
    for (let done = 0; done < flushes; done++) state = await decide(log, state)
    await pause(clock, randomInt(REST_MS_MAX))
  }
}

async function decide(log: KafkaLog, before: State): Promise<State> {
  const names: string[] = []
  let state = before
  for (let left = randomInt(1, RECORDS_PER_FLUSH_MAX + 1); left > 0; left--) {
    const record = `${name}-${count++}`
    log.append(encode(record, state))
    state = evolve(state, record)
    names.push(record)
  }
  await log.flush()
  process.stdout.write(names.map((record) => `${record}\n`).join(''))
  return state
}

/** Answers what was hoped for: an owner on it never finds out. It shows that whoever checks can see. */
function blindTo(real: Partition): Partition {
  let next = 0
  return {
    name: real.name,
    fetch: (from, wanted) => real.fetch(from, wanted),
    offsets: () => real.offsets(),
    deleteBefore: (offset) => real.deleteBefore(offset),
    append: async (batch: Batch) => {
      const offset = await real.append(batch)
      next = (next === 0 ? offset : next) + batch.count
      return next - batch.count
    },
  }
}
