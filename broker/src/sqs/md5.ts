/** The MD5s that SQS answers with and that SDKs check; always in hex. */

import { hash } from 'node:crypto'
import type { MessageAttributes } from './api.ts'
import { encodeAttributes } from './attribute-layout.ts'

/** Of a body: text is hashed as UTF-8. */
export function md5(data: string | Uint8Array): string {
  return hash('md5', data)
}

/** Of message attributes, or of system attributes. They must have been validated. */
export function attributesMd5(attributes: MessageAttributes): string {
  return md5(encodeAttributes(attributes))
}
