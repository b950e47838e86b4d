/**
 * Lengths of time as people write them: `250ms`, `31s`, `5m`, `1h30m`, `2d`. A bare number is milliseconds.
 * The units stand from the largest to the smallest, each at most once.
 */

const UNITS_MS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
}

const SHAPE = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/

/** In milliseconds, a whole number; undefined for what is no length of time. */
export function durationMs(text: string | number): number | undefined {
  if (typeof text === 'number') return isLength(text) ? text : undefined
  if (text === '') return undefined
  if (/^\d+$/.test(text)) return durationMs(Number(text))
  const parts = SHAPE.exec(text)
  if (parts === null) return undefined
  const units = Object.values(UNITS_MS)
  const total = units.reduce((sum, unitMs, i) => sum + Number(parts[i + 1] ?? 0) * unitMs, 0)
  return isLength(total) ? total : undefined
}

function isLength(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= 0
}
