/** Binary values on the wire. Node's decoder skips what it does not know; a client's typing error must not vanish. */

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return undefined
  return Buffer.from(text, 'base64')
}

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
