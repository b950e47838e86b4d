/**
 * Which bytes may stand where in an HTTP/1.1 head (RFC 9110 and 9112), as tables of 256 flags, and comparing
 * bytes with names. Everything not listed is refused: no bare CR or LF, no NUL, no other control character.
 */

const TAB = 0x09
export const LF = 0x0a
export const CR = 0x0d
export const SPACE = 0x20
export const SLASH = 0x2f
export const COLON = 0x3a

const ALPHANUMERIC = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Methods and field names. */
export const TOKEN = bytesOf(`${ALPHANUMERIC}!#$%&'*+-.^_\`|~`)
/** Path and query: visible ASCII. */
export const TARGET = bytesBetween(0x21, 0x7e)
/** Field values: visible ASCII, blanks, tabs, and everything from 0x80, which is opaque. */
export const VALUE = bytesBetween(SPACE, 0x7e, 0x80, 0xff, TAB, TAB)
/** Around field values. */
export const BLANK = bytesBetween(SPACE, SPACE, TAB, TAB)
/** A host with or without a port. It ends up in queue URLs, so only what a URL's authority may hold. */
export const HOST = bytesOf(`${ALPHANUMERIC}-._~!$&'()*+,;=:%[]`)

function bytesOf(characters: string): Uint8Array {
  const table = new Uint8Array(256)
  for (const character of characters) table[character.charCodeAt(0)] = 1
  return table
}

/** Pairs of first and last byte. */
function bytesBetween(...bounds: readonly number[]): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < bounds.length; i += 2) table.fill(1, bounds[i], bounds[i + 1]! + 1)
  return table
}

/** The first position from `at` on whose byte is not in `table`, or `end`. */
export function skip(table: Uint8Array, bytes: Uint8Array, at: number, end: number): number {
  while (at < end && table[bytes[at]!] === 1) at++
  return at
}

/** Whether `bytes` read `name` at `at`, in any case. `name` is in lower case and within the bytes. */
export function reads(name: string, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[at + i]!
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
    if (lower !== name.charCodeAt(i)) return false
  }
  return true
}

/** The end of a field's value without the blanks behind it. */
export function trimEnd(bytes: Uint8Array, from: number, to: number): number {
  while (to > from && BLANK[bytes[to - 1]!] === 1) to--
  return to
}

/** A field's value without the blanks around it. Bytes from 0x80 become the character of the same number. */
export function textOf(bytes: Buffer, from: number, to: number): string {
  const at = skip(BLANK, bytes, from, to)
  return bytes.toString('latin1', at, trimEnd(bytes, at, to))
}
