/**
 * `npm run soak`: full load for minutes, and memory that must stay flat.
 *
 *     npm run soak                       ten minutes
 *     npm run soak -- --minutes 60
 *
 * Workers send, receive and delete batches of ten, on a standard queue as fast as they are answered, on a FIFO queue at
 * a steady rate, beside
 * long polls that nobody serves. Every 15 seconds: what was done, the broker's resident memory, its data directory.
 *
 * Resident memory is a sawtooth: it rises by a hundred megabytes and more until V8 collects, minutes later, and it is
 * higher where the machine lets more messages through. So with each sample the garbage is collected and what lives is
 * measured, and of that the slope is taken, after six minutes: a FIFO queue remembers deduplication ids for five. With
 * `--standard` no FIFO queue is used, and the slope counts from the first minute.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BrokerProcess } from '../crash/broker-process.ts'
import { Caller } from '../crash/caller.ts'
import { residentBytes } from '../crash/resident.ts'
import { LiveMemory } from './live-memory.ts'

const SAMPLE_MS = 15_000
const SETTLING_MINUTES = { standard: 1, fifo: 6 }
/** A minute. */
const SLOPE_MB_MAX = 1
const WORKERS = 8
const FIFO = 'soak.fifo'
/** Deduplication ids take memory by how many come in five minutes: their rate must be the same all the time. */
const FIFO_PAUSE_MS = 100
const POLLS = 20
const BODY = 'x'.repeat(200)

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, standard: { type: 'boolean', default: false } },
})
const minutes = Number(values.minutes)

interface Sample {
  readonly minute: number
  readonly residentMb: number
  readonly liveMb: number
}

class Load {
  done = 0
  failed = 0
  over = false
  readonly #caller: Caller
  #next = 1

  constructor(caller: Caller) {
    this.#caller = caller
  }

  async createQueues(): Promise<void> {
    await this.#call('CreateQueue', { QueueName: 'soak' })
    await this.#call('CreateQueue', { QueueName: 'silent' })
    await this.#call('CreateQueue', { QueueName: FIFO, Attributes: { FifoQueue: 'true' } })
  }

  async run(): Promise<void> {
    const workers = Array.from({ length: WORKERS }, (_, index) =>
      this.#work(index % 4 === 0 && !values.standard ? FIFO : 'soak'),
    )
    await Promise.all([...workers, ...Array.from({ length: POLLS }, () => this.#poll())])
  }

  async #work(queue: string): Promise<void> {
    while (!this.over) {
      await this.#call('SendMessageBatch', {
        QueueUrl: queue,
        Entries: this.#entries(queue.endsWith('.fifo')),
      })
      const text = await this.#call('ReceiveMessage', { QueueUrl: queue, MaxNumberOfMessages: 10 })
      const { Messages = [] } = JSON.parse(text || '{}') as { Messages?: { ReceiptHandle: string }[] }
      if (queue === FIFO) await new Promise((resolve) => setTimeout(resolve, FIFO_PAUSE_MS))
      if (Messages.length === 0) continue
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }))
      await this.#call('DeleteMessageBatch', { QueueUrl: queue, Entries })
      this.done += Messages.length
    }
  }

  async #poll(): Promise<void> {
    while (!this.over) await this.#call('ReceiveMessage', { QueueUrl: 'silent', WaitTimeSeconds: 5 })
  }

  #entries(fifo: boolean): object[] {
    return Array.from({ length: 10 }, () => {
      const id = String(this.#next++)
      const order = fifo ? { MessageGroupId: `g${this.#next % 100}`, MessageDeduplicationId: id } : {}
      return { Id: id, MessageBody: BODY, ...order }
    })
  }

  async #call(action: string, input: object): Promise<string> {
    const { status, text } = await this.#caller.call(action, JSON.stringify(input))
    if (status !== 200) this.failed += 1
    return status === 200 ? text : ''
  }
}

const directory = mkdtempSync(join(tmpdir(), 'pabal-soak-'))
const broker = new BrokerProcess({ directory, port: 0, inspected: true })
const url = await broker.listening
const memory = await LiveMemory.open(/ws:\S+/.exec(broker.said)?.[0] ?? '')
const caller = new Caller(url, WORKERS + POLLS)
const load = new Load(caller)
await load.createQueues()
const samples: Sample[] = []
const startedAt = performance.now()
const working = load.run()
const minute = (): number => (performance.now() - startedAt) / 60_000
for (let before = 0; minute() < minutes && broker.alive; ) {
  await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS))
  const residentMb = (await residentBytes(broker.pid)) / 2 ** 20
  const { heap, outside } = await memory.measure()
  const liveMb = (heap + outside) / 2 ** 20
  samples.push({ minute: minute(), residentMb, liveMb })
  const rate = Math.round(((load.done - before) / SAMPLE_MS) * 1000)
  before = load.done
  console.log(
    `${minute().toFixed(2)} min: ${residentMb.toFixed(0)} MB resident, ${liveMb.toFixed(1)} MB live, ${rate} messages/s sent, received and deleted, ${load.failed} refused, data directory ${directoryMegabytes()} MB, load ${loadavg()[0]?.toFixed(1)}`,
  )
}
load.over = true
await working
caller.close()
memory.close()
await broker.kill()
rmSync(directory, { recursive: true, force: true })
report()

function report(): void {
  const settlingMinutes = values.standard ? SETTLING_MINUTES.standard : SETTLING_MINUTES.fifo
  const counted = samples.filter((sample) => sample.minute > settlingMinutes)
  const slope = slopeOf(counted)
  const peak = Math.max(...samples.map(({ residentMb }) => residentMb))
  const flat = slope <= SLOPE_MB_MAX && load.failed === 0
  console.log(
    `${load.done} messages in ${minutes} min; resident at most ${peak.toFixed(0)} MB; slope of what lives after ${settlingMinutes} min: ${slope.toFixed(2)} MB a minute over ${counted.length} samples`,
  )
  console.log(flat ? 'soak: memory is flat' : 'soak: FAILED')
  process.exitCode = flat ? 0 : 1
}

/** Least squares, in MB a minute. */
function slopeOf(points: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length
  const x = mean((point) => point.minute)
  const y = mean((point) => point.liveMb)
  const across = points.reduce((sum, point) => sum + (point.minute - x) ** 2, 0)
  return points.reduce((sum, point) => sum + (point.minute - x) * (point.liveMb - y), 0) / across
}

function directoryMegabytes(): number {
  const bytes = readdirSync(directory).reduce(
    (sum, name) => sum + (statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
  return Math.round(bytes / 2 ** 20)
}
