/** The one rule for values of queue attributes that needs no queue: they are legal text. The core has the others. */

import type { TextMap } from './api.ts'
import { invalidAttributeValue } from './errors.ts'
import { isLegalText } from './text.ts'

export function validateAttributeValues(attributes: TextMap): void {
  const wrong = Object.keys(attributes).find((name) => !isLegalText(attributes[name]!))
  if (wrong === undefined) return
  throw invalidAttributeValue(wrong, 'It contains characters that are not allowed.')
}
