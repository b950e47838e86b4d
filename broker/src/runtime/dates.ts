/** Instants as text. They come in as numbers, so nothing here reads a clock. */

/** As HTTP's Date header wants it: `Sun, 22 Nov 2026 13:00:00 GMT`. */
export function httpDate(at: number): string {
  return new Date(at).toUTCString()
}
