/** What is said about several rounds: the median, and the spread from the lowest to the highest. */

export interface Summary {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    median: percentile(sorted, 0.5),
    lowest: sorted[0] ?? Number.NaN,
    highest: sorted.at(-1) ?? Number.NaN,
  }
}

export function median(values: readonly number[]): number {
  return summary(values).median
}

/** Of values in ascending order; `share` is 0.5 for the median, 0.99 for what one in a hundred exceeds. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
