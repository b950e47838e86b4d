/**
 * The memory of a Node process that is really in use: its garbage is collected first, through its inspector (it was
 * started with `--inspect`). Resident memory alone cannot tell garbage that nobody has needed to collect from a leak.
 */

export interface LiveBytes {
  /** Objects. */
  readonly heap: number
  /** Buffers and typed arrays outside of the heap. */
  readonly outside: number
}

interface Usage {
  readonly usedSize: number
  readonly backingStorageSize: number
}

export class LiveMemory {
  readonly #socket: WebSocket
  readonly #waiting = new Map<number, (result: unknown) => void>()
  #next = 1

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id: number; result: unknown }
      this.#waiting.get(id)?.(result)
      this.#waiting.delete(id)
    })
  }

  /** `url`: as the process prints it, "Debugger listening on ws://…". */
  static async open(url: string): Promise<LiveMemory> {
    const socket = new WebSocket(url)
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve)
      socket.addEventListener('error', reject)
    })
    return new LiveMemory(socket)
  }

  async measure(): Promise<LiveBytes> {
    await this.#ask('HeapProfiler.collectGarbage')
    const usage = (await this.#ask('Runtime.getHeapUsage')) as Usage
    return { heap: usage.usedSize, outside: usage.backingStorageSize }
  }

  close(): void {
    this.#socket.close()
  }

  #ask(method: string): Promise<unknown> {
    const id = this.#next++
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve)
      this.#socket.send(JSON.stringify({ id, method }))
    })
  }
}
