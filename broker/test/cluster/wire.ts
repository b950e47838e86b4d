/**
 * One connection through a network that can be made to fail. Bytes and ends are passed in their order, each when it
 * is due:
 *
 *     delay    each piece so much later
 *     silence  nothing is passed and nothing is said of it; what was sent arrives when it is over, as TCP would repeat it
 *     loss     nothing is passed, and never will be: the network has forgotten this connection, and tells nobody
 *     cut      both sides see a reset
 */

import type { Socket } from 'node:net'

export type Fault = 'cut' | 'silence' | 'loss' | { readonly delayMs: number }

/** What is under way: bytes, or that the sender has ended or is gone. */
type Piece = Buffer | 'end' | 'reset'

export class Wire {
  readonly #ways: readonly [Way, Way]
  readonly #sockets: readonly [Socket, Socket]

  constructor(client: Socket, server: Socket) {
    this.#sockets = [client, server]
    this.#ways = [new Way(client, server), new Way(server, client)]
  }

  /** From now on; undefined: it is sound again. */
  suffer(fault: Fault | undefined): void {
    if (fault === 'cut') return this.cut()
    for (const way of this.#ways) {
      if (fault === 'loss') way.lose()
      else way.delayMs = delayOf(fault)
    }
  }

  cut(): void {
    for (const way of this.#ways) way.drop()
    for (const socket of this.#sockets) reset(socket)
  }
}

/** One that is being ended cannot be reset any more: Node would keep it for ever. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy()
  else socket.resetAndDestroy()
}

function delayOf(fault: Exclude<Fault, 'cut' | 'loss'> | undefined): number {
  if (fault === undefined) return 0
  return fault === 'silence' ? Number.POSITIVE_INFINITY : fault.delayMs
}

/** One direction. */
class Way {
  readonly #to: Socket
  readonly #underway: { readonly piece: Piece; dueAt: number }[] = []
  #delayMs = 0
  #lost = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket) {
    this.#to = to
    from.on('data', (bytes) => this.#send(bytes))
    from.on('end', () => this.#send('end'))
    from.on('error', () => this.#send('reset'))
  }

  /** What is under way keeps its time, unless all delay is over. */
  set delayMs(delayMs: number) {
    const wasSilent = this.#delayMs === Number.POSITIVE_INFINITY
    this.#delayMs = delayMs
    if (wasSilent || delayMs === 0) for (const sent of this.#underway) sent.dueAt = 0
    this.#deliver()
  }

  drop(): void {
    clearTimeout(this.#timer)
    this.#underway.length = 0
  }

  lose(): void {
    this.#lost = true
    this.drop()
  }

  #send(piece: Piece): void {
    if (this.#lost) return
    this.#underway.push({ piece, dueAt: performance.now() + this.#delayMs })
    if (this.#underway.length === 1) this.#deliver()
  }

  #deliver(): void {
    clearTimeout(this.#timer)
    for (;;) {
      const first = this.#underway[0]
      if (first === undefined || first.dueAt === Number.POSITIVE_INFINITY) return
      const waitMs = first.dueAt - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#deliver(), waitMs)
        return
      }
      this.#underway.shift()
      this.#arrive(first.piece)
    }
  }

  #arrive(piece: Piece): void {
    if (piece === 'reset') reset(this.#to)
    else if (piece === 'end') this.#to.end()
    else if (this.#to.writable) this.#to.write(piece)
  }
}
