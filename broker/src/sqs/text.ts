/** The characters that SQS allows in bodies and in attribute values, and the rules for its many small names. */

import {
  BATCH_ENTRY_ID_CHARS_MAX,
  GROUP_ID_CHARS_MAX,
  LABEL_CHARS_MAX,
  QUEUE_NAME_CHARS_MAX,
} from '../queue/limits.ts'

/** As code units: U+FFFE, U+FFFF and all control characters but three. Surrogates are judged in pairs. */
const FORBIDDEN = /[^\t\n\r -\ufffd]/

/** Only `#x9 #xA #xD #x20–#xD7FF #xE000–#xFFFD #x10000–#x10FFFF`, by code point: emoji pass, lone surrogates do not. */
export function isLegalText(text: string): boolean {
  return !FORBIDDEN.test(text) && text.isWellFormed()
}

/** The first forbidden character as SQS writes it, such as `#x1`. */
export function forbiddenCharacter(text: string): string {
  const found = FORBIDDEN.exec(text)?.[0] ?? LONE_SURROGATE.exec(text)?.[0] ?? ''
  return `#x${found.charCodeAt(0).toString(16).toUpperCase()}`
}

const LONE_SURROGATE = /\p{Surrogate}/u

/** Of MessageGroupId, MessageDeduplicationId, ReceiveRequestAttemptId: ASCII letters, digits and punctuation. */
const ID = new RegExp(`^[!-~]{1,${GROUP_ID_CHARS_MAX}}$`)
const ENTRY_ID = new RegExp(`^[A-Za-z0-9_-]{1,${BATCH_ENTRY_ID_CHARS_MAX}}$`)
const LABEL = new RegExp(`^[A-Za-z0-9_-]{1,${LABEL_CHARS_MAX}}$`)
const STANDARD_NAME = new RegExp(`^[A-Za-z0-9_-]{1,${QUEUE_NAME_CHARS_MAX}}$`)
const FIFO_SUFFIX = '.fifo'
const FIFO_NAME = new RegExp(`^[A-Za-z0-9_-]{1,${QUEUE_NAME_CHARS_MAX - FIFO_SUFFIX.length}}\\.fifo$`)

export function isId(text: string): boolean {
  return ID.test(text)
}

export function isEntryId(text: string): boolean {
  return ENTRY_ID.test(text)
}

export function isLabel(text: string): boolean {
  return LABEL.test(text)
}

export function isStandardName(name: string): boolean {
  return STANDARD_NAME.test(name)
}

export function isFifoName(name: string): boolean {
  return FIFO_NAME.test(name)
}

/** Whether a queue's name says that it is FIFO, well formed or not. */
export function endsFifo(name: string): boolean {
  return name.endsWith(FIFO_SUFFIX)
}

/** Length in Unicode code points, as SQS counts names and values; at most `max` wanted. */
export function isLonger(text: string, max: number): boolean {
  if (text.length <= max) return false
  if (text.length > 2 * max) return true
  return [...text].length > max
}
