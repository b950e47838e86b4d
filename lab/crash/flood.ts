/**
 * A hundred clients send messages of 1 MiB as fast as they can, and then receive them ten at a time, all at once. The
 * broker's memory stays below a bound, whatever it refuses on the way; nothing that was taken is lost.
 */

import { BrokerProcess } from './broker-process.ts'
import { Caller } from './caller.ts'
import { countOf } from './clients.ts'
import { residentBytes } from './resident.ts'
import { createQueue, Findings, type Scene } from './scene.ts'

const CLIENTS = 100
const SENDS_EACH = 3
const RECEIVES_EACH = 1
const MESSAGE_BYTES = 1024 * 1024
const RESIDENT_BYTES_MAX = 1024 * 1024 * 1024
const QUEUE = 'flood'

export const flood: Scene = async ({ directory, print }) => {
  const findings = new Findings()
  await using broker = new BrokerProcess({ directory, port: 0 })
  const client = await findings.started(broker)
  await createQueue(client, QUEUE)
  const caller = new Caller(await broker.listening, CLIENTS)
  const watch = new MemoryWatch(broker.pid)
  const idle = await watch.now()

  const body = JSON.stringify({ QueueUrl: QUEUE, MessageBody: 'x'.repeat(MESSAGE_BYTES) })
  const sent = await all(caller, 'SendMessage', body, SENDS_EACH)
  const afterSends = watch.takePeak()
  const count = await countOf(client, QUEUE)
  findings.expect(
    count === (sent.get(200) ?? 0),
    `${sent.get(200)} sends were taken, ${count} messages are there`,
  )

  print(`${CLIENTS} clients sent ${MESSAGE_BYTES} bytes ${SENDS_EACH} times each: ${shown(sent)}`)

  const receive = JSON.stringify({ QueueUrl: QUEUE, MaxNumberOfMessages: 10, VisibilityTimeout: 0 })
  const received = await all(caller, 'ReceiveMessage', receive, RECEIVES_EACH)
  const afterReceives = watch.takePeak()
  watch.stop()
  caller.close()

  print(`and received ten at a time ${RECEIVES_EACH} times each: ${shown(received)}`)
  print(
    `resident memory: ${mb(idle)} MB before, at most ${mb(afterSends)} MB sending, ${mb(afterReceives)} MB receiving`,
  )
  findings.expect(broker.alive, `it ended: ${broker.said}`)
  for (const status of [...sent.keys(), ...received.keys()])
    findings.expect([200, 403, 503].includes(status), `answered with ${status}`)
  const peak = Math.max(afterSends, afterReceives)
  findings.expect(peak < RESIDENT_BYTES_MAX, `resident memory rose to ${mb(peak)} MB`)
  return findings
}

/** The highest resident memory of a process, looked at ten times a second. */
class MemoryWatch {
  readonly #pid: number
  readonly #timer: NodeJS.Timeout
  #peak = 0

  constructor(pid: number) {
    this.#pid = pid
    this.#timer = setInterval(() => void this.now(), 100)
  }

  async now(): Promise<number> {
    const bytes = await residentBytes(this.#pid)
    this.#peak = Math.max(this.#peak, bytes)
    return bytes
  }

  takePeak(): number {
    const peak = this.#peak
    this.#peak = 0
    return peak
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Every client makes its calls one after the other; how often each status was the answer. */
async function all(
  caller: Caller,
  action: string,
  body: string,
  times: number,
): Promise<Map<number, number>> {
  const statuses = new Map<number, number>()
  const one = async (): Promise<void> => {
    for (let left = times; left > 0; left -= 1) {
      const { status } = await caller.call(action, body)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, one))
  return statuses
}

function shown(statuses: ReadonlyMap<number, number>): string {
  return [...statuses].map(([status, count]) => `${count} answered ${status}`).join(', ')
}

function mb(bytes: number): number {
  return Math.round(bytes / 1024 / 1024)
}
