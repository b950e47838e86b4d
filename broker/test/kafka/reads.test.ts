/** Reading by position from the log on Kafka: from memory, read ahead, and within bounds. */

import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { describe, it } from 'node:test'
import { crc32c } from '@platformatic/kafka'
import { type KafkaLog, openKafkaLog, RECORD_BYTES_MAX } from '../../src/log/kafka/kafka-log.ts'
import type { Partition } from '../../src/log/kafka/partition.ts'
import { LogDamage } from '../../src/log/log.ts'
import { numbered, text } from '../log/conformance.ts'
import { ModelledPartition } from './modelled-partition.ts'

const COUNT = 5000
const RECORD_BYTES = 1000

class Counted {
  readonly model = new ModelledPartition()
  fetches = 0

  open(cacheBytesMax?: number): Promise<KafkaLog> {
    const inner = this.model.view()
    const partition: Partition = {
      ...inner,
      fetch: (from, options) => {
        this.fetches += 1
        return inner.fetch(from, options)
      },
    }
    const claimant = { node: 'tester', address: '' }
    return openKafkaLog({
      partition,
      claimant,
      crc32c,
      ...(cacheBytesMax === undefined ? {} : { cacheBytesMax }),
    })
  }
}

async function fill(log: KafkaLog): Promise<number[]> {
  const positions: number[] = []
  for (let count = 0; count < COUNT; count++) {
    positions.push(log.append(numbered(count)))
    if (count % 100 === 99) await log.flush()
  }
  return positions
}

describe('a record of the log on Kafka', () => {
  it('is read from memory while it is among the newest, and from Kafka when it is not', async () => {
    const counted = new Counted()
    const log = await counted.open(2 * 1024 * 1024)
    const positions = await fill(log)
    counted.fetches = 0
    ok(numbered(COUNT - 1).equals(await log.readAt(positions.at(-1)!, RECORD_BYTES)))
    equal(counted.fetches, 0)
    ok(numbered(0).equals(await log.readAt(positions[0]!, RECORD_BYTES)))
    equal(counted.fetches, 1)
  })

  it('is read ahead where reads follow each other', async () => {
    const counted = new Counted()
    const positions = await fill(await counted.open())
    const again = await counted.open()
    counted.fetches = 0
    for (const [count, position] of positions.entries())
      ok(numbered(count).equals(await again.readAt(position, RECORD_BYTES)))
    ok(counted.fetches <= 10, `${counted.fetches} fetches`)
  })

  it('is read once where many ask for what one fetch brings', async () => {
    const counted = new Counted()
    const positions = await fill(await counted.open())
    const again = await counted.open()
    counted.fetches = 0
    const records = await Promise.all(
      positions.slice(0, 10).map((position) => again.readAt(position, RECORD_BYTES)),
    )
    for (const [count, record] of records.entries()) ok(numbered(count).equals(record))
    equal(counted.fetches, 1)
  })

  it('is damage where it has another length, or is none of ours', async () => {
    const counted = new Counted()
    const [position = 0] = await fill(await counted.open())
    const again = await counted.open()
    await rejects(async () => again.readAt(position, RECORD_BYTES - 1), LogDamage)
    await rejects(async () => again.readAt(position - 1, 10), RangeError)
    // The claim by which it was opened again is no record of the log.
    await rejects(async () => again.readAt(again.claim, 10), LogDamage)
  })

  it('may be as large as Kafka is asked to allow, and no larger', async () => {
    const log = await new Counted().open()
    const large = Buffer.alloc(RECORD_BYTES_MAX, 'x')
    const position = log.append(large)
    await log.flush()
    ok(large.equals(await log.readAt(position, large.length)))
    await rejects(async () => log.append(Buffer.alloc(RECORD_BYTES_MAX + 1)), RangeError)
  })

  it('is refused where too much waits for a flush', async () => {
    const counted = new Counted()
    const options = { partition: counted.model.view(), claimant: { node: 'tester', address: '' }, crc32c }
    const log = await openKafkaLog({ ...options, stagedBytesMax: 3000 })
    log.append(numbered(0))
    log.append(numbered(1))
    await rejects(async () => log.append(numbered(2)), RangeError)
    await log.flush()
    log.append(numbered(2))
    await log.flush()
    const seen: string[] = []
    await log.replay(log.start, (_position, buffer, offset) =>
      seen.push(buffer.toString('latin1', offset, offset + 2)),
    )
    deepEqual(seen, ['0:', '1:', '2:'])
  })

  it('stays the caller’s own after the cache has moved on', async () => {
    const log = await new Counted().open(1)
    const position = log.append(text('mine'))
    await log.flush()
    const record = await log.readAt(position, 4)
    await fill(log)
    equal(String(record), 'mine')
  })
})
