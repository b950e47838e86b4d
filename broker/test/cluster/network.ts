/**
 * A network between processes on one machine, made of ports that pass on what they get. Who connects is told by the
 * address that it connects from: every broker has one of its own on loopback (source-address.ts). So the way from one
 * broker to one other, or to one Kafka node, can fail by itself, without namespaces and without root.
 */

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { HostPort } from '../../src/log/kafka/address.ts'
import { type Fault, Wire } from './wire.ts'

const HOST = '127.0.0.1'

/** A way from somebody, by its address, to a door, by its name. */
export type Ways = (from: string, to: string) => boolean

/** A port that stands for another one. */
export interface Door extends HostPort {
  /** Refuses connections from now on, as a port does behind which nobody listens. */
  readonly close: () => void
}

interface Imposed {
  readonly fault: Fault
  readonly ways: Ways
}

interface Connected {
  readonly from: string
  readonly to: string
  readonly wire: Wire
}

export class Network implements AsyncDisposable {
  readonly #servers: Server[] = []
  readonly #connected = new Set<Connected>()
  #imposed: Imposed | undefined

  async door(to: string, target: () => HostPort): Promise<Door> {
    const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) =>
      this.#accept(socket, to, target()),
    )
    this.#servers.push(server)
    server.listen(0, HOST)
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('a door does not listen')
    return { host: HOST, port: address.port, close: () => server.close() }
  }

  /** For connections that are there and for those to come, until {@link heal}. */
  impose(fault: Fault, ways: Ways): void {
    this.#imposed = { fault, ways }
    for (const { from, to, wire } of this.#connected) if (ways(from, to)) wire.suffer(fault)
  }

  heal(): void {
    this.#imposed = undefined
    for (const { wire } of this.#connected) wire.suffer(undefined)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close()
    for (const { wire } of this.#connected) wire.cut()
  }

  #accept(client: Socket, to: string, target: HostPort): void {
    const from = client.remoteAddress ?? ''
    const fault = this.#imposed?.ways(from, to) === true ? this.#imposed.fault : undefined
    client.on('error', () => {})
    if (fault === 'cut') return void client.resetAndDestroy()
    const server = connect({ ...target, noDelay: true, allowHalfOpen: true })
    const wire = new Wire(client, server)
    const connected = { from, to, wire }
    wire.suffer(fault)
    this.#connected.add(connected)
    const closed = (): void => {
      if (client.destroyed && server.destroyed) this.#connected.delete(connected)
    }
    client.on('close', closed)
    server.on('close', closed)
  }
}
