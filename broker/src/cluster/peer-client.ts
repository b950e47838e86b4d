/**
 * One connection to another broker, made when it is first needed and kept. Asking rejects with {@link NotHere} where
 * the request surely did not get there, and with Unavailable where nobody can know.
 */

import { connect, type Socket } from 'node:net'
import type { Answers, Command } from '../queue/command.ts'
import type { Problem } from '../queue/problem.ts'
import type { Clock, Timer } from '../runtime/clock.ts'
import type { Random } from '../runtime/random.ts'
import { endOfTurn } from '../runtime/turn.ts'
import { Unavailable } from '../shard/unavailable.ts'
import type { CommandOf, Passage } from './ask-shard.ts'
import { encodeFrame, FRAME_BYTES_MAX, type Frame, FrameReader, GREETING_BYTES_MAX } from './frame.ts'
import { NotHere } from './not-here.ts'
import { packRequest, unpackAnswer, unpackError } from './peer-codec.ts'
import { PeerLost } from './peer-lost.ts'
import { CHALLENGE_BYTES, isProof, proofOf } from './peer-secret.ts'

export interface PeerClientOptions {
  readonly host: string
  readonly port: number
  readonly secret: string
  readonly clock: Clock
  readonly random: Random
  /** Told when it has changed whether connections are refused: nobody listens there. */
  readonly heard?: (refuses: boolean) => void
}

/** A connection that is not ready within this has failed. */
const CONNECT_MS = 1000
/**
 * What an answer may take, beside what the command itself waits: as long as Kafka may take for an append. Of a broker
 * that is no more the beats tell much sooner.
 */
const ANSWER_MS = 25_000
const WAIT_MS_MAX = 20_000
/**
 * A connection on which nothing is heard for so long, though somebody waits, is asked whether anybody is there; and is
 * given up when nothing is heard for as long again. A network that forgets a connection tells neither end, and TCP would
 * go on trying for a quarter of an hour.
 */
const QUIET_MS = 2000
/** Asked at once of one peer. */
const ASKED_MAX = 10_000
/** Written to one peer and not gone: it is too slow. */
const UNSENT_BYTES_MAX = 64 * 1024 * 1024

interface Asked {
  readonly resolve: (answer: Answers[keyof Answers] | Problem) => void
  readonly reject: (error: Error) => void
  readonly timer: Timer
  readonly leave: () => void
}

export class PeerClient {
  readonly #options: PeerClientOptions
  #ready: Promise<Connection> | undefined
  #refuses: boolean | undefined
  #closed = false

  constructor(options: PeerClientOptions) {
    this.#options = options
  }

  /** As AskShard: rejects also with what it rejects with over there. */
  async ask<Kind extends Command['kind']>(
    shard: number,
    command: CommandOf<Kind>,
    passage: Passage | undefined,
    signal?: AbortSignal,
  ): Promise<Answers[Kind] | Problem> {
    const connection = await this.#connection()
    return connection.ask(shard, command, passage, signal) as Promise<Answers[Kind] | Problem>
  }

