/** A client that writes bytes and waits for bytes, for requests that no HTTP library would send. */

import { connect, type Socket } from 'node:net'

export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

export class RawClient implements AsyncDisposable {
  readonly socket: Socket
  /** All bytes received and not yet taken, one character a byte. */
  received = ''
  ended = false
  #changed: (() => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
      this.#wake()
    })
    socket.on('end', () => this.#end())
    socket.on('close', () => this.#end())
    socket.on('error', () => {})
  }

  static async open(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new RawClient(socket)
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  /** Resolves when the bytes are in the kernel's hands. */
  async sent(bytes: string): Promise<void> {
    await new Promise((resolve) => this.socket.write(Buffer.from(bytes, 'latin1'), resolve))
  }

  /** The next final answer, or undefined when the server closed the connection instead. */
  async answer(headOnly = false): Promise<RawAnswer | undefined> {
    for (;;) {
      const answer = this.#take(headOnly)
      if (answer !== undefined) return answer
      if (this.ended) return undefined
      await this.change()
    }
  }

  /** Resolves when something arrived or the server closed. */
  change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve))
  }

  async closed(): Promise<void> {
    while (!this.ended) await this.change()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy()
  }

  #take(headOnly: boolean): RawAnswer | undefined {
    const headEnd = this.received.indexOf('\r\n\r\n')
    if (headEnd < 0) return undefined
    const head = this.received.slice(0, headEnd)
    const status = Number(head.slice(9, 12))
    const length = headOnly || status < 200 ? 0 : Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0)
    const end = headEnd + 4 + length
    if (this.received.length < end) return undefined
    const body = this.received.slice(headEnd + 4, end)
    this.received = this.received.slice(end)
    return status === 100 ? this.#take(headOnly) : { status, head, body }
  }

  #end(): void {
    this.ended = true
    this.#wake()
  }

  #wake(): void {
    for (const changed of this.#changed.splice(0)) changed()
  }
}
