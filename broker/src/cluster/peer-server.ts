/**
 * The door for other brokers: a port at which shards can be asked. Requests of one connection run side by side and are
 * answered in any order. What a receive took for somebody who has gone is given back.
 */

import { createServer, type Server, type Socket } from 'node:net'
import type { Delivered } from '../queue/command.ts'
import { isProblem } from '../queue/problem.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Random } from '../runtime/random.ts'
import { endOfTurn } from '../runtime/turn.ts'
import type { AskShard, CommandOf } from './ask-shard.ts'
import { encodeFrame, FRAME_BYTES_MAX, type Frame, FrameReader, GREETING_BYTES_MAX } from './frame.ts'
import { packAnswer, packError, type Request, unpackRequest } from './peer-codec.ts'
import { CHALLENGE_BYTES, isProof, proofOf } from './peer-secret.ts'

export interface PeerServerOptions {
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly secret: string
  readonly ask: AskShard
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Whoever does not show the secret within this is sent away. */
const GREETING_MS = 5000
const CONNECTIONS_MAX = 1000
const CLOSE_MS = 1000

export class PeerServer {
  readonly #options: PeerServerOptions
  readonly #server: Server
  readonly #connections = new Set<Connection>()

  constructor(options: PeerServerOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#connected(socket))
    this.#server.maxConnections = CONNECTIONS_MAX
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  listen(): Promise<void> {
    const { host, port } = this.#options
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
  }

  /** Calls off what waits, answers what runs, and then ends the connections; after a second without a word. */
  async close(): Promise<void> {
    const { clock } = this.#options
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.end()
    const cut = clock.schedule(clock.now() + CLOSE_MS, () => this.cut())
    await closed
    cut.cancel()
  }

  /** Ends all connections at once. */
  cut(): void {
    this.#server.close()
    for (const connection of this.#connections) connection.cut()
  }

  #connected(socket: Socket): void {
    const connection = new Connection(socket, this.#options, () => this.#connections.delete(connection))
    this.#connections.add(connection)
  }
}

class Connection {
  readonly #socket: Socket
  readonly #options: PeerServerOptions
  readonly #reader = new FrameReader(GREETING_BYTES_MAX)
  readonly #challenge: string
  readonly #running = new Map<number, AbortController>()
  #known = false
  #ending = false

  constructor(socket: Socket, options: PeerServerOptions, closed: () => void) {
    this.#socket = socket
    this.#options = options
    this.#challenge = Buffer.from(options.random.bytes(CHALLENGE_BYTES)).toString('hex')
    const { clock, log } = options
    const greeting = clock.schedule(clock.now() + GREETING_MS, () => {
      if (!this.#known) socket.destroy()
    })
    socket.on('error', (error) => log.debug('peer_connection_failed', { error }))
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('close', () => {
      greeting.cancel()
      for (const running of this.#running.values()) running.abort()
      closed()
    })
    socket.write(encodeFrame('hello', 0, { challenge: this.#challenge }))
  }

  end(): void {
    this.#ending = true
    for (const running of this.#running.values()) running.abort()
    this.#endIfIdle()
  }

  cut(): void {
    this.#socket.destroy()
  }

  #endIfIdle(): void {
    if (this.#ending && this.#running.size === 0) this.#socket.end()
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame)
    } catch (error) {
      this.#options.log.warn('peer_refused', { peer: this.#socket.remoteAddress, error })
      this.#socket.destroy()
    }
  }

  #take(frame: Frame): void {
    if (!this.#known) return this.#greet(frame)
    if (frame.kind === 'request') void this.#run(frame.id, unpackRequest(frame.json, frame.contents))
    else if (frame.kind === 'cancel') this.#running.get(frame.id)?.abort()
    else if (frame.kind === 'ping') this.#write(encodeFrame('pong', frame.id, {}))
    else throw new Error(`a frame of kind ${frame.kind} from a client`)
  }

  #greet(frame: Frame): void {
    const { secret } = this.#options
    const { proof, challenge } = frame.json as { readonly proof?: unknown; readonly challenge?: unknown }
    if (frame.kind !== 'proof' || !isProof(proof, secret, 'client', this.#challenge)) {
      throw new Error('a peer that does not know the secret')
    }
    this.#known = true
    this.#reader.bytesMax = FRAME_BYTES_MAX
    this.#socket.write(encodeFrame('welcome', 0, { proof: proofOf(secret, 'server', String(challenge)) }))
  }

  async #run(id: number, { shard, command, passage }: Request): Promise<void> {
    const running = new AbortController()
    this.#running.set(id, running)
    try {
      const answer = await this.#options.ask(shard, command as never, passage, running.signal)
      if (this.#socket.writable) {
        const { json, contents } = packAnswer(answer)
        this.#write(encodeFrame('answer', id, json, contents))
      } else if (command.kind === 'receive' && !isProblem(answer)) {
        await this.#giveBack(shard, command, (answer as { messages: readonly Delivered[] }).messages)
      }
    } catch (error) {
      if (this.#socket.writable) this.#write(encodeFrame('failure', id, packError(error)))
    } finally {
      this.#running.delete(id)
      this.#endIfIdle()
    }
  }

  async #giveBack(
    shard: number,
    { queue }: CommandOf<'receive'>,
    messages: readonly Delivered[],
  ): Promise<void> {
    if (messages.length === 0) return
    const receipts = messages.map(({ receipt }) => receipt)
    await this.#options.ask<'undoReceive'>(shard, { kind: 'undoReceive', queue, receipts }, undefined)
  }

  /** What is written in one turn goes out together. */
  /** All that one turn brings goes out in one call of the system: those calls were a fifth of what forwarding took. */
  #write(frame: Buffer): void {
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      endOfTurn(() => this.#socket.uncork())
    }
    this.#socket.write(frame)
  }
}
