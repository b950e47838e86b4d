/** The connections to the other brokers: one each, made when it is needed, ended when that broker is no more. */

import type { Clock } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import type { Member } from './members.ts'
import { PeerClient } from './peer-client.ts'

export interface PeersOptions {
  readonly secret: string
  readonly clock: Clock
  readonly random: Random
  /** Told when it has changed whether a broker refuses connections. */
  readonly heard: (node: string, refuses: boolean) => void
}

export class Peers {
  readonly #options: PeersOptions
  readonly #clients = new Map<string, PeerClient>()

  constructor(options: PeersOptions) {
    this.#options = options
  }

  to({ node, address }: Member): PeerClient {
    const known = this.#clients.get(node)
    if (known !== undefined) return known
    const colon = address.lastIndexOf(':')
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
    const { heard, ...options } = this.#options
    const port = Number(address.slice(colon + 1))
    const client = new PeerClient({ ...options, host, port, heard: (refuses) => heard(node, refuses) })
    this.#clients.set(node, client)
    return client
  }

  /**
   * Whoever waits for an answer of one that is not there any more need not wait any longer; one that has taken leave
   * (`isGone`) answers what it was asked.
   */
  keepOnly(members: readonly Member[], isGone: (node: string) => boolean): void {
    const nodes = new Set(members.map(({ node }) => node))
    for (const [node, client] of this.#clients) {
      if (nodes.has(node)) continue
      this.#clients.delete(node)
      void (isGone(node) ? client.retire() : client.close())
    }
  }

  close(): void {
    this.keepOnly([], () => false)
  }
}
