/**
 * A proxy on loopback in front of a Kafka node that holds back the bytes of the connections that are open at a moment:
 * those on their way to the node, or its answers. Connections made later pass. What is held reaches the node when it
 * is released, also if whoever sent it has given up and gone.
 */

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { HostPort } from '../../src/log/kafka/address.ts'

type Kind = 'requests' | 'answers'

/** One connection through the proxy. */
class Pair {
  readonly #client: Socket
  readonly #node: Socket
  #holding: Kind | undefined
  #held: (() => void)[] = []

  constructor(client: Socket, node: Socket, onHeld: () => void, onClose: () => void) {
    this.#client = client
    this.#node = node
    const pass = (kind: Kind, to: Socket, bytes: Buffer): void => {
      if (this.#holding !== kind) return void to.write(bytes)
      this.#held.push(() => to.write(bytes))
      onHeld()
    }
    client.on('data', (bytes) => pass('requests', node, bytes))
    node.on('data', (bytes) => pass('answers', client, bytes))
    for (const socket of [client, node]) socket.on('error', () => {})
    client.on('close', () => this.#endIfIdle(onClose))
    node.on('close', () => client.destroy())
  }

  hold(kind: Kind): void {
    this.#holding = kind
  }

  release(): void {
    this.#holding = undefined
    for (const pass of this.#held.splice(0)) pass()
    if (this.#client.destroyed) this.#node.end()
  }

  cut(): void {
    this.#client.destroy()
  }

  destroy(): void {
    this.#client.destroy()
    this.#node.destroy()
  }

  #endIfIdle(onClose: () => void): void {
    if (this.#held.length > 0) return
    this.#node.destroy()
    onClose()
  }
}

export class HeldBytes implements AsyncDisposable {
  readonly address: HostPort
  readonly #close: () => void
  readonly #pairs: Set<Pair>
  readonly #onHeld: Set<() => void>

  private constructor(address: HostPort, pairs: Set<Pair>, onHeld: Set<() => void>, close: () => void) {
    this.address = address
    this.#pairs = pairs
    this.#onHeld = onHeld
    this.#close = close
  }

  /** `target` is asked for at each connection. */
  static async before(target: () => HostPort): Promise<HeldBytes> {
    const pairs = new Set<Pair>()
    const onHeld = new Set<() => void>()
    const tell = (): void => {
      for (const told of onHeld) told()
    }
    const server = createServer((client) => {
      const { host, port } = target()
      const pair = new Pair(client, connect(port, host), tell, () => pairs.delete(pair))
      pairs.add(pair)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return new HeldBytes({ host: '127.0.0.1', port: address.port }, pairs, onHeld, () => server.close())
  }

  /** Holds bytes of the connections that are open now. Resolves when the first ones are held. */
  hold(kind: Kind): Promise<void> {
    for (const pair of this.#pairs) pair.hold(kind)
    return new Promise((resolve) => {
      const told = (): void => {
        this.#onHeld.delete(told)
        resolve()
      }
      this.#onHeld.add(told)
    })
  }

  /** Lets go what was held. */
  release(): void {
    for (const pair of this.#pairs) pair.release()
  }

  /** Ends every connection as its client sees it. */
  cut(): void {
    for (const pair of this.#pairs) pair.cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close()
    for (const pair of this.#pairs) pair.destroy()
  }
}
