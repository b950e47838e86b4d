/**
 * What does a durable queue cost inside a Node process? Sends and whole lifecycles, 100 in flight, each beside a loop
 * that only encodes, writes and syncs: the same bytes in the same batches as the broker has just written. The broker
 * and the loop have the same process and take turns.
 */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type InProcessBroker, openBroker } from '../broker/src/pabal.ts'
import { scratch } from './measure/child.ts'
import { RecordingDisk } from './measure/recording-disk.ts'
import { atLeast, count, finish, PABAL, type Row, ratioRow, type Target } from './measure/row.ts'
import { quick, rounds } from './measure/settings.ts'
import { median } from './measure/statistics.ts'
import { git } from './measure/versions.ts'
import { PABAL_DURABILITY } from './peers/pabal.ts'

const BODY = 'x'.repeat(200)
const IN_FLIGHT = 100
const BATCH = 10
const MESSAGES = quick ? 10_000 : 40_000
const WARM_UP_ROUNDS = 2
const QUEUE = 'bench'

using folder = scratch()
const disk = new RecordingDisk()
await using broker: InProcessBroker = await openBroker({ directory: join(folder.path, 'data'), disk })
await broker.createQueue(QUEUE)

const rows: Row[] = [
  await measure('sends in process, 100 in flight', sends),
  await measure('lifecycles in process, 100 in flight', lifecycles, atLeast(0.5)),
  await measure('lifecycles in process in batches of ten', batches),
]
finish({
  title: 'In process',
  rows,
  parties: [{ name: `${PABAL} in process`, version: git(), durability: PABAL_DURABILITY }],
  missing: [],
})

async function measure(what: string, run: () => Promise<void>, target?: Target): Promise<Row> {
  const ours: number[] = []
  const bare: number[] = []
  const batchBytes: number[] = []
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    disk.take()
    const rate = await rateOf(run)
    const written = disk.take()
    const bareRate = await rateOf(() => encodeWriteAndSync(written))
    await broker.purgeQueue(QUEUE)
    if (round < 0) continue
    ours.push(rate)
    bare.push(bareRate)
    batchBytes.push(...written)
  }
  const row = {
    what,
    ours: `${count(median(ours))}/s`,
    beside: `encode, write, sync the same bytes: ${count(median(bare))}/s, ${count(median(batchBytes) / 1024)} KiB a sync`,
    ...(target === undefined ? {} : { target }),
  }
  return ratioRow(row, ours, bare)
}

async function sends(): Promise<void> {
  let begun = 0
  const producer = async (): Promise<void> => {
    while (begun++ < MESSAGES) await broker.send(QUEUE, BODY)
  }
  await Promise.all(times(IN_FLIGHT, producer))
}

/** Send one by one, receive up to ten, delete one by one. */
async function lifecycles(): Promise<void> {
  let sent = 0
  let gone = 0
  const producer = async (): Promise<void> => {
    while (sent++ < MESSAGES) await broker.send(QUEUE, BODY)
  }
  const done = new AbortController()
  const consumer = async (): Promise<void> => {
    while (gone < MESSAGES) {
      const messages = await broker.receive(QUEUE, { max: BATCH, waitSeconds: 1, signal: done.signal })
      await Promise.all(messages.map((message) => broker.delete(QUEUE, message)))
      gone += messages.length
    }
    // The clock stops here: long polls that would find nothing more are no part of a lifecycle.
    done.abort()
  }
  await Promise.all([...times(IN_FLIGHT / 2, producer), ...times(IN_FLIGHT / 2 / BATCH, consumer)])
}

async function batches(): Promise<void> {
  const batch = Array.from({ length: BATCH }, () => ({ body: BODY }))
  let gone = 0
  const cycle = async (): Promise<void> => {
    while (gone < MESSAGES) {
      gone += BATCH
      await broker.sendBatch(QUEUE, batch)
      const messages = await broker.receive(QUEUE, { max: BATCH, waitSeconds: 1 })
      const entries = messages.map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
      }))
      await broker.sqs('DeleteMessageBatch', { QueueUrl: QUEUE, Entries: entries })
    }
  }
  await Promise.all(times(IN_FLIGHT / BATCH, cycle))
}

/** A head and a body for each message of a batch, one checksum, one write, one sync. */
async function encodeWriteAndSync(sizes: readonly number[]): Promise<void> {
  const total = sizes.reduce((sum, bytes) => sum + bytes, 0)
  const head = Buffer.alloc(Math.max(8, Math.ceil(total / MESSAGES) - BODY.length), 1)
  await using file = await open(join(folder.path, 'bare'), 'w')
  let position = 0
  for (const bytes of sizes) {
    const block = Buffer.allocUnsafe(bytes)
    for (let at = 0; at < bytes; ) {
      at += head.copy(block, at)
      if (at < bytes) at += block.write(BODY, at, 'latin1')
    }
    if (bytes > 8) block.writeUInt32LE(crc32(block.subarray(4)))
    await file.write(block, 0, bytes, position)
    await file.datasync()
    position += bytes
  }
}

async function rateOf(run: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return (MESSAGES * 1000) / (performance.now() - startedAt)
}

function times(length: number, run: () => Promise<void>): Promise<void>[] {
  return Array.from({ length }, run)
}
