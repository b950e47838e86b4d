/** Instants as text. They come in as numbers, so nothing here reads a clock. */

/** As HTTP's Date header wants it: `Sun, 22 Nov 2026 13:00:00 GMT`. */
export function httpDate(at: number): string {
  return new Date(at).toUTCString()
}

/** As ISO 8601 has it, to the millisecond: `2026-11-22T13:00:00.000Z`. */
export function isoDate(at: number): string {
  return new Date(at).toISOString()
}