  /** Whoever waits for an answer is told that it is not known. */
  async close(): Promise<void> {
    this.#closed = true
    const [made] = await Promise.allSettled([this.#ready])
    if (made.status === 'fulfilled') made.value?.cut()
  }

  /** Nothing more is asked; whoever waits for an answer still gets it. */
  async retire(): Promise<void> {
    this.#closed = true
    const [made] = await Promise.allSettled([this.#ready])
    if (made.status === 'fulfilled') made.value?.retire()
  }

  #connection(): Promise<Connection> {
    if (this.#closed) return Promise.reject(new NotHere('the connection to a peer was closed'))
    if (this.#ready === undefined) {
      const options = { ...this.#options, heard: (refuses: boolean) => this.#heard(refuses) }
      this.#ready = new Connection(options, (wasReady) => this.#lost(wasReady)).ready
    }
    return this.#ready
  }

  #heard(refuses: boolean): void {
    if (refuses === this.#refuses) return
    this.#refuses = refuses
    this.#options.heard?.(refuses)
  }

  /** One that broke is made again at once: if nobody is there any more, that is worth knowing. */
  #lost(wasReady: boolean): void {
    this.#ready = undefined
    // Whoever asks next hears of a failure.
    if (wasReady && !this.#closed) this.#connection().catch(() => {})
  }
}

class Connection {
  readonly ready: Promise<Connection>
  readonly #options: PeerClientOptions
  readonly #socket: Socket
  readonly #reader = new FrameReader(GREETING_BYTES_MAX)
  readonly #challenge: string
  readonly #asked = new Map<number, Asked>()
  #welcomed: (() => void) | undefined
  #nextId = 1
  #retired = false
  #watch: Timer | undefined
  /** Since it was last looked. */
  #heard = false
  #pinged = false

  constructor(options: PeerClientOptions, closed: (wasReady: boolean) => void) {
    this.#options = options
    const { host, port, clock, random } = options
    this.#challenge = Buffer.from(random.bytes(CHALLENGE_BYTES)).toString('hex')
    this.#socket = connect({ host, port, noDelay: true, keepAlive: true })
    const giveUp = clock.schedule(clock.now() + CONNECT_MS, () => this.#socket.destroy())
    let failure: Error | undefined
    let wasReady = false
    this.#socket.on('error', (error) => {
      failure = error
    })
    this.#socket.on('data', (chunk) => this.#read(chunk))
    this.ready = new Promise((resolve, reject) => {
      this.#welcomed = () => {
        giveUp.cancel()
        wasReady = true
        options.heard?.(false)
        resolve(this)
      }
      this.#socket.on('close', () => {
        giveUp.cancel()
        this.#watch?.cancel()
        if (isRefusal(failure)) options.heard?.(true)
        closed(wasReady)
        reject(new NotHere('a peer cannot be reached', failure))
        this.#failAll(failure)
      })
    })
  }

  cut(): void {
    this.#socket.destroy()
  }

  retire(): void {
    this.#retired = true
    this.#endIfRetired()
  }

  #endIfRetired(): void {
    if (this.#retired && this.#asked.size === 0) this.#socket.end()
  }

  ask(
    shard: number,
    command: Command,
    passage: Passage | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Answers[keyof Answers] | Problem> {
    if (!this.#socket.writable) return Promise.reject(new NotHere('a peer has gone'))
    if (this.#asked.size >= ASKED_MAX || this.#socket.writableLength > UNSENT_BYTES_MAX) {
      return Promise.reject(new Unavailable('Too much is being asked of another broker: try again.'))
    }
    const id = this.#nextId
    this.#nextId = (id % 0xffff_ffff) + 1
    const { json, contents } = packRequest({ shard, command, passage })
    const answer = this.#await(id, command, signal)
    this.#watch ??= this.#watchLater()
    this.#write(encodeFrame('request', id, json, contents))
    if (signal?.aborted === true) this.#cancel(id)
    return answer
  }

  #await(
    id: number,
    command: Command,
    signal: AbortSignal | undefined,
  ): Promise<Answers[keyof Answers] | Problem> {
    const { clock } = this.#options
    const waitMs = command.kind === 'receive' ? (command.waitSeconds ?? WAIT_MS_MAX / 1000) * 1000 : 0
    return new Promise((resolve, reject) => {
      const leave = (): void => this.#cancel(id)
      const timer = clock.schedule(clock.now() + waitMs + ANSWER_MS, () => {
        leave()
        this.#forget(id)?.reject(
          new Unavailable('Another broker did not answer; whether this was done is not known.'),
        )
      })
      signal?.addEventListener('abort', leave, { once: true })
      const done = (): void => signal?.removeEventListener('abort', leave)
      this.#asked.set(id, { resolve, reject, timer, leave: done })
    })
  }

  /** For as long as somebody waits. */
  #watchLater(): Timer {
    const { clock } = this.#options
    this.#heard = false
    return clock.schedule(clock.now() + QUIET_MS, () => this.#look())
  }

  #look(): void {
    const wasPinged = this.#pinged
    this.#pinged = false
    this.#watch = undefined
    if (this.#asked.size === 0) return
    if (!this.#heard && wasPinged) return this.cut()
    if (!this.#heard) this.#write(encodeFrame('ping', 0, {}))
    this.#pinged = !this.#heard
    this.#watch = this.#watchLater()
  }

  #forget(id: number): Asked | undefined {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    asked?.timer.cancel()
    asked?.leave()
    this.#endIfRetired()
    return asked
  }

  #cancel(id: number): void {
    if (this.#socket.writable) this.#write(encodeFrame('cancel', id, {}))
  }

  #failAll(cause: Error | undefined): void {
    const lost = new PeerLost('Another broker has gone; whether this was done is not known.', cause)
    for (const id of [...this.#asked.keys()]) this.#forget(id)?.reject(lost)
  }

  #read(chunk: Buffer): void {
    this.#heard = true
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame)
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : undefined)
    }
  }

  #take({ kind, id, json, contents }: Frame): void {
    switch (kind) {
      case 'hello':
        return this.#prove(json as { readonly challenge?: unknown })
      case 'welcome':
        return this.#welcome(json as { readonly proof?: unknown })
      case 'answer':
        return this.#forget(id)?.resolve(unpackAnswer(json, contents))
      case 'failure':
        return this.#forget(id)?.reject(unpackError(json))
      case 'pong':
        return
      default:
        throw new Error(`a frame of kind ${kind} from a server`)
    }
  }

  #prove({ challenge }: { readonly challenge?: unknown }): void {
    const proof = proofOf(this.#options.secret, 'client', String(challenge))
    this.#socket.write(encodeFrame('proof', 0, { proof, challenge: this.#challenge }))
  }

  #welcome({ proof }: { readonly proof?: unknown }): void {
    if (!isProof(proof, this.#options.secret, 'server', this.#challenge)) {
      throw new Error('a peer that does not know the secret')
    }
    this.#reader.bytesMax = FRAME_BYTES_MAX
    this.#welcomed?.()
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

function isRefusal(failure: Error | undefined): boolean {
  return failure !== undefined && 'code' in failure && failure.code === 'ECONNREFUSED'
}
