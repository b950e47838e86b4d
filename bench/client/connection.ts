/**
 * One keep-alive socket with one request in flight. It reads of an answer only what it must (the status and
 * Content-Length), so that the broker is what is measured and not the client.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

const STATUS_AT = 9
const STATUS_END = 12
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i
const NOTHING = Buffer.alloc(0)

export class Connection {
  readonly #socket: Socket
  #received: Buffer = NOTHING
  #settle: { readonly resolve: (body: Buffer) => void; readonly reject: (error: Error) => void } | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** Resolves with the answer's body; rejects when its status is not 200. */
  exchange(request: string): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(request, 'latin1')
    })
  }

  close(): void {
    this.#settle = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    const received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const headEnd = received.indexOf('\r\n\r\n')
    const end = headEnd < 0 ? Number.POSITIVE_INFINITY : headEnd + 4 + contentLength(received, headEnd)
    if (received.length < end) {
      this.#received = received
      return
    }
    this.#received = NOTHING
    const body = received.subarray(headEnd + 4, end)
    const status = received.toString('latin1', STATUS_AT, STATUS_END)
    if (status !== '200') return this.#fail(new Error(`status ${status}: ${body.toString().slice(0, 500)}`))
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(body)
  }

  #fail(error: Error): void {
    this.#settle?.reject(error)
    this.#settle = undefined
  }
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return new Connection(socket)
}

function contentLength(received: Buffer, headEnd: number): number {
  const found = CONTENT_LENGTH.exec(received.toString('latin1', 0, headEnd))
  if (found === null)
    throw new Error(`an answer without Content-Length: ${received.toString('latin1', 0, headEnd)}`)
  return Number(found[1])
}
