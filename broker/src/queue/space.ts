/**
 * How many bytes of each log segment are still needed. When a segment's count is zero it can be trimmed as soon
 * as it is the oldest; when the whole log is much larger than what is needed, its oldest live records move.
 */

export class Space {
  readonly #starts: number[] = []
  readonly #live: number[] = []
  #total = 0

  /** Bytes of all records that are still needed. */
  get liveBytes(): number {
    return this.#total
  }

  /** A segment begins at this position. They are told in order. */
  begin(start: number): void {
    this.#starts.push(start)
    this.#live.push(0)
  }

  /** The segments that began before `before` are gone. */
  trimmed(before: number): void {
    while (this.#starts.length > 0 && this.#starts[0]! < before) {
      this.#starts.shift()
      this.#total -= this.#live.shift()!
    }
  }

  /** Live bytes of the segment that begins at `start`. */
  liveIn(start: number): number {
    return this.#live[this.#segmentOf(start)] ?? 0
  }

  add(position: number, length: number): void {
    this.#count(position, length)
  }

  remove(position: number, length: number): void {
    this.#count(position, -length)
  }

  #count(position: number, bytes: number): void {
    const segment = this.#segmentOf(position)
    if (segment < 0) return
    this.#live[segment]! += bytes
    this.#total += bytes
  }

  /** The newest segment that begins at or before `position`; -1 when that one was trimmed already. */
  #segmentOf(position: number): number {
    let low = 0
    let high = this.#starts.length
    if (high > 0 && this.#starts[high - 1]! <= position) return high - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#starts[middle]! <= position) low = middle + 1
      else high = middle
    }
    return low - 1
  }
}
