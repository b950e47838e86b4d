/**
 * All the chance there is in a run, drawn from a seed. Each part of the simulation has dice of its own, so that what
 * one part draws does not change the luck of another.
 */

import type { Random } from '../broker/src/runtime/random.ts'

export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  /** Dice of their own for one part. */
  fork(part: string): Dice {
    let mixed = this.#state ^ 0x9e37_79b9
    for (const char of part) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x0100_0193)
    return new Dice(mixed)
  }

  /** At least 0, below 1. Mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.next() * items.length)]!
  }

  /** One of the names, each as likely as its weight says. */
  weighted<Name extends string>(weights: Readonly<Record<Name, number>>): Name {
    const entries = Object.entries<number>(weights)
    let left = this.next() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name as Name
    }
    return entries.at(-1)![0] as Name
  }

  /**
   * The weights of one run: each far more or far less than usual, so that runs differ in what they are about, and
   * what seldom meets by chance meets in some.
   */
  swarm<Name extends string>(weights: Readonly<Record<Name, number>>): Readonly<Record<Name, number>> {
    const drawn = Object.entries<number>(weights).map(([name, weight]) => [
      name,
      weight * this.pick([0.2, 1, 1, 5]),
    ])
    return Object.fromEntries(drawn) as Readonly<Record<Name, number>>
  }

  /** Chance as the broker asks for it. */
  random(): Random {
    const bytes = (count: number): Uint8Array =>
      Uint8Array.from({ length: count }, () => this.between(0, 255))
    return {
      bytes,
      uuid: () => {
        const hex = Buffer.from(bytes(16)).toString('hex')
        return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
      },
    }
  }
}
