/** A map whose entries are forgotten a fixed time after they were made: deduplication and attempt memory. */

export class ExpiringMap<Value> {
  readonly #lifeMs: number
  readonly #entries = new Map<string, { readonly value: Value; readonly at: number }>()
  /** Keys in the order they were made; an index instead of shifting, packed when half is spent. */
  #order: { readonly key: string; readonly at: number }[] = []
  #first = 0

  constructor(lifeMs: number) {
    this.#lifeMs = lifeMs
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many are held, the expired ones forgotten. */
  sizeAt(now: number): number {
    this.#forget(now)
    return this.#entries.size
  }

  get(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key)
    return entry === undefined || entry.at + this.#lifeMs <= now ? undefined : entry.value
  }

  set(key: string, value: Value, at: number): void {
    this.#forget(at)
    this.#entries.set(key, { value, at })
    this.#order.push({ key, at })
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
    this.#order = []
    this.#first = 0
  }

  /** Every entry that still holds, in the order made. */
  *entries(now: number): Iterable<readonly [string, Value, number]> {
    for (const [key, { value, at }] of this.#entries) {
      if (at + this.#lifeMs > now) yield [key, value, at]
    }
  }

  #forget(now: number): void {
    while (this.#first < this.#order.length && this.#order[this.#first]!.at + this.#lifeMs <= now) {
      const { key, at } = this.#order[this.#first]!
      if (this.#entries.get(key)?.at === at) this.#entries.delete(key)
      this.#first += 1
    }
    if (this.#first < 64 || this.#first * 2 < this.#order.length) return
    this.#order = this.#order.slice(this.#first)
    this.#first = 0
  }
}
