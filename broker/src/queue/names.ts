/** Names that messages refer to by a small number, kept as long as a message does: their dead-letter sources. */

export class Names {
  readonly #entries: ({ readonly name: string; count: number } | undefined)[] = [undefined]
  readonly #ids = new Map<string, number>()
  readonly #free: number[] = []

  /** The number of a name, counted once more; 0 for no name. */
  take(name: string | undefined): number {
    if (name === undefined) return 0
    const known = this.#ids.get(name)
    if (known !== undefined) {
      this.#entries[known]!.count += 1
      return known
    }
    const id = this.#free.pop() ?? this.#entries.length
    this.#entries[id] = { name, count: 1 }
    this.#ids.set(name, id)
    return id
  }

  get(id: number): string | undefined {
    return this.#entries[id]?.name
  }

  release(id: number): void {
    const entry = this.#entries[id]
    if (entry === undefined) return
    entry.count -= 1
    if (entry.count > 0) return
    this.#entries[id] = undefined
    this.#ids.delete(entry.name)
    this.#free.push(id)
  }
}
