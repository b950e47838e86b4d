/**
 * How many bytes of request bodies and unsent answers all connections of a server hold together. Whoever wants
 * to hold more asks first, and gives it back once.
 */

export class MemoryBudget {
  readonly #bytesMax: number
  #bytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What could not be refused has used it up: nothing further should be begun. */
  get exhausted(): boolean {
    return this.#bytes >= this.#bytesMax
  }

  /** False: there is no room for that many, and none were taken. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false
    this.#bytes += bytes
    return true
  }

  /** For what exists already and cannot be refused: it keeps others from starting. */
  force(bytes: number): void {
    this.#bytes += bytes
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}
