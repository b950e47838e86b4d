/** What the fuzzing thread and the one that watches it share: the input that runs right now, and that it is new. */

const HEAD_BYTES = 8

export interface Orders {
  readonly target: string
  readonly seconds: number
  readonly seed: number
  readonly shared: SharedArrayBuffer
}

export class Watched {
  static readonly bytes = HEAD_BYTES + 64 * 1024
  /** Runs so far, and the length of the present input. */
  readonly #head: Int32Array
  readonly #input: Uint8Array

  constructor(shared: SharedArrayBuffer) {
    this.#head = new Int32Array(shared, 0, 2)
    this.#input = new Uint8Array(shared, HEAD_BYTES)
  }

  get runs(): number {
    return Atomics.load(this.#head, 0)
  }

  get input(): Uint8Array {
    return this.#input.slice(0, Atomics.load(this.#head, 1))
  }

  show(input: Uint8Array): void {
    const bytes = input.subarray(0, this.#input.length)
    this.#input.set(bytes)
    Atomics.store(this.#head, 1, bytes.length)
    Atomics.add(this.#head, 0, 1)
  }
}
