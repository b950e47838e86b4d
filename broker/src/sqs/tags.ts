/** How many tags there may be in a request and what they may look like. Their meaning is the core's. */

import { TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX } from '../queue/limits.ts'
import type { TextMap } from './api.ts'
import { echo, invalidParameterValue } from './errors.ts'
import { isLegalText, isLonger } from './text.ts'

export function validateTags(queue: string, tags: TextMap): void {
  const keys = Object.keys(tags)
  if (keys.length > TAGS_MAX) throw invalidParameterValue(`Too many tags added for queue ${echo(queue)}.`)
  for (const key of keys) {
    validateTagKey(key)
    const value = tags[key]!
    if (isLonger(value, TAG_VALUE_CHARS_MAX) || !isLegalText(value)) {
      throw invalidParameterValue(
        `The value of tag '${key}' is invalid. Tag values must be at most ${TAG_VALUE_CHARS_MAX} legal characters.`,
      )
    }
  }
}

export function validateTagKey(key: string): void {
  if (key !== '' && !isLonger(key, TAG_KEY_CHARS_MAX) && isLegalText(key)) return
  throw invalidParameterValue(
    `Tag key '${echo(key)}' is invalid. Tag keys must be between 1 and ${TAG_KEY_CHARS_MAX} legal characters in length.`,
  )
}
