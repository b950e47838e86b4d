/**
 * The blob that the core keeps for a message and never looks into: what SQS returns of it that its sender gave.
 *
 *     +---------+-------+------------------+-------+-----------+
 *     | version | flags | MD5 of body (16) | n (1) | sender, n |
 *     +---------+-------+------------------+-------+-----------+
 *     TRACE:       | n (2) | trace header, n |
 *     ATTRIBUTES:  | n (4) | MD5 of all (16) | attributes, n (attribute-layout.ts) |
 *     then the body to the end, UTF-8; with ASCII, one byte a character
 *
 * Decoding is lazy: a receive that asks for no attributes touches none.
 */

export interface Content {
  readonly body: string
  readonly bodyMd5: string
  readonly senderId: string
  readonly traceHeader: string | undefined
  /** In the layout of attribute-layout.ts; undefined where there are none. */
  readonly attributes: Buffer | undefined
  /** Undefined where there are none. */
  readonly attributesMd5: string | undefined
}

const VERSION = 1
const ASCII = 1
const TRACE = 2
const ATTRIBUTES = 4

const MD5_AT = 2
const MD5_BYTES = 16
const SENDER_AT = MD5_AT + MD5_BYTES
export const SENDER_BYTES_MAX = 255
export const TRACE_BYTES_MAX = 65_535

/** `bodyBytes`: the body's length in UTF-8, which the caller has computed already. */
export function encodeContent(content: Content, bodyBytes: number): Buffer {
  const { body, traceHeader, attributes } = content
  const traceBytes = traceHeader === undefined ? 0 : 2 + Buffer.byteLength(traceHeader)
  const attributesBytes = attributes === undefined ? 0 : 4 + MD5_BYTES + attributes.length
  const senderBytes = Buffer.byteLength(content.senderId)
  const headBytes = SENDER_AT + 1 + senderBytes + traceBytes + attributesBytes
  const buffer = Buffer.allocUnsafe(headBytes + bodyBytes)
  const ascii = bodyBytes === body.length
  buffer[0] = VERSION
  buffer[1] =
    (ascii ? ASCII : 0) | (traceBytes === 0 ? 0 : TRACE) | (attributes === undefined ? 0 : ATTRIBUTES)
  buffer.write(content.bodyMd5, MD5_AT, 'hex')
  buffer[SENDER_AT] = senderBytes
  let at = SENDER_AT + 1
  at += buffer.write(content.senderId, at)
  if (traceHeader !== undefined) at = writeTrace(buffer, at, traceHeader)
  if (attributes !== undefined) at = writeAttributes(buffer, at, attributes, content.attributesMd5!)
  buffer.write(body, at, ascii ? 'latin1' : 'utf8')
  return buffer
}

function writeTrace(buffer: Buffer, at: number, trace: string): number {
  const length = buffer.write(trace, at + 2)
  return buffer.writeUInt16BE(length, at) + length
}

function writeAttributes(buffer: Buffer, start: number, attributes: Buffer, md5: string): number {
  let at = buffer.writeUInt32BE(attributes.length, start)
  at += buffer.write(md5, at, 'hex')
  buffer.set(attributes, at)
  return at + attributes.length
}

/** A view of an encoded content: nothing is decoded before it is asked for. Keeps `bytes`. */
export class StoredContent implements Content {
  readonly #bytes: Buffer
  readonly #flags: number
  /** Where the sender ends. */
  readonly #senderEnd: number

  constructor(bytes: Uint8Array) {
    if (bytes[0] !== VERSION) throw new Error(`message content of unknown version ${bytes[0]}`)
    this.#bytes = asBuffer(bytes)
    this.#flags = bytes[1]!
    this.#senderEnd = SENDER_AT + 1 + bytes[SENDER_AT]!
  }

  get body(): string {
    const encoding = this.#flags & ASCII ? 'latin1' : 'utf8'
    return this.#bytes.toString(encoding, this.#attributesEnd)
  }

  get bodyMd5(): string {
    return this.#bytes.toString('hex', MD5_AT, SENDER_AT)
  }

  get senderId(): string {
    return this.#bytes.toString('utf8', SENDER_AT + 1, this.#senderEnd)
  }

  get traceHeader(): string | undefined {
    if (!(this.#flags & TRACE)) return undefined
    return this.#bytes.toString('utf8', this.#senderEnd + 2, this.#traceEnd)
  }

  get attributes(): Buffer | undefined {
    if (!(this.#flags & ATTRIBUTES)) return undefined
    return this.#bytes.subarray(this.#traceEnd + 4 + MD5_BYTES, this.#attributesEnd)
  }

  get attributesMd5(): string | undefined {
    if (!(this.#flags & ATTRIBUTES)) return undefined
    return this.#bytes.toString('hex', this.#traceEnd + 4, this.#traceEnd + 4 + MD5_BYTES)
  }

  get #traceEnd(): number {
    if (!(this.#flags & TRACE)) return this.#senderEnd
    return this.#senderEnd + 2 + this.#bytes.readUInt16BE(this.#senderEnd)
  }

  get #attributesEnd(): number {
    const start = this.#traceEnd
    if (!(this.#flags & ATTRIBUTES)) return start
    return start + 4 + MD5_BYTES + this.#bytes.readUInt32BE(start)
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
