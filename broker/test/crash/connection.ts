/**
 * A client that keeps count: every request ends as acknowledged or, where the server died meanwhile, in doubt. Speaks
 * SQS's JSON over connections that are kept, without an SDK, which would try again by itself.
 */

import { ok } from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What became of a request: its answer, or undefined where nobody knows. */
export type Outcome<Answer> = Answer | undefined

export class Connection {
  readonly #url: URL
  readonly #agent = new Agent({ keepAlive: true })
  readonly #acknowledged: () => void

  /** `acknowledged` is told of every answer. */
  constructor(url: string, acknowledged: () => void) {
    this.#url = new URL(url)
    this.#agent.setMaxListeners(0)
    this.#acknowledged = acknowledged
  }

  async ask<Answer>(action: string, input: object): Promise<Outcome<Answer>> {
    let answer: { readonly status: number; readonly body: string }
    try {
      answer = await this.#post(action, JSON.stringify(input))
    } catch {
      return undefined
    }
    ok(answer.status === 200, `${action}: ${answer.status} ${answer.body}`)
    this.#acknowledged()
    return JSON.parse(answer.body === '' ? '{}' : answer.body) as Answer
  }

  close(): void {
    this.#agent.destroy()
  }

  #post(action: string, body: string): Promise<{ readonly status: number; readonly body: string }> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${action}` }
      const asked = request(this.#url, { method: 'POST', agent: this.#agent, headers })
      asked.on('error', reject)
      asked.on('response', (response) => {
        text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject)
      })
      asked.end(body)
    })
  }
}
