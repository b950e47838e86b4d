/** A light client: JSON over a fixed number of kept connections, for loads that an SDK could not make. */

import { Agent, request } from 'node:http'

export interface Answer {
  /** 0: the connection broke. */
  readonly status: number
  readonly text: string
}

export class Caller {
  readonly #url: string
  readonly #agent: Agent

  constructor(url: string, connections: number) {
    this.#url = url
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  call(action: string, body: string): Promise<Answer> {
    const headers = { 'x-amz-target': `AmazonSQS.${action}`, 'content-length': Buffer.byteLength(body) }
    return new Promise((resolve) => {
      const broken = (): void => resolve({ status: 0, text: '' })
      const call = request(this.#url, { method: 'POST', agent: this.#agent, headers }, (answer) => {
        const parts: Buffer[] = []
        answer.on('data', (part: Buffer) => parts.push(part))
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
        )
        answer.on('error', broken)
      })
      call.on('error', broken)
      call.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
