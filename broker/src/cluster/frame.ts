/**
 * How brokers speak to each other: frames over one connection, of which many are under way at once. Numbers are
 * big-endian.
 *
 *     0        4      5    9      13
 *     │ length │ kind │ id │ text │ text: JSON … │ contents, one after the other … │
 *
 * `length` counts from `kind` on, `text` is the JSON's length in bytes. Bodies of messages are not in the JSON but
 * behind it: there stands how long each is. An answer has its request's id.
 */

export const FRAME_KINDS = {
  /** The server's challenge, the client's proof with a challenge of its own, the server's proof. */
  hello: 1,
  proof: 2,
  welcome: 3,
  request: 4,
  answer: 5,
  failure: 6,
  /** Whoever asked does not wait any more; the answer comes all the same. */
  cancel: 7,
  /** Is anybody there? */
  ping: 8,
  pong: 9,
} as const

export type FrameKind = keyof typeof FRAME_KINDS

/** Ten messages of a megabyte, and what goes around them. */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024
/** Before the other side has shown that it knows the secret. */
export const GREETING_BYTES_MAX = 1024

const NAMES: readonly (FrameKind | undefined)[] = [
  undefined,
  'hello',
  'proof',
  'welcome',
  'request',
  'answer',
  'failure',
  'cancel',
  'ping',
  'pong',
]
const LENGTH_BYTES = 4
const HEAD_BYTES = 13

export interface Frame {
  readonly kind: FrameKind
  readonly id: number
  readonly json: unknown
  /** What lies behind the JSON. */
  readonly contents: Buffer
}

export function encodeFrame(
  kind: FrameKind,
  id: number,
  json: unknown,
  contents: readonly Uint8Array[] = [],
): Buffer {
  const text = JSON.stringify(json)
  const textBytes = Buffer.byteLength(text)
  const bytes = contents.reduce((sum, { length }) => sum + length, HEAD_BYTES + textBytes)
  const frame = Buffer.allocUnsafe(bytes)
  frame.writeUInt32BE(bytes - LENGTH_BYTES, 0)
  frame[LENGTH_BYTES] = FRAME_KINDS[kind]
  frame.writeUInt32BE(id, 5)
  frame.writeUInt32BE(textBytes, 9)
  let at = HEAD_BYTES + frame.write(text, HEAD_BYTES)
  for (const content of contents) {
    frame.set(content, at)
    at += content.length
  }
  return frame
}

/** Takes frames out of a stream of bytes, however it is cut. */
export class FrameReader {
  #chunks: Buffer[] = []
  #bytes = 0
  bytesMax: number

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
  }

  /** The frames that are whole now. Throws where this cannot be our protocol. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Frame[] = []
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame)
    return frames
  }

  #next(): Frame | undefined {
    if (this.#bytes < HEAD_BYTES) return undefined
    if (this.#chunks[0]!.length < LENGTH_BYTES) this.#join()
    const length = this.#chunks[0]!.readUInt32BE(0)
    if (length > this.bytesMax || length < HEAD_BYTES - LENGTH_BYTES) {
      throw new Error(`a frame of ${length} bytes`)
    }
    const whole = LENGTH_BYTES + length
    if (this.#bytes < whole) return undefined
    this.#join()
    const bytes = this.#chunks[0]!
    this.#bytes -= whole
    this.#chunks = this.#bytes === 0 ? [] : [bytes.subarray(whole)]
    return decode(bytes.subarray(0, whole))
  }

  /** Chunks are put together when a frame is whole, and not before: else a long one would be copied for each. */
  #join(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks)]
  }
}

function decode(frame: Buffer): Frame {
  const kind = NAMES[frame[LENGTH_BYTES]!]
  const text = frame.readUInt32BE(9)
  if (kind === undefined || HEAD_BYTES + text > frame.length) throw new Error('a frame of no known kind')
  const json: unknown = JSON.parse(frame.toString('utf8', HEAD_BYTES, HEAD_BYTES + text))
  return { kind, id: frame.readUInt32BE(5), json, contents: frame.subarray(HEAD_BYTES + text) }
}
