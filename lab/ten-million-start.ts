/** One measurement of ten-million.ts in a process of its own: `read DIRECTORY` or `start DIRECTORY`; prints JSON. */

import { closeSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { openBroker } from '../broker/src/pabal.ts'
import type { Started } from './ten-million.ts'

const CHUNK_BYTES = 1024 * 1024
const [mode = '', directory = ''] = process.argv.slice(2)

const begunAt = performance.now()
const usedBefore = process.cpuUsage()
const measured = mode === 'start' ? await start() : { ...readAndChecksum(), residentBytes: 0, messages: 0 }
process.stdout.write(`${JSON.stringify(measured satisfies Started)}\n`)

async function start(): Promise<Started> {
  await using broker = await openBroker({ directory })
  const took = elapsed()
  const residentBytes = process.memoryUsage().rss
  const { Attributes } = await broker.sqs('GetQueueAttributes', {
    QueueUrl: 'waiting',
    AttributeNames: ['ApproximateNumberOfMessages'],
  })
  return {
    ...took,
    residentBytes,
    messages: Number((Attributes as Record<string, string>)['ApproximateNumberOfMessages']),
  }
}

function elapsed(): Pick<Started, 'ms' | 'processorMs'> {
  const { user, system } = process.cpuUsage(usedBefore)
  return { ms: performance.now() - begunAt, processorMs: (user + system) / 1000 }
}

function readAndChecksum(): Pick<Started, 'ms' | 'processorMs'> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.log'))) {
    const file = openSync(join(directory, name), 'r')
    let sum = 0
    for (let read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      sum = crc32(chunk.subarray(0, read), sum)
    }
    closeSync(file)
  }
  return elapsed()
}
