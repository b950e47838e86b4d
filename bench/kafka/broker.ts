/** A broker of a cluster as a process: what it is asked, which shards it holds, and what it costs. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type Agent, request } from 'node:http'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'

const MAIN = new URL('../../broker/dist/main.js', import.meta.url).pathname
/** Of a tick in /proc, as Linux has them. */
const TICK_US = 10_000

export class Broker {
  readonly url: string
  /** The shards that it says it has opened and not let go. */
  readonly shards = new Set<number>()
  readonly #child: ChildProcess
  readonly #agent: Agent

  private constructor(child: ChildProcess, agent: Agent, url: string) {
    this.#child = child
    this.#agent = agent
    this.url = url
  }

  /** Resolves when it listens. */
  static async start(log: string, agent: Agent): Promise<Broker> {
    const child = spawn(process.execPath, [MAIN, 'serve', '--port', '0', '--log', log], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PABAL_LOG_LEVEL: 'info' },
    })
    const events: Event[] = []
    let follow = (event: Event): void => void events.push(event)
    createInterface({ input: child.stderr as Readable }).on('line', (line) => follow(JSON.parse(line)))
    for await (const line of createInterface({ input: child.stdout as Readable })) {
      const [url] = /http:\/\/[\w.:]+/.exec(line) ?? []
      if (url === undefined) continue
      child.stdout?.resume()
      const broker = new Broker(child, agent, url)
      follow = (event) => broker.#follow(event)
      for (const event of events) follow(event)
      return broker
    }
    throw new Error('a broker ended before it listened')
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Of the processor, so far. */
  get cpuUs(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_US
  }

  async ask<Answer>(action: string, queue: string, input: object): Promise<Answer> {
    const body = JSON.stringify({ QueueUrl: `http://x/000000000000/${queue}`, ...input })
    const headers = {
      'X-Amz-Target': `AmazonSQS.${action}`,
      'Content-Type': 'application/x-amz-json-1.0',
      'Content-Length': Buffer.byteLength(body),
    }
    return new Promise((resolve, reject) => {
      const asked = request(this.url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`${action}: ${answer.statusCode}`))
        json(answer).then((value) => resolve(value as Answer), reject)
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  /** A planned stop. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return
    this.#child.kill()
    await once(this.#child, 'exit')
  }

  #follow({ event, shard }: Event): void {
    if (event === 'shard_opened' && shard !== undefined) this.shards.add(shard)
    if (event === 'shard_let_go' && shard !== undefined) this.shards.delete(shard)
  }
}

interface Event {
  readonly event: string
  readonly shard?: number
}
