/** Which of some names somebody may have meant. */

/** The closest one, if it is two mistakes away, or a third of its length. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const ranked = names.map((name) => ({ name, mistakes: distance(word.toLowerCase(), name.toLowerCase()) }))
  const best = ranked.sort((a, b) => a.mistakes - b.mistakes)[0]
  return best !== undefined && best.mistakes <= Math.max(2, best.name.length / 3) ? best.name : undefined
}

/** Letters to add, drop or change to make one word of the other (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(changed, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[b.length]!
}
