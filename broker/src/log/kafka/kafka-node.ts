/**
 * One Kafka node: its connections, made when they are needed and again after they broke. Requests of one connection
 * are answered in order, so what may wait has its own: appends, reads, each waiting read, and everything else.
 */

import type { Connection } from '@platformatic/kafka'
import { type HostPort, showHostPort } from './address.ts'
import { Appender } from './appender.ts'
import { asKafkaError, KafkaUnreachable } from './kafka-error.ts'
import type { Library } from './library.ts'
import type { Security } from './security.ts'

/** A node that does not answer a connect within this is as good as down; another may be asked. */
const CONNECT_MS = 500
const IN_FLIGHT_MAX = 64

/** How long a read may wait at Kafka for something new. */
export const WAIT_MS_MAX = 5000
/** No answer within this ends the connection, and what it carried is sent again on another one. */
const ANSWER_MS = { append: 2000, read: 3000, metadata: 1500, admin: 30_000 } as const
const ANSWER_WAIT_MS = WAIT_MS_MAX + ANSWER_MS.read

/** What a connection is for; `wait:…` ones belong to whoever waits. */
export type Purpose = keyof typeof ANSWER_MS | `wait:${string}`

/** A request of the library, such as `metadataV12.api`. */
export interface Api<Arguments extends unknown[], Answer> {
  readonly async: (connection: Connection, ...args: Arguments) => Promise<Answer>
}

export interface KafkaNodeOptions extends HostPort {
  readonly library: Library
  readonly security: Security
  readonly clientId: string
}

export class KafkaNode {
  readonly name: string
  readonly appender: Appender
  readonly #options: KafkaNodeOptions
  readonly #connections = new Map<Purpose, Promise<Connection>>()
  #closed = false

  constructor(options: KafkaNodeOptions) {
    this.#options = options
    this.name = showHostPort(options)
    this.appender = new Appender(this, options.library)
  }

  /** Rejects with KafkaError or KafkaUnreachable. */
  async request<Arguments extends unknown[], Answer>(
    purpose: Purpose,
    api: Api<Arguments, Answer>,
    ...args: Arguments
  ): Promise<Answer> {
    try {
      return await api.async(await this.#connection(purpose), ...args)
    } catch (error) {
      throw asKafkaError(this.#options.library, this.name, error)
    }
  }

  /** Ends a connection, and with it what waits on it. */
  async drop(purpose: Purpose): Promise<void> {
    const made = this.#connections.get(purpose)
    this.#connections.delete(purpose)
    const [settled] = await Promise.allSettled([made])
    if (settled.status === 'fulfilled') settled.value?.socket.destroy()
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#connections.keys()].map((purpose) => this.drop(purpose)))
  }

  async #connection(purpose: Purpose): Promise<Connection> {
    if (this.#closed) throw new KafkaUnreachable(this.name, 'the connections to Kafka are closed')
    const known = this.#connections.get(purpose)
    const connection = await known
    if (connection?.isConnected() === true) return connection
    // Whoever comes first makes it anew, the others wait for the same one.
    if (this.#connections.get(purpose) === known) {
      void connection?.close()
      this.#connections.set(purpose, this.#connect(purpose))
    }
    return this.#connections.get(purpose)!
  }

  #connect(purpose: Purpose): Promise<Connection> {
    const made = this.#connectNow(purpose)
    made.catch(() => {
      if (this.#connections.get(purpose) === made) this.#connections.delete(purpose)
    })
    return made
  }

  async #connectNow(purpose: Purpose): Promise<Connection> {
    const { library, clientId, host, port, security } = this.#options
    const connection = new library.Connection(clientId, {
      connectTimeout: CONNECT_MS,
      requestTimeout: purpose in ANSWER_MS ? ANSWER_MS[purpose as keyof typeof ANSWER_MS] : ANSWER_WAIT_MS,
      maxInflights: IN_FLIGHT_MAX,
      ...security,
    })
    // A connection that breaks says so to every request that waits on it; here there is nothing to add.
    connection.on('error', () => {})
    await connection.connect(host, port)
    return connection
  }
}
