/**
 * What does a durable queue cost in process? Sends and full lifecycles a second beside a loop that only encodes,
 * writes and syncs the same bytes in the same batches; then, with a million messages waiting: bytes of memory for
 * each, and start-up beside reading and checksumming the same files.
 *
 *     node --expose-gc bench/broker.ts          MESSAGES=100000 for a shorter run
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { type InProcessBroker, openBroker } from '../broker/src/pabal.ts'

const BODY = 'x'.repeat(200)
const IN_FLIGHT = 100
const ROUNDS = 5
const ROUND_MESSAGES = 20_000
const WAITING = Number(process.env['MESSAGES'] ?? 1_000_000)

const folder = mkdtempSync(join(tmpdir(), 'pabal-bench-'))
try {
  await measureRates()
  await measureWaiting()
} finally {
  rmSync(folder, { recursive: true })
}

async function measureRates(): Promise<void> {
  await using broker = await openBroker({ directory: join(folder, 'rates') })
  await broker.createQueue('bench')
  const sends: number[] = []
  const cycles: number[] = []
  const batches: number[] = []
  const raw: number[] = []
  for (let round = 0; round < ROUNDS + 1; round += 1) {
    const sendRate = await rate(ROUND_MESSAGES, () => inFlight(ROUND_MESSAGES, () => broker.send('bench', BODY)))
    await broker.purgeQueue('bench')
    const cycleRate = await rate(ROUND_MESSAGES, () => lifecycles(broker))
    const batchRate = await rate(ROUND_MESSAGES, () => batchedLifecycles(broker))
    const rawRate = await rate(ROUND_MESSAGES, () => rawLoop(ROUND_MESSAGES))
    if (round === 0) continue // the first one warms up
    sends.push(sendRate)
    cycles.push(cycleRate)
    batches.push(batchRate)
    raw.push(rawRate)
  }
  console.log(`${IN_FLIGHT} in flight, ${BODY.length}-byte bodies, every answer after fdatasync; medians of ${ROUNDS}`)
  report('encode + write + sync only', raw, raw)
  report('sends', sends, raw)
  report('lifecycles (send, receive ten, delete)', cycles, raw)
  report('lifecycles in batches of ten', batches, raw)
}

/** Send one by one, receive up to ten, delete one by one. */
async function lifecycles(broker: InProcessBroker): Promise<void> {
  let sent = 0
  let gone = 0
  const producer = async (): Promise<void> => {
    while (sent++ < ROUND_MESSAGES) await broker.send('bench', BODY)
  }
  const consumer = async (): Promise<void> => {
    while (gone < ROUND_MESSAGES) {
      const messages = await broker.receive('bench', { max: 10, waitSeconds: 1 })
      await Promise.all(messages.map((message) => broker.delete('bench', message)))
      gone += messages.length
    }
  }
  await Promise.all([...times(IN_FLIGHT / 2, producer), ...times(IN_FLIGHT / 10, consumer)])
}

async function batchedLifecycles(broker: InProcessBroker): Promise<void> {
  const batch = Array.from({ length: 10 }, () => ({ body: BODY }))
  let sent = 0
  let gone = 0
  const producer = async (): Promise<void> => {
    while (sent < ROUND_MESSAGES) {
      sent += 10
      await broker.sendBatch('bench', batch)
    }
  }
  const consumer = async (): Promise<void> => {
    while (gone < ROUND_MESSAGES) {
      const messages = await broker.receive('bench', { max: 10, waitSeconds: 1 })
      if (messages.length > 0) {
        await broker.sqs('DeleteMessageBatch', {
          QueueUrl: 'bench',
          Entries: messages.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
        })
      }
      gone += messages.length
    }
  }
  await Promise.all([...times(IN_FLIGHT / 10, producer), ...times(IN_FLIGHT / 10, consumer)])
}

/** The disk's share alone: the same bytes as a send's record, as many to a sync as were in flight. */
async function rawLoop(messages: number): Promise<void> {
  const file = await open(join(folder, 'raw'), 'w')
  const head = Buffer.alloc(96)
  let position = 0
  for (let done = 0; done < messages; done += IN_FLIGHT) {
    const block = Buffer.allocUnsafe((head.length + BODY.length) * IN_FLIGHT)
    let at = 0
    for (let i = 0; i < IN_FLIGHT; i += 1) {
      at += head.copy(block, at)
      at += block.write(BODY, at)
    }
    block.writeUInt32BE(crc32(block.subarray(8)), 4)
    await file.write(block, 0, at, position)
    await file.datasync()
    position += at
  }
  await file.close()
}

async function measureWaiting(): Promise<void> {
  const directory = join(folder, 'waiting')
  const broker = await openBroker({ directory })
  await broker.createQueue('bench')
  const before = memory()
  const batch = Array.from({ length: 10 }, () => ({ body: BODY }))
  await inFlight(WAITING / 10, () => broker.sendBatch('bench', batch))
  const after = memory()
  console.log(`\n${WAITING.toLocaleString('en')} messages waiting`)
  console.log(`  index (typed arrays)       ${((after.arrays - before.arrays) / WAITING).toFixed(1)} bytes a message`)
  console.log(`  resident, all of it        ${((after.resident - before.resident) / WAITING).toFixed(1)} bytes a message`)
  console.log(`  resident, whole process    ${(after.resident / 2 ** 20).toFixed(0)} MiB`)
  await broker.close()
  const ratios: number[] = []
  const starts: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const readMs = await elapsedMs(() => Promise.resolve(readAndChecksum(directory)))
    const startMs = await elapsedMs(async () => (await openBroker({ directory })).close())
    starts.push(startMs)
    ratios.push(readMs / startMs)
  }
  const startMs = median(starts).toFixed(0)
  console.log(`  start-up                   ${startMs} ms, ${median(ratios).toFixed(2)} × the speed of read + crc32`)
}

function readAndChecksum(directory: string): number {
  let sum = 0
  for (const name of readdirSync(directory)) {
    if (name.endsWith('.log')) sum = crc32(readFileSync(join(directory, name)), sum)
  }
  return sum
}

function memory(): { readonly arrays: number; readonly resident: number } {
  globalThis.gc?.()
  const { arrayBuffers, rss } = process.memoryUsage()
  return { arrays: arrayBuffers, resident: rss }
}

async function inFlight(count: number, run: () => Promise<unknown>): Promise<void> {
  let begun = 0
  const worker = async (): Promise<void> => {
    while (begun++ < count) await run()
  }
  await Promise.all(times(IN_FLIGHT, worker))
}

function times(count: number, run: () => Promise<void>): Promise<void>[] {
  return Array.from({ length: count }, run)
}

async function rate(messages: number, run: () => Promise<void>): Promise<number> {
  return (messages * 1000) / (await elapsedMs(run))
}

async function elapsedMs(run: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await run()
  return performance.now() - startedAt
}

function report(what: string, rates: readonly number[], beside: readonly number[]): void {
  const perSecond = Math.round(median(rates)).toLocaleString('en').padStart(10)
  console.log(`  ${what.padEnd(42)}${perSecond}/s   ${(median(rates) / median(beside)).toFixed(2)} ×`)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}
